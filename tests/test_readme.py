"""The README is true: its commands and programs run as they stand, in order, and its tables are what is declared.

`make` runs with --dry-run here: installing takes minutes, and ``make test`` would run this test again.
"""

import fnmatch
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from batchgraph import open_results
from batchgraph.cli import app
from tests import readme_tables

TOP = Path(__file__).parents[1]
TEXT = (TOP / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(
    r"^```(?P<language>\S+)\n(?P<code>.*?)^```\n(?:\n```text\n(?P<output>.*?)^```$)?", re.DOTALL | re.MULTILINE
)
BLOCKS = [block for block in FENCED.finditer(TEXT) if block["language"] != "text"]
REGISTERING = [block for block in BLOCKS if "batchgraph.register(" in block["code"]]
IN_ORDER = [block for block in BLOCKS if block not in REGISTERING]


@dataclass
class Ran:
    """What a block did, and which files were there afterwards."""

    process: subprocess.CompletedProcess
    files: list


def run_block(block, folder):
    programs = Path(sys.executable).parent
    environment = {**os.environ, "MAKEFLAGS": "--dry-run", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    script = folder / "block"
    script.write_text(block["code"], encoding="utf-8")
    shell = ["bash", "-eo", "pipefail"]
    command = [*({"sh": shell, "python": [sys.executable]}[block["language"]]), str(script)]
    process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Ran(process, [str(path.relative_to(folder)) for path in folder.rglob("*")])


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    """Do what the README says, from the first block to the last."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "sample_pcaps"):
        (folder / name).symlink_to(TOP / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return [run_block(block, folder) for block in IN_ORDER]


@pytest.mark.parametrize("number", range(len(IN_ORDER)))
def test_block__succeeds(number, reading):
    process = reading[number].process

    assert process.returncode == 0, f"{IN_ORDER[number]['code']}\n{process.stdout}\n{process.stderr}"


@pytest.mark.parametrize("number", [number for number, block in enumerate(IN_ORDER) if block["output"]])
def test_block__prints_the_lines_that_are_shown(number, reading):
    process = reading[number].process
    printed = iter((process.stdout + process.stderr).splitlines())
    missing = [line for line in IN_ORDER[number]["output"].splitlines() if line not in printed]

    assert missing == []


def test_results__have_every_path_of_the_tour(reading):
    tour = TEXT[TEXT.index("| path |") : TEXT.index("`<id>` is made")]
    rows = [line.split("|")[1] for line in tour.splitlines()[2:] if line.startswith("|")]
    paths = [path.replace("<id>", "*") for row in rows for path in re.findall("`([^`]+)`", row)]
    files = {file for ran in reading for file in ran.files}

    assert len(paths) >= 9
    assert [path for path in paths if not fnmatch.filter(files, f"results/{path}")] == []


def test_registered_protocol__is_decoded(tmp_path):
    # RFC 7348, section 5: VXLAN's port is 4789, 0x12b5; 8472 is 0x2118. No other octets of this capture are 12 b5.
    capture = (TOP / "sample_pcaps" / "vlan-tunnels.pcap").read_bytes().replace(b"\x12\xb5", b"\x21\x18")
    (tmp_path / "pcaps").mkdir()
    (tmp_path / "pcaps" / "vxlan.pcap").write_bytes(capture)
    (block,) = REGISTERING
    process = run_block(block, tmp_path).process

    assert process.returncode == 0, process.stderr
    tunnels = open_results(tmp_path / "results-with-vxlan").edges().to_table(["tunnel"])["tunnel"].to_pylist()
    assert tunnels.count("vxlan") == 18


def test_tables__are_what_is_declared():
    # python tests/readme_tables.py writes them anew.
    assert readme_tables.with_tables(TEXT) == TEXT


@pytest.mark.parametrize("name", readme_tables.TABLES)
def test_tables__are_all_there(name):
    assert f"<!-- generated: {name} -->\n" in TEXT


@pytest.mark.parametrize("command", ["run", "extract", "merge", "report"])
def test_options__are_all_explained(command):
    flags = re.findall(r"^  .*?(--[a-z-]+)", CliRunner().invoke(app, [command, "--help"]).stdout, re.MULTILINE)

    assert len(flags) >= 6
    assert [flag for flag in flags if f"`{flag}" not in TEXT and f" {flag} " not in TEXT and flag != "--help"] == []


def test_links__lead_to_files():
    paths = re.findall(r"\]\(((?!https?:)[^)]+)\)", TEXT)

    assert paths
    assert [path for path in paths if not (TOP / path).exists()] == []


def test_readme__every_picture_that_it_shows_is_there_and_light():
    pictures = [TOP / path for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", TEXT)]

    assert len(pictures) >= 2
    for picture in pictures:
        assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        assert picture.stat().st_size < 250_000
