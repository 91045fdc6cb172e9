import json
import shutil
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from batchgraph import ExtractOptions, extract, merge, run
from batchgraph.cli import app
from batchgraph.errors import NoCapturesError, OutputBusyError, ResultsError, UsageError
from batchgraph.results import STATE
from batchgraph.stages.verify import verify
from tests.verification.finished_runs import edit_manifest, entry_of, failures, what_fails, without_receipts


def verify_(*arguments):
    return CliRunner().invoke(app, ["verify", *map(str, arguments), "--workers", "0"])


def test_results__that_are_not_there_are_refused(tmp_path):
    with pytest.raises(ResultsError, match=r"no run\.json in .*nowhere: run `batchgraph extract`"):
        verify(tmp_path / "nowhere")


def test_results__that_are_half_finished_are_refused(captures, tmp_path):
    extract([captures], tmp_path / "r")
    with pytest.raises(ResultsError, match="half finished: run `batchgraph merge`"):
        verify(tmp_path / "r")
    merge(tmp_path / "r")
    with pytest.raises(ResultsError, match="half finished: run `batchgraph report`"):
        verify(tmp_path / "r")


@pytest.mark.parametrize("through", ["extract", "merge"])
def test_results__of_fewer_stages_are_checked_where_no_more_is_asked_for(captures, tmp_path, through):
    extract([captures], tmp_path / "r")
    if through == "merge":
        merge(tmp_path / "r")

    assert failures(tmp_path / "r", through=through) == []


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": None},
        {"inputs": [{"path": "a"}]},
        {"options": []},
        {"options": {"extract": 1}},
        {"format_version": 2},
    ],
    ids=str,
)
def test_manifest__that_cannot_be_used_is_refused(out, change):
    edit_manifest(out, lambda manifest: manifest.update(change))

    with pytest.raises(ResultsError):
        verify(out)


@pytest.mark.parametrize("capture", ["../../elsewhere", "/etc", "combined", "", 7])
def test_manifest__whose_ids_lead_elsewhere_is_refused(out, capture):
    edit_manifest(out, lambda manifest: entry_of(manifest, "raw-ip.pcap").update(capture=capture))

    with pytest.raises(ResultsError, match="has the id"):
        verify(out)


def test_results__in_use_are_refused(out):
    (out / STATE / "lock").write_text('{"host": "elsewhere", "process": 1, "boot": "b"}')

    with pytest.raises(OutputBusyError, match="process 1 on elsewhere"):
        verify(out)


def test_through__a_stage_that_is_none_is_refused(out):
    with pytest.raises(UsageError, match="none of extract, merge, report"):
        verify(out, through="graph")


def test_again__of_the_same_captures_gives_the_same_bytes(out, captures):
    assert failures(out, again=[captures]) == []


def test_again__of_other_captures_names_the_input(out, captures, tmp_path):
    others = shutil.copytree(captures, tmp_path / "others")
    octets = bytearray((others / "raw-ip.pcap").read_bytes())
    octets[24] ^= 1  # the first packet's time
    (others / "raw-ip.pcap").write_bytes(octets)
    check = verify(out, again=[others]).failures[0]

    assert (check.name, check.place) == ("again", "run.json")
    assert check.what.startswith("sha256 of input raw-ip.pcap is ")


def test_again__names_the_first_file_that_differs_and_where(out, captures):
    page = out / "report.html"
    page.write_bytes(page.read_bytes().replace(b"<html", b"<HTML", 1))
    at = page.read_bytes().index(b"HTML")
    without_receipts(out)

    assert failures(out) == []
    assert failures(out, again=[captures]) == [("again", "report.html")]
    assert what_fails(out, "again", again=[captures]).startswith(f"differs from octet {at} on")


def test_again__without_captures_is_refused(out, tmp_path):
    (tmp_path / "none").mkdir()

    with pytest.raises(NoCapturesError):
        verify(out, again=[tmp_path / "none"])


@pytest.mark.parametrize("change", [{"layout": "round"}, {"colour": "red"}], ids=str)
def test_again__by_options_that_are_none_is_refused(out, captures, change):
    edit_manifest(out, lambda manifest: manifest["options"]["report"].update(change))

    with pytest.raises(ResultsError, match="options of report cannot be used again"):
        verify(out, again=[captures])


def test_results__whose_addresses_were_renamed_are_checked_but_not_made_again(captures, tmp_path):
    (tmp_path / "key").write_bytes(bytes(range(32)))
    run([captures], tmp_path / "r", extract_options=ExtractOptions(key=tmp_path / "key"))

    assert failures(tmp_path / "r") == []
    with pytest.raises(ResultsError, match="renamed by a key"):
        verify(tmp_path / "r", again=[captures])


def test_command__of_whole_results_ends_with_0(out):
    result = verify_(out)

    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1].startswith("batchgraph: done checks=")


def test_command__of_spoilt_results_ends_with_8_and_a_line_for_each_failure(out):
    (out / "notes\n.txt").write_text("")
    result = verify_(out, "--quiet")

    assert result.exit_code == 8
    assert result.stderr.splitlines()[0] == (
        "batchgraph: notes\\x0a.txt: files: is no part of the results; move it elsewhere"
    )
    assert result.stderr.splitlines()[-1].endswith("failed=1 exit=8")


@pytest.mark.parametrize("name", ["nowhere", "results"])
def test_command__of_missing_results_ends_with_2(tmp_path, name):
    (tmp_path / "results").mkdir()

    assert verify_(tmp_path / name).exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_json__is_all_that_stands_on_standard_output(out):
    (out / "notes.txt").write_text("")
    result = verify_(out, "--json")
    told = json.loads(result.stdout)

    assert (told["exit_code"], result.exit_code) == (8, 8)
    assert [(failed["check"], failed["place"]) for failed in told["failed"]] == [("files", "notes.txt")]


def test_json__tells_of_missing_results(tmp_path):
    told = json.loads(verify_(tmp_path / "nowhere", "--json").stdout)

    assert (told["exit_code"], told["checks"]) == (2, 0)
    assert "nowhere" in told["error"]


def test_junit__has_a_case_for_every_check(out, tmp_path):
    (out / "notes.txt").write_text("")
    verify_(out, "--junit", tmp_path / "junit.xml")
    cases = list(ElementTree.parse(tmp_path / "junit.xml").iter("testcase"))

    assert [case.get("name") for case in cases if len(case)] == ["notes.txt"]
    assert len(cases) == len(verify(out).checks)
