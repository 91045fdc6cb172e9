import json
import shutil

import pytest

from batchgraph import GraphOptions, make_graphs, merge
from tests.verification.finished_runs import failures, what_fails, without_receipts


def test_files__of_a_finished_run_are_all_as_they_should_be(out):
    assert failures(out) == []


def test_results__are_not_written_to(out):
    before = {path: path.stat().st_mtime_ns for path in [out, *out.rglob("*")]}
    failures(out)

    assert {path: path.stat().st_mtime_ns for path in [out, *out.rglob("*")]} == before


@pytest.mark.parametrize(
    "path",
    [
        "edges/raw-ip.pcap/part-00000.parquet",
        "flows/raw-ip.pcap.parquet",
        "flows/combined.parquet",
        "graphs/cut.pcap.graphml",
        "maps/combined.svg",
        "tables/hosts.csv",
        "tables/connections.csv",
        "report.html",
    ],
)
def test_file__that_is_missing_is_named(out, path):
    (out / path).unlink()

    assert ("files", path) in failures(without_receipts(out))


@pytest.mark.parametrize(
    "path", ["notes.txt", "flows/old.pcap.parquet", "edges/raw-ip.pcap/.nfs01", "graphs/deep/a.graphml"]
)
def test_file__that_is_none_of_the_results_is_named(out, path):
    (out / path).parent.mkdir(exist_ok=True)
    (out / path).write_text("")

    assert failures(out) == [("files", path)]


def test_folder__that_is_none_of_the_results_is_named(out):
    (out / "empty").mkdir()

    assert failures(out) == [("files", "empty/")]


def test_file__that_a_killed_run_left_is_told_apart(out):
    (out / "flows" / ".raw-ip.pcap.parquet.0badcafe.tmp").write_bytes(b"PAR1")

    assert what_fails(out, "files").startswith("was left half written")


@pytest.mark.parametrize("path", ["maps/raw-ip.pcap.svg", "report.html"])
def test_file__that_ends_early_is_named_without_receipts(out, path):
    (out / path).write_bytes((out / path).read_bytes()[:-20])

    assert failures(without_receipts(out)) == [("whole", path)]


def test_file__of_an_earlier_run_is_told_apart(out):
    merge(out)

    assert what_fails(out, "files", through="merge") == "is of an earlier run"


@pytest.mark.parametrize(
    "path", ["report.html", "maps/combined.svg", "tables/services.csv", "tables/connections.parquet"]
)
def test_hashes__tell_of_a_changed_file(out, path):
    octets = bytearray((out / path).read_bytes())
    octets[len(octets) // 2] ^= 1
    (out / path).write_bytes(octets)

    assert what_fails(out, "hashes") == f"{path} is not as it was written"


def test_hashes__need_a_receipt_for_every_capture(out):
    (out / ".batchgraph" / "receipts" / "extract" / "cut.pcap.json").unlink()

    assert failures(out) == [("hashes", "edges/cut.pcap")]


def test_hashes__tell_of_a_changed_view(out):
    make_graphs(out, options=GraphOptions(by="pair"))
    path = out / "views" / "combined" / "pair" / "combined.graphml"
    path.write_bytes(path.read_bytes() + b"\n")

    assert failures(out) == [("hashes", "files of views/combined/pair")]


def test_hashes__need_a_receipt_for_every_further_command(out):
    (out / ".batchgraph" / "receipts" / "further" / "connections.json").unlink()

    assert failures(out) == [("hashes", "files of connections")]


def test_views__that_are_whole_are_no_foreign_files(out):
    make_graphs(out, options=GraphOptions(by="pair", formats=("csv", "gexf")))

    assert failures(out) == []


def spoil_index(view):
    (view / "index.json").unlink()


def spoil_graph(view):
    (view / "combined.graphml").unlink()


def spoil_with_a_guest(view):
    (view / "notes.txt").write_text("")


@pytest.mark.parametrize("spoil", [spoil_index, spoil_graph, spoil_with_a_guest])
def test_views__that_are_not_what_their_index_says_are_named(out, spoil):
    make_graphs(out, options=GraphOptions(by="pair"))
    spoil(out / "views" / "combined" / "pair")

    assert failures(without_receipts(out)) == [("views", "views/combined/pair")]


def test_receipt__that_leads_out_of_the_directory_is_not_followed(out):
    receipt = out / ".batchgraph" / "receipts" / "report.json"
    said = json.loads(receipt.read_text())
    receipt.write_text(json.dumps({**said, "files": {**said["files"], "../../secret": "0"}}))

    assert failures(out) == []


def test_results__without_receipts_tell_that_hashes_were_not_checked(out):
    from batchgraph.stages.verify import verify

    verification = verify(without_receipts(out))

    assert (verification.failures, len(verification.unchecked)) == ((), 1)


def test_results__may_lie_elsewhere(out, tmp_path):
    shutil.move(out, tmp_path / "elsewhere")

    assert failures(tmp_path / "elsewhere") == []
