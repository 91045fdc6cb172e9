import os
import subprocess
import sys

import pytest

PROGRAM = "import sys; sys.argv = ['batchgraph']; from batchgraph.cli import main; main()"


def complete(**environment):
    """Run the program as a shell does for completion."""
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def words_of_bash(line):
    """Ask for completions of a line whose last word is not finished."""
    return complete(
        _BATCHGRAPH_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(line.split(" ")) - 1)
    ).split()


@pytest.mark.parametrize(
    ("shell", "asks"),
    [("bash", "complete_bash"), ("zsh", "complete_zsh"), ("fish", "complete_fish")],
)
def test_completion__has_a_script_for_each_shell(shell, asks):
    script = complete(_BATCHGRAPH_COMPLETE=f"source_{shell}")

    assert f"_BATCHGRAPH_COMPLETE={asks}" in script


def test_completion__of_a_command():
    assert words_of_bash("batchgraph re") == ["report"]


def test_completion__of_an_option():
    assert words_of_bash("batchgraph run --dec") == ["--decoder"]


def test_completion__of_a_value():
    assert words_of_bash("batchgraph merge --by p") == ["packet", "pair"]


def test_completion__in_zsh():
    told = complete(_BATCHGRAPH_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="batchgraph re")

    assert '"report"' in told
    assert '"run"' not in told


def test_completion__in_fish():
    told = complete(
        _BATCHGRAPH_COMPLETE="complete_fish",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        _TYPER_COMPLETE_ARGS="batchgraph re",
    )

    assert told.startswith("report\t")
