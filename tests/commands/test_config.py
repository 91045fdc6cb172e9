import json
import shutil
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import batchgraph
from batchgraph import ExtractOptions, MergeOptions, ReportOptions
from batchgraph.cli import app

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLES / "raw-ip.pcap", tmp_path)
    return tmp_path


@pytest.fixture
def calls(monkeypatch):
    """What the stages would be called with."""
    told = []
    for name in ("run", "extract", "merge", "report"):
        monkeypatch.setattr(
            batchgraph, name, lambda *_, **options: told.append(options) or {"inputs": []}, raising=False
        )
    return told


def batchgraph_(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def with_config(text, *arguments, name="analysis.toml"):
    Path(name).write_text(text)
    return batchgraph_(*arguments, "--config", name)


def error_of(text, *arguments):
    """Give what is said of a file that cannot be used; nothing is written."""
    result = with_config(text, *(arguments or ("run", "raw-ip.pcap")))

    assert result.exit_code == 2
    assert sorted(path.name for path in Path().iterdir()) == ["analysis.toml", "raw-ip.pcap"]
    first, last = result.stderr.splitlines()
    assert last == "batchgraph: stopped exit=2"
    return first.removeprefix("batchgraph: analysis.toml")


ALL = """
decoder = "scapy"
tunnels = "outer"
max-expanded = 1000
by = "pair"
trust = ["sound", "suspect"]
format = "pdf"
before-after = true
layout = "spring"
top = 3
workers = 0
quiet = true
"""


def test_config__gives_every_option_of_run(folder, calls):
    with_config(ALL, "run", "raw-ip.pcap")

    assert [calls[0][name] for name in ("extract_options", "merge_options", "report_options")] == [
        ExtractOptions("scapy", "outer", 1000),
        MergeOptions("pair", ("sound", "suspect")),
        ReportOptions(("pdf",), True, "spring", 3),
    ]


@pytest.mark.parametrize("command", ["extract", "merge", "report"])
def test_config__of_a_whole_analysis_serves_each_stage(folder, calls, command):
    result = with_config(ALL, command, *(["raw-ip.pcap"] if command == "extract" else []))

    assert result.exit_code == 0
    assert (
        calls[0]["options"]
        == {
            "extract": ExtractOptions("scapy", "outer", 1000),
            "merge": MergeOptions("pair", ("sound", "suspect")),
            "report": ReportOptions(("pdf",), True, "spring", 3),
        }[command]
    )


def test_command_line__wins(folder, calls):
    with_config(ALL, "merge", "--by", "packet")

    assert calls[0]["options"] == MergeOptions("packet", ("sound", "suspect"))


def test_table_of_a_command__wins_over_what_stands_above(folder, calls):
    with_config('by = "pair"\n[merge]\nby = "packet"\n[graph]\nby = "mac"\n', "merge", "--workers", 0)

    assert calls[0]["options"].by == "packet"


def test_table_of_another_command__is_all_that_it_takes(folder):
    batchgraph_("run", "raw-ip.pcap", "--workers", 0, "--format", "svg")
    result = with_config('by = "pair"\nformat = "svg"\n[graph]\nby = "service"\n', "graph", "results")

    assert result.exit_code == 0
    assert Path("results/views/combined/service/combined.graphml").exists()


def test_config__for_another_command_alone_needs_no_table(folder):
    batchgraph_("run", "raw-ip.pcap", "--workers", 0, "--format", "svg")
    result = with_config('by = "service"\nformat = "csv"\n', "graph", "results")

    assert result.exit_code == 0
    assert Path("results/views/combined/service/combined.edges.csv").exists()


def test_config__without_keys_changes_nothing(folder, calls):
    with_config("", "merge", "--workers", 0)

    assert calls[0]["options"] == MergeOptions()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('\nbye = "pair"', ", line 2, key bye: is no option of `batchgraph run`; did you mean by?"),
        ('timeout = "5"', ', line 1, key timeout: must be a number, not "5"'),
        ("timeout = -0.5", ", line 1, key timeout: Input should be greater than or equal to 0"),
        ("before_after = true", ", line 1, key before_after: is no option of `batchgraph run`; did you mean before-"),
        ('config = "x"', ", line 1, key config: is no option of `batchgraph run`"),
        ('by = "flwo"', ", line 1, key by: 'flwo' is not one of 'flow', 'packet', 'pair'; did you mean flow?"),
        ("by = 3", ", line 1, key by: must be a text, not 3"),
        ("top = true", ", line 1, key top: must be a whole number, not true"),
        ('top = "3"', ', line 1, key top: must be a whole number, not "3"'),
        ("top = 0", ", line 1, key top: Input should be greater than or equal to 1"),
        ('quiet = "yes"', ', line 1, key quiet: must be true or false, not "yes"'),
        ("quiet = 1", ", line 1, key quiet: must be true or false, not 1"),
        ('trust = ["sound", "sund"]', ", line 1, key trust: trust must be some of sound, repaired, suspect, not sund"),
        ("trust = [1]", ", line 1, key trust: must be a list of texts, not 1"),
        ('layout = ["stable"]', ', line 1, key layout: must be a text, not ["stable"]'),
        ('format = "gif"', ", line 1, key format: maps can be svg, png, pdf, not 'gif'"),
        ('max-bad = "few"', ", line 1, key max-bad: --max-bad is a number of inputs"),
        ('# bye\nquiet = true\n[run]\n"bye" = 1', ", line 4, key run.bye: is no option of `batchgraph run`; "),
        ("[rnu]\ntop = 1", ", line 1, key rnu: is no command; did you mean run?"),
        ("[merge]\ntop = 1", ", line 2, key merge.top: is no option of `batchgraph merge`"),
        ('[graph]\nwindow = "5 x"', ", line 2, key graph.window: '5 x' is no duration"),
        ('[graph]\nby = "subnet:99"', ", line 2, key graph.by: "),
        ('[diff]\nfail-on = "new-hsot"', ", line 2, key diff.fail-on: "),
        ('graph.window = "5 x"', ", line 1, key graph.window: '5 x' is no duration"),
        ('window = "5s"', ", line 1, key window: is no option of `batchgraph run`"),
        ("by =", ": no TOML: Invalid value (at"),
    ],
)  # fmt: skip
def test_config__that_cannot_be_used_is_refused_with_its_place(folder, text, said):
    assert error_of(text).startswith(said)


