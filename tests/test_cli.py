import errno
import json
import os
import signal
import struct
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

import batchgraph.stages.merge
import batchgraph.stages.run
from batchgraph import ExtractOptions, MergeOptions, ReportOptions
from batchgraph.cli import app
from batchgraph.declared import DECLARED
from batchgraph.results import STATE

# draft-ietf-opsawg-pcap, section 4: magic number, version 2.4, reserved, snapshot length, LINKTYPE_ETHERNET
PCAP_HEADER = bytes.fromhex("a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001")
# IPv4 and UDP from 10.0.0.1:1000 to 10.0.0.2:53 with a payload of 4 octets (RFC 791, section 3.1; RFC 768)
FRAME = bytes.fromhex(
    "020000000002 020000000001 0800"
    "4500 0020 0000 0000 40 11 0000 0a000001 0a000002"
    "03e8 0035 000c 0000 01020304"
)  # fmt: skip
CAPTURE = PCAP_HEADER + struct.pack(">IIII", 1, 0, len(FRAME), len(FRAME)) + FRAME


@pytest.fixture
def captures(tmp_path):
    folder = tmp_path / "captures"
    folder.mkdir()
    (folder / "a.pcap").write_bytes(CAPTURE)
    return folder


def batchgraph_(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def last_line(result):
    return result.stderr.splitlines()[-1]


def test_no_arguments__show_help_and_count_as_wrong_usage():
    result = batchgraph_()

    assert (result.exit_code, "Usage: batchgraph" in result.output) == (2, True)


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help__succeeds(flag):
    assert batchgraph_(flag).exit_code == 0


@pytest.mark.parametrize("command", ["run", "extract", "merge", "report", "show"])
def test_help__of_a_command_fits_80_columns(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = batchgraph_(command, "--help").stdout.splitlines()

    assert lines
    assert max(map(len, lines)) <= 80


def test_version__is_one_line():
    assert batchgraph_("--version").stdout == f"batchgraph {batchgraph.__version__}\n"


@pytest.mark.parametrize("what", DECLARED)
def test_show__prints_what_is_declared(what):
    assert batchgraph_("show", what).stdout == DECLARED[what]() + "\n"


def test_run__of_a_whole_capture_ends_with_one_line_and_0(captures, tmp_path):
    result = batchgraph_("run", captures, "--out", tmp_path / "out", "--workers", 0, "--format", "svg")

    assert (result.exit_code, last_line(result)) == (0, "batchgraph: done inputs=1 ok=1 packets=1 exit=0")


def test_run__prints_a_summary(captures, tmp_path):
    result = batchgraph_("run", captures, "--out", tmp_path / "out", "--workers", 0, "--format", "svg")

    assert result.stdout.startswith("1 capture")


def test_run__quiet_says_nothing_but_the_last_line(captures, tmp_path):
    result = batchgraph_("run", captures, "--out", tmp_path / "out", "--workers", 0, "--format", "svg", "--quiet")

    assert result.output == "batchgraph: done inputs=1 ok=1 packets=1 exit=0\n"


def test_stages__one_after_the_other_do_what_run_does(captures, tmp_path):
    batchgraph_("run", captures, "--out", tmp_path / "run", "--workers", 0)
    batchgraph_("extract", captures, "--out", tmp_path / "stages", "--workers", 0)
    batchgraph_("merge", "--out", tmp_path / "stages", "--workers", 0)
    batchgraph_("report", "--out", tmp_path / "stages", "--workers", 0)

    assert files_of(tmp_path / "run")
    assert files_of(tmp_path / "run") == files_of(tmp_path / "stages")


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_extract__of_a_capture_cut_off_ends_with_3_and_tells_of_it_once(captures, tmp_path):
    (captures / "b.pcap").write_bytes(CAPTURE + CAPTURE[24:-5])

    result = batchgraph_("extract", captures, "--out", tmp_path / "out", "--workers", 0)

    assert (result.exit_code, last_line(result)) == (
        3,
        "batchgraph: done inputs=2 ok=1 partial=1 packets=2 exit=3",
    )
    assert sum(line.startswith("batchgraph: b.pcap: ") for line in result.stderr.splitlines()) == 1


def test_extract__fails_on_nothing_where_it_is_told_so(captures, tmp_path):
    (captures / "b.pcap").write_bytes(CAPTURE[:-5])

    result = batchgraph_("extract", captures, "--out", tmp_path / "out", "--workers", 0, "--fail-on", "never")

    assert result.exit_code == 0


def test_extract__of_a_folder_without_captures_ends_with_4(tmp_path):
    (tmp_path / "notes.txt").write_text("no capture")

    result = batchgraph_("extract", tmp_path, "--out", tmp_path / "out", "--workers", 0)

    assert (result.exit_code, last_line(result)) == (4, "batchgraph: stopped exit=4")


def test_extract__into_a_file_ends_with_5(captures, tmp_path):
    (tmp_path / "out").write_text("a file")

    assert batchgraph_("extract", captures, "--out", tmp_path / "out", "--workers", 0).exit_code == 5


def test_merge__of_a_folder_that_is_not_there_ends_with_2_and_one_line(tmp_path):
    result = batchgraph_("merge", "--out", tmp_path / "none", "--workers", 0)

    assert result.exit_code == 2
    assert all(line.startswith("batchgraph: ") for line in result.stderr.splitlines())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--by", "host"),
        ("--trust", "perfect"),
        ("--trust", ""),
        ("--format", "gif"),
        ("--format", "svg,gif"),
        ("--workers", "-1"),
        ("--fail-on", "always"),
        ("--top", "0"),
    ],
    ids="=".join,
)
def test_run__with_a_wrong_option_ends_with_2_and_writes_nothing(arguments, captures, tmp_path):
    result = batchgraph_("run", captures, "--out", tmp_path / "out", *arguments)

    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_run__without_inputs_ends_with_2():
    assert batchgraph_("run").exit_code == 2


