import errno
import json
import os

import pytest

from batchgraph.errors import OutputError, ResultsError
from batchgraph.results import ResultsDirectory
from batchgraph.schema import FORMAT_VERSION


def manifest_of_version(folder, version):
    (folder / "run.json").write_text(json.dumps({"format_version": version, "inputs": []}))
    return ResultsDirectory(folder)


def test_read_manifest__takes_every_version_up_to_its_own(tmp_path):
    for version in range(1, FORMAT_VERSION + 1):
        assert manifest_of_version(tmp_path, version).read_manifest()["format_version"] == version


@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, 0, -1, True, "1", 1.0, None, [1], {"major": 1}], ids=repr)
def test_read_manifest__refuses_a_version_that_it_does_not_know(tmp_path, version):
    with pytest.raises(ResultsError, match=r"format_version in run\.json is .* and only 1 to"):
        manifest_of_version(tmp_path, version).read_manifest()


@pytest.mark.parametrize("content", [b"[]", b"1", b'"run"', b"{}"])
def test_read_manifest__refuses_what_has_no_version(tmp_path, content):
    (tmp_path / "run.json").write_bytes(content)

    with pytest.raises(ResultsError, match=r"format_version in run\.json is null"):
        ResultsDirectory(tmp_path).read_manifest()


@pytest.mark.parametrize("content", [b"", b'{"format_version": 1', b"\xff"])
def test_read_manifest__refuses_what_is_not_whole(tmp_path, content):
    (tmp_path / "run.json").write_bytes(content)

    with pytest.raises(ResultsError, match="is not whole"):
        ResultsDirectory(tmp_path).read_manifest()


def test_read_manifest__passes_over_what_was_added(tmp_path):
    (tmp_path / "run.json").write_text('{"format_version": 1, "weather": "fair"}')

    assert ResultsDirectory(tmp_path).read_manifest()["weather"] == "fair"


def test_read_manifest__of_a_folder_in_its_place_is_an_error_of_ours(tmp_path):
    (tmp_path / "run.json").mkdir()

    with pytest.raises(ResultsError, match="cannot be read"):
        ResultsDirectory(tmp_path).read_manifest()


def test_edge_parts__are_in_file_order(tmp_path):
    results = ResultsDirectory(tmp_path)
    results.edges_folder("a.pcap").mkdir(parents=True)
    parts = [results.edges_part("a.pcap", number) for number in range(12)]
    for path in (*parts, results.edges_folder("a.pcap") / ".part-00000.parquet.tmp"):
        path.touch()

    assert results.edge_parts("a.pcap") == parts
    assert results.edge_parts("b.pcap") == []


def test_edge_parts__that_the_system_refuses_to_list_are_not_none(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)

    with pytest.raises(OutputError, match=r"cannot read .*a\.pcap: Permission denied; the same command continues"):
        ResultsDirectory(tmp_path).edge_parts("a.pcap")