def test_config__that_is_not_there_is_refused(folder):
    result = batchgraph_("run", "raw-ip.pcap", "--config", "nowhere.toml")

    assert result.exit_code == 2
    assert result.stderr.startswith("batchgraph: nowhere.toml: cannot be read (No such file")


def test_config__that_is_no_text_is_refused(folder):
    Path("analysis.toml").write_bytes(b"\xff\xfe")

    assert batchgraph_("run", "raw-ip.pcap", "--config", "analysis.toml").exit_code == 2


def test_max_bad__may_be_a_number(folder, calls):
    assert with_config("max-bad = 5", "merge", "--workers", 0).exit_code == 0


def test_run__is_repeated_from_its_own_manifest(folder):
    options = ("--by", "pair", "--format", "svg", "--top", 5, "--trust", "sound", "--tunnels", "outer")
    batchgraph_("run", "raw-ip.pcap", "--out", "first", "--workers", 0, *options)
    result = batchgraph_("run", "raw-ip.pcap", "--out", "again", "--workers", 0, "--config", "first/run.json")

    assert result.exit_code == 0
    assert Path("again/run.json").read_bytes() == Path("first/run.json").read_bytes()


def test_manifest__tells_the_resulting_options_and_nothing_of_the_file(folder):
    with_config('format = "svg"\ntop = 5\nworkers = 0', "run", "raw-ip.pcap", "--out", "r", "--top", "6")
    text = Path("r/run.json").read_text()

    assert json.loads(text)["options"]["report"]["top"] == 6
    assert "analysis" not in text
    assert str(folder) not in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format_version": 99}, "format_version in run.json is 99"),
        ({"options": {}}, "has no options of `batchgraph merge`"),
        ({"options": {"merge": {"by": "pear"}}}, "key merge.by: 'pear' is not one of 'flow', 'packet', 'pair'"),
        ({"options": {"merge": {"colour": 1}}}, "key merge.colour: is no option that this version knows"),
        ({"options": {"merge": {"anonymized": "00"}}}, "with anonymize = KEYFILE"),
        ({"options": 3}, "no run.json that can be used"),
    ],
)  # fmt: skip
def test_manifest__that_cannot_be_used_as_options_is_refused(folder, change, said):
    manifest = {"format_version": 1, "options": {"merge": {"by": "flow"}}, "inputs": [], **change}
    result = with_config(json.dumps(manifest, indent=1), "merge", name="run.json")

    assert result.exit_code == 2
    assert said in result.stderr


def test_options_of_connections__are_taken_from_a_manifest(folder):
    batchgraph_("run", "raw-ip.pcap", "--workers", 0, "--format", "svg")
    batchgraph_("connections", "results", "--tcp-timeout", "7m")
    shutil.copy("results/run.json", "earlier.json")
    batchgraph_("connections", "results", "--config", "earlier.json")

    assert json.loads(Path("results/run.json").read_text())["options"]["connections"]["tcp_timeout"] == "7m"


def test_commands__that_have_options_take_them_from_a_file():
    commands = get_command(app).commands
    without = {name for name, command in commands.items() if "config" not in {p.name for p in command.params}}

    assert without <= {"open", "warm-up", "show", "check"}


@pytest.mark.parametrize(
    "command",
    [("run", "raw-ip.pcap"), ("extract", "raw-ip.pcap"), ("merge",), ("report",), ("graph", "results"),
     ("connections", "results"), ("features", "results"), ("verify", "results")],
    ids=lambda command: command[0],
)  # fmt: skip
def test_json__is_one_document_though_the_file_of_options_is_wrong(folder, command):
    ended = with_config("wrong = 1", *command, "--json")
    told = json.loads(ended.stdout)

    assert (ended.exit_code, told["exit_code"]) == (2, 2)
    assert "wrong" in told["error"]


@pytest.mark.parametrize("command", [("check", "results", "policy.toml"), ("diff", "results", "results")])
def test_config__that_is_wrong_ends_every_other_command(folder, command):
    ended = with_config("wrong = 1", *command)

    assert ended.exit_code == 2
    assert "line 1, key wrong" in ended.stderr


def test_check__takes_its_options_from_a_file_and_no_files_of_a_run(folder):
    batchgraph.run(["raw-ip.pcap"], Path("results"))
    batchgraph_("check", "--learn", "results", "--out", "policy.toml")
    text = 'out = "results"\njson = true\njunit = "run.xml"\n'

    assert with_config(text, "check", "results", "policy.toml").exit_code == 0
    assert not Path("run.xml").exists()
    assert with_config(f'{text}[check]\nmarkdown = "c.md"', "check", "results", "policy.toml").exit_code == 0
    assert Path("c.md").is_file()


@pytest.mark.parametrize(
    "command", [("check", "results", "p.toml"), ("diff", "results", "results"), ("verify", "results")]
)
def test_memory__that_is_too_little_is_refused_by_every_command(folder, command):
    ended = batchgraph_(*command, "--memory", "1MiB")

    assert (ended.exit_code, "is too little" in ended.stderr) == (2, True)