def test_bug__ends_with_1_and_one_line_that_says_where_to_look(monkeypatch, tmp_path):
    monkeypatch.setattr(batchgraph, "merge", raiser(KeyError("oops\n\x1b[31m")), raising=False)

    result = batchgraph_("merge", "--out", tmp_path, "--workers", 0)

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "batchgraph: this is a bug in batchgraph: KeyError: 'oops\\n\\x1b[31m'; --debug shows where",
        "batchgraph: stopped exit=1",
    ]


def test_bug__with_debug_shows_a_traceback(monkeypatch, tmp_path):
    monkeypatch.setattr(batchgraph, "merge", raiser(KeyError("oops")), raising=False)

    result = batchgraph_("merge", "--out", tmp_path, "--workers", 0, "--debug")

    assert result.stderr.startswith("Traceback (most recent call last):\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal__ends_with_its_code_and_one_line(number, code, monkeypatch, tmp_path):
    monkeypatch.setattr(batchgraph, "merge", lambda *_, **__: os.kill(os.getpid(), number), raising=False)

    result = batchgraph_("merge", "--out", tmp_path, "--workers", 0)

    assert result.exit_code == code
    assert result.stderr == f"batchgraph: interrupted, the same command continues, exit={code}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal__is_handled_as_before_when_the_command_has_ended(number, captures, tmp_path):
    before = signal.getsignal(number)
    batchgraph_("extract", captures, "--out", tmp_path / "out", "--workers", 0)

    assert signal.getsignal(number) is before


def raiser(error):
    def fails(*arguments, **options):
        raise error

    return fails


def test_name__with_escapes_is_one_harmless_line(captures, tmp_path):
    (captures / "\x1b[2J\nbatchgraph: done\n.pcap").write_bytes(CAPTURE[:-5])

    result = batchgraph_("extract", captures, "--out", tmp_path / "out", "--workers", 0)

    assert all(line.startswith("batchgraph: ") and line.isprintable() for line in result.stderr.splitlines())
    assert last_line(result) == "batchgraph: done inputs=2 ok=1 partial=1 packets=1 exit=3"


def test_name__that_is_no_utf_8_is_an_input_like_any_other(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.pcap")).write_bytes(CAPTURE)

    result = batchgraph_("extract", folder, "--out", tmp_path / "out", "--workers", 0)

    assert last_line(result) == "batchgraph: done inputs=1 ok=1 packets=1 exit=0"


@pytest.mark.parametrize(
    ("command", "stage"),
    [("extract", ExtractOptions), ("merge", MergeOptions), ("report", ReportOptions)],
)
def test_defaults__are_those_of_the_stages(command, stage, monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(
        batchgraph, command, lambda *_, **options: calls.append(options) or {"inputs": []}, raising=False
    )
    inputs = [tmp_path] if command == "extract" else []

    batchgraph_(command, *inputs, "--workers", 0, "--quiet")

    assert calls[0]["options"] == stage()


def test_defaults__of_run_are_those_of_the_stages(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(batchgraph, "run", lambda *_, **options: calls.append(options) or {"inputs": []}, raising=False)

    batchgraph_("run", tmp_path, "--workers", 0, "--quiet")

    names = ("extract_options", "merge_options", "report_options")
    assert [calls[0][name] for name in names] == [ExtractOptions(), MergeOptions(), ReportOptions()]


def test_run__into_a_directory_in_use_ends_with_6(captures, tmp_path):
    out = tmp_path / "results"
    lock = out / STATE / "lock"
    lock.parent.mkdir(parents=True)
    lock.write_text('{"host": "elsewhere", "process": 1, "boot": "b"}')

    result = batchgraph_("run", captures, "--out", out)

    assert result.exit_code == 6
    assert "process 1 on elsewhere may be using it" in result.stderr


def test_extract__by_force_does_again_what_is_done(captures, tmp_path):
    out = tmp_path / "results"
    batchgraph_("extract", captures, "--out", out)
    (receipt,) = (out / STATE / "receipts" / "extract").iterdir()
    receipt.write_text(receipt.read_text().replace('"rows": ', '"rows": 9'))

    again = batchgraph_("extract", captures, "--out", out, "--force")

    assert again.exit_code == 0
    assert '"rows": 9' not in receipt.read_text()


def test_open__shows_the_page(captures, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    batchgraph_("run", captures, "--out", tmp_path / "results", "--workers", 0, "--format", "svg")

    assert batchgraph_("open", tmp_path / "results").exit_code == 0
    assert shown == [(tmp_path / "results" / "report.html").as_uri()]


def test_open__without_a_page_ends_with_2(tmp_path):
    result = batchgraph_("open", tmp_path)

    assert result.exit_code == 2
    assert "no report.html in" in result.stderr


def with_a_cut_capture(captures):
    (captures / "cut,:%.pcap").write_bytes(CAPTURE[:-4])
    return captures


def extract_(captures, tmp_path, *options):
    return batchgraph_("extract", captures, "--out", tmp_path / "out", "--workers", 0, *options)


@pytest.mark.parametrize(("max_bad", "code"), [("0", 3), ("1", 0), ("49%", 3), ("50%", 0)])
def test_max_bad__is_a_number_or_a_share_of_the_inputs(captures, tmp_path, max_bad, code):
    assert extract_(with_a_cut_capture(captures), tmp_path, "--max-bad", max_bad).exit_code == code


def test_max_bad__that_is_no_number_writes_nothing(captures, tmp_path):
    result = extract_(captures, tmp_path, "--max-bad", "few")

    assert (result.exit_code, (tmp_path / "out").exists()) == (2, False)


@pytest.mark.parametrize(("least", "code"), [(1, 0), (2, 3)])
def test_require_min_files__counts_captures(captures, tmp_path, least, code):
    assert extract_(captures, tmp_path, "--require-min-files", least).exit_code == code


def test_json__is_all_that_stands_on_standard_output(captures, tmp_path):
    result = extract_(with_a_cut_capture(captures), tmp_path, "--json")
    told = json.loads(result.stdout)

    assert told["exit_code"] == result.exit_code == 3
    assert [entry["status"] for entry in told["inputs"]] == ["ok", "partial"]


def test_json__tells_of_an_error(tmp_path):
    told = json.loads(extract_(tmp_path / "nowhere", tmp_path, "--json").stdout)

    assert (told["exit_code"], told["inputs"], "nowhere" in told["error"]) == (2, [], True)


def test_junit__has_a_case_for_each_capture(captures, tmp_path):
    extract_(with_a_cut_capture(captures), tmp_path, "--junit", tmp_path / "junit.xml")
    cases = ElementTree.parse(tmp_path / "junit.xml").iter("testcase")

    assert [(case.get("name"), case.find("failure") is not None) for case in cases] == [
        ("a.pcap", False),
        ("cut,:%.pcap", True),
    ]


def test_junit__of_a_command_that_stopped_has_one_failure(tmp_path):
    (tmp_path / "captures").mkdir()
    result = extract_(tmp_path / "captures", tmp_path, "--junit", tmp_path / "junit.xml")

    assert result.exit_code == 4
    assert len(list(ElementTree.parse(tmp_path / "junit.xml").iter("failure"))) == 1


def test_junit__is_not_written_for_wrong_usage(tmp_path):
    result = extract_(tmp_path / "nowhere", tmp_path, "--junit", tmp_path / "junit.xml")

    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])


def test_junit__has_no_failure_where_so_many_bad_inputs_are_allowed(captures, tmp_path):
    extract_(with_a_cut_capture(captures), tmp_path, "--junit", tmp_path / "junit.xml", "--max-bad", 1)

    assert list(ElementTree.parse(tmp_path / "junit.xml").iter("failure")) == []


def test_junit__tells_of_too_few_captures_beside_bad_ones(captures, tmp_path):
    extract_(with_a_cut_capture(captures), tmp_path, "--junit", tmp_path / "junit.xml", "--require-min-files", 3)
    failing = [case for case in ElementTree.parse(tmp_path / "junit.xml").iter("testcase") if len(case)]

    assert [case.get("name") for case in failing] == ["cut,:%.pcap", "require-min-files"]


def test_annotations__are_warnings_where_so_many_bad_inputs_are_allowed(captures, tmp_path):
    result = extract_(with_a_cut_capture(captures), tmp_path, "--annotations", "github", "--max-bad", 1)

    assert (result.exit_code, result.stdout[:10]) == (0, "::warning ")


def test_annotations__tell_of_too_few_captures(captures, tmp_path):
    result = extract_(captures, tmp_path, "--annotations", "github", "--require-min-files", 2)

    assert result.stdout == "::error::captures found: 1; --require-min-files asks for 2\n"


def test_json__names_the_gates_that_were_missed(captures, tmp_path):
    told = json.loads(extract_(captures, tmp_path, "--json", "--require-min-files", 2).stdout)

    assert list(told["missed_gates"]) == ["require-min-files"]


def test_annotations__escape_the_name_of_the_file(captures, tmp_path):
    result = extract_(with_a_cut_capture(captures), tmp_path, "--annotations", "github")

    assert result.stdout.startswith("::error file=cut%2C%3A%25.pcap::partial%0A")
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_run__that_the_system_refuses_something_ends_with_5(captures, tmp_path, monkeypatch, number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(batchgraph.stages.run, "merge", fail)

    result = batchgraph_("run", captures, "--out", tmp_path / "out", "--workers", 0)

    assert (result.exit_code, os.strerror(number) in result.stderr) == (5, True)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_run__that_may_not_read_the_folder_given_says_so_and_writes_nothing(captures, tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number), os.fsencode(captures))

    monkeypatch.setattr(os, "scandir", refuse)

    result = batchgraph_("run", captures, "--out", tmp_path / "out", "--workers", 0)

    assert (result.exit_code, (tmp_path / "out").exists()) == (2, False)
    assert "cannot read the folder" in result.stderr and os.strerror(number) in result.stderr
