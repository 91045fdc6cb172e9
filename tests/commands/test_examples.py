import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from batchgraph.cli import app
from batchgraph.commands.examples import EXAMPLES

COMMANDS = get_command(app).commands
LINES = [line for lines in EXAMPLES.values() for line in lines]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help__of_every_command_ends_with_one_to_three_examples(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = CliRunner().invoke(app, [name, "--help"]).stdout.rstrip("\n")
    title, *lines = text.rpartition("\n\n")[2].splitlines()

    assert title.strip() == ("Example:" if len(lines) == 1 else "Examples:")
    assert 1 <= len(lines) <= 3
    assert all(re.match(rf"    batchgraph {name}( |$)", line) for line in lines)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("line", LINES)
def test_example__is_one_that_the_command_line_takes(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("analysis.toml").write_text('by = "pair"\n')
    program, name, *arguments = shlex.split(line)
    # Everything is parsed and checked that can be without doing it; a wrong option or value raises.
    context = COMMANDS[name].make_context(name, arguments, parent=_parent())

    assert program == "batchgraph"
    assert context.command is COMMANDS[name]
    assert set(context.params) >= {parameter.name for parameter in COMMANDS[name].params if parameter.name != "help"}


def _parent():
    group = get_command(app)
    return group.context_class(group, info_name="batchgraph")


def test_examples__are_of_commands_that_there_are():
    assert set(EXAMPLES) <= set(COMMANDS)
