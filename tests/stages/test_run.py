import json
import struct
from pathlib import Path

import pytest

import batchgraph.stages.extract
import batchgraph.stages.merge
import batchgraph.stages.report
from batchgraph import MergeOptions, ReportOptions, run
from batchgraph.errors import NoCapturesError
from batchgraph.progress import NoProgress
from batchgraph.results import STATE

# draft-ietf-opsawg-pcap, section 4: magic number, version 2.4, reserved, snapshot length, LINKTYPE_RAW
PCAP_HEADER = bytes.fromhex("a1b2c3d4 0002 0004 00000000 00000000 00040000 00000065")


def udp_packet(source, destination):
    # RFC 791, section 3.1, and RFC 768: IPv4 and UDP with a payload of 2 octets
    ip = bytes.fromhex("4500 001e 0000 0000 40 11 0000") + bytes((10, 0, 0, source, 10, 0, 0, destination))
    return ip + bytes.fromhex("1388 0035 000a 0000 abcd")


def capture(*packets):
    records = (struct.pack(">IIII", 1_700_000_000 + i, i, len(p), len(p)) + p for i, p in enumerate(packets))
    return PCAP_HEADER + b"".join(records)


@pytest.fixture
def captures(tmp_path):
    folder = tmp_path / "captures"
    (folder / "more").mkdir(parents=True)
    (folder / "a.pcap").write_bytes(capture(udp_packet(1, 2), udp_packet(2, 1), udp_packet(1, 2)))
    (folder / "more" / "b.pcap").write_bytes(capture(udp_packet(3, 1)))
    (folder / "cut.pcap").write_bytes(capture(udp_packet(4, 1), udp_packet(4, 2))[:-3])
    return folder


def files_of(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and STATE not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_run__leaves_what_the_stages_leave(captures, tmp_path):
    run([captures], tmp_path / "out")

    names = set(files_of(tmp_path / "out"))
    assert {"run.json", "flows/combined.parquet", "graphs/combined.graphml", "maps/combined.svg"} <= names
    assert {"tables/captures.csv", "tables/hosts.csv"} <= names


def test_run__returns_the_manifest_that_it_wrote(captures, tmp_path):
    manifest = run([captures], tmp_path / "out")

    assert manifest == json.loads((tmp_path / "out" / "run.json").read_text())


def test_run__tells_what_became_of_every_capture(captures, tmp_path):
    manifest = run([captures], tmp_path / "out")

    became = {entry["path"]: (entry["status"], entry["rows"]) for entry in manifest["inputs"]}
    assert became == {"a.pcap": ("ok", 3), "cut.pcap": ("partial", 1), "more/b.pcap": ("ok", 1)}


def test_run__records_the_options_of_all_stages(captures, tmp_path):
    options = run(
        [captures],
        tmp_path / "out",
        merge_options=MergeOptions(by="pair"),
        report_options=ReportOptions(formats=("svg",)),
    )["options"]

    assert (options["merge"]["by"], options["report"]["formats"], options["extract"]["decoder"]) == (
        "pair",
        ["svg"],
        "table",
    )


def test_run__again_gives_the_same_bytes(captures, tmp_path):
    run([captures], tmp_path / "out")
    first = files_of(tmp_path / "out")
    run([captures], tmp_path / "out")

    assert files_of(tmp_path / "out") == first


def test_run__by_two_workers_gives_the_bytes_of_none(captures, tmp_path, monkeypatch):
    # So small a run would have no use for workers.
    monkeypatch.setitem(batchgraph.stages.extract.PACK_OCTETS, "table", 1)
    monkeypatch.setattr(batchgraph.stages.merge, "_FEW_ROWS", 0)
    monkeypatch.setattr(batchgraph.stages.report, "_FEW_MAPS", 0)
    run([captures], tmp_path / "none")
    run([captures], tmp_path / "two", workers=2)

    assert files_of(tmp_path / "two") == files_of(tmp_path / "none")


def test_run__depends_on_no_path_of_the_machine(captures, tmp_path, monkeypatch):
    run([captures], tmp_path / "out")
    monkeypatch.chdir(captures.parent)
    run(["captures"], Path("elsewhere"))

    assert files_of(tmp_path / "elsewhere") == files_of(tmp_path / "out")


def test_run__of_no_captures_writes_nothing(tmp_path):
    (tmp_path / "in").mkdir()

    with pytest.raises(NoCapturesError):
        run([tmp_path / "in"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_run__of_captures_without_packets_is_complete(tmp_path):
    (tmp_path / "none.pcap").write_bytes(PCAP_HEADER)
    run([tmp_path / "none.pcap"], tmp_path / "out")

    assert "graphs/combined.graphml" in files_of(tmp_path / "out")


def test_run__tells_of_every_problem(captures, tmp_path):
    class Listener(NoProgress):
        def problem(self, message):
            problems.append(message)

    problems = []
    run([captures], tmp_path / "out", progress=Listener())

    assert [message.partition(":")[0] for message in problems] == ["cut.pcap"]
