"""The recipes for CI are whole: their YAML is read, and the shell in them runs.

PyYAML is there wherever batchgraph is: dask and distributed require it.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from batchgraph.cli import app

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((TOP / "action.yml").read_text(encoding="utf-8"))
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}


def recipe(title):
    """Give the indented block of a recipe in the README."""
    section = README[README.index(f"**{title}") :]
    return textwrap.dedent(re.search(r"\n\n((?:    .*\n|\n)+)", section)[1])


def run_in(folder, command, **environment):
    programs = Path(sys.executable).parent
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pcaps").mkdir()
    shutil.copy(TOP / "sample_pcaps" / "raw-ip.pcap", tmp_path / "pcaps" / "a b.pcap")
    return tmp_path


def step(name):
    return next(step for step in ACTION["runs"]["steps"] if step.get("name") == name)


def test_action__is_composite_and_every_script_names_its_shell():
    assert ACTION["runs"]["using"] == "composite"
    assert all("uses" in step or step["shell"] == "bash" for step in ACTION["runs"]["steps"])


def test_action__puts_no_input_into_a_script():
    assert [step["run"] for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("options", ["", "--format\nsvg\n\n--workers\n0\n"])
def test_action__runs_over_captures(folder, options):
    out = str(folder / "out")
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("Run batchgraph")["run"]]
    ran = run_in(folder, script, CAPTURES="pcaps/a b.pcap\n", OPTIONS=options, OUT=out)

    assert ran.returncode == 0, ran.stderr
    assert (folder / "out" / "run.json").exists()
    assert (folder / "out.junit.xml").exists()
    assert (folder / "out" / "maps" / "combined.png").exists() is (options == "")


def test_action__fails_where_a_capture_is_damaged(folder):
    (folder / "pcaps" / "cut.pcap").write_bytes((TOP / "sample_pcaps" / "raw-ip.pcap").read_bytes()[:-3])
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("Run batchgraph")["run"]]
    ran = run_in(folder, script, CAPTURES="pcaps\n", OPTIONS="--format\nsvg\n--workers\n0", OUT="out")

    assert ran.returncode == 3
    assert ran.stdout.startswith("::error file=cut.pcap::")


def run_hook(folder, name, *arguments):
    return run_in(folder, [*shlex.split(HOOKS[name]["entry"]), *arguments], TMPDIR=str(folder))


def test_hook_of_captures__passes_whole_ones_and_leaves_nothing(folder):
    ran = run_hook(folder, "batchgraph-captures", "pcaps/a b.pcap")

    assert ran.returncode == 0, ran.stderr
    assert [path.name for path in folder.iterdir() if path.name.startswith("tmp.")] == []


def test_hook_of_captures__fails_on_a_damaged_one(folder):
    (folder / "cut.pcap").write_bytes((folder / "pcaps" / "a b.pcap").read_bytes()[:-3])

    assert run_hook(folder, "batchgraph-captures", "pcaps/a b.pcap", "cut.pcap").returncode == 3


@pytest.mark.parametrize(("name", "wanted"), [("a.pcap", True), ("b.pcapng.gz", True), ("notes.txt", False)])
def test_hook_of_captures__is_for_files_of_captures(name, wanted):
    assert bool(re.search(HOOKS["batchgraph-captures"]["files"], name)) is wanted


def test_hook_of_results__fails_where_there_are_none(folder):
    assert run_hook(folder, "batchgraph-results", "nowhere").returncode == 2


def test_recipe_of_github__uses_inputs_that_the_action_has():
    steps = yaml.safe_load(recipe("GitHub Actions"))["jobs"]["captures"]["steps"]
    (used,) = [step for step in steps if step.get("uses", "").startswith("OWNER/batchgraph@")]

    assert set(used["with"]) <= set(ACTION["inputs"])


def test_recipe_of_pre_commit__uses_hooks_that_there_are():
    (repository,) = yaml.safe_load(recipe("pre-commit"))["repos"]

    assert {hook["id"] for hook in repository["hooks"]} <= set(HOOKS)


def lines_of_recipes():
    jobs = yaml.safe_load(recipe("GitHub Actions"))["jobs"]
    lines = [step["run"] for step in jobs["captures"]["steps"] if "run" in step]
    lines += yaml.safe_load(recipe("GitLab CI"))["captures"]["script"]
    lines += re.findall(r"batchgraph batchgraph (run [^`]+)`", README)
    return [line.removeprefix("batchgraph ") for line in lines]


@pytest.mark.parametrize("line", lines_of_recipes())
def test_recipe__has_command_lines_that_are_taken(line):
    group = get_command(app)
    name, *arguments = shlex.split(line)

    assert group.commands[name].make_context(name, arguments, parent=group.context_class(group)).params


def test_recipe_of_a_container__copies_what_it_installs_and_warms_up():
    words = [line.split(" ", 1)[0] for line in recipe("A container").strip().splitlines()]

    assert words == ["FROM", "COPY", "RUN", "RUN", "WORKDIR", "CMD"]
    assert "batchgraph warm-up" in recipe("A container")
