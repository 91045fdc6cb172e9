"""Runs whose addresses are renamed by a key, from the captures on."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from batchgraph import open_results
from batchgraph.anonymize import Anonymizer
from batchgraph.cli import app
from batchgraph.errors import UsageError
from batchgraph.render.summary import summary_text
from batchgraph.results import STATE, ResultsDirectory
from batchgraph.stages.capture_task import ExtractOptions
from batchgraph.stages.connections import make_connections
from batchgraph.stages.diff import compare
from batchgraph.stages.extract import extract
from batchgraph.stages.features import make_features
from batchgraph.stages.graphs import GraphOptions, make_graphs
from batchgraph.stages.merge import merge
from batchgraph.stages.report_options import ReportOptions
from batchgraph.stages.run import run

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"
# Two with names and comments of their own, one with tunnels, one with names by DNS.
CAPTURES = [SAMPLES / name for name in ("sections.pcapng", "dns-ipv6.pcapng", "vlan-tunnels.pcap", "oddities.pcap")]
ENDS = ("eth_src", "eth_dst", "src", "dst", "outer_src", "outer_dst")
KEY = bytes(range(32))
BROADCAST = "ff:ff:ff:ff:ff:ff"
SVG = ReportOptions(formats=("svg",))

TOKEN = re.compile(r"[0-9a-fA-F:.]+")
LEAST = 4
"""Characters of an address that can be looked for: ``::`` is in every style sheet."""


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "secret.key"
    path.write_bytes(KEY)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    out = tmp_path_factory.mktemp("plain")
    run(CAPTURES, out, report_options=SVG)
    return out


@pytest.fixture(scope="module")
def hidden(tmp_path_factory, key):
    """Give a run with all that can be made of it."""
    out = tmp_path_factory.mktemp("hidden")
    run(CAPTURES, out, extract_options=ExtractOptions(key=key), report_options=SVG)
    make_connections(out)
    make_features(out)
    for by in ("mac", "subnet", "service"):
        make_graphs(out, options=GraphOptions(by=by, formats=("graphml", "gexf", "csv")))
    return out


def edges(out, *columns):
    return open_results(out).edges().to_table(list(columns)).to_pylist()


def addresses(out):
    """Give every address of a run as it stands in edge records, but broadcast, which is nobody's."""
    return {row[end] for row in edges(out, *ENDS) for end in ENDS} - {None, BROADCAST}


def words(path):
    """Give all that is in a file: the words of its text, or of every column of a Parquet file and of its metadata."""
    text = path.read_bytes().decode("latin-1")
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        columns = [column.cast(pa.string()) for column in table.columns if not pa.types.is_timestamp(column.type)]
        text += " ".join(str(value) for column in columns for value in column.to_pylist()) + str(table.schema)
    return set(TOKEN.findall(text)), text


def test_anonymized__no_address_is_in_any_file(plain, hidden):
    originals = {address for address in addresses(plain) if len(address) >= LEAST}
    files = [path for path in hidden.rglob("*") if path.is_file()]

    assert len(originals) > 40
    assert (
        len({path.suffix for path in files} & {".parquet", ".graphml", ".gexf", ".csv", ".svg", ".html", ".json"}) == 7
    )
    assert {path.name: found for path in files if (found := originals & words(path)[0])} == {}


def test_addresses__of_a_plain_run_would_be_found(plain):
    originals = {address for address in addresses(plain) if len(address) >= LEAST}
    found = set().union(*(words(path)[0] for path in plain.rglob("*") if path.is_file()))

    assert originals <= found


def test_anonymized__no_name_and_no_comment_is_in_any_file(plain, hidden):
    notes = [entry["notes"] for entry in ResultsDirectory(plain).read_manifest()["inputs"]]
    named = {name for entry in notes for names in entry.get("names", {}).values() for name in names}
    told = {"www.example", "files.example", "gw.example"} | named
    comments = {comment for entry in notes for comment in entry.get("comments", [])}
    texts = [words(path)[1] for path in hidden.rglob("*") if path.is_file()]

    assert named
    assert comments
    assert [text for text in told | comments if any(text in content for content in texts)] == []
    assert not (hidden / "names").exists()


def test_anonymized__the_key_is_in_no_file(hidden, key):
    contents = [path.read_bytes() for path in hidden.rglob("*") if path.is_file()]

    assert [
        secret for secret in (KEY, KEY.hex().encode(), key.name.encode()) if any(secret in c for c in contents)
    ] == []


def test_edge_records__differ_in_addresses_alone(plain, hidden):
    names = [name for name in open_results(plain).edges().schema.names if name not in (*ENDS, "time")]

    assert edges(hidden, *names) == edges(plain, *names)


def test_addresses__are_renamed_as_by_the_key(plain, hidden):
    rename = Anonymizer(KEY).any_address
    before, after = edges(plain, *ENDS), edges(hidden, *ENDS)

    assert [{end: row[end] and rename(row[end]) for end in ENDS} for row in before] == after


def test_flows__are_as_many_as_before(plain, hidden):
    plain_graph, hidden_graph = (open_results(out).graph() for out in (plain, hidden))

    assert hidden_graph.number_of_edges() == plain_graph.number_of_edges()
    assert hidden_graph.number_of_nodes() == plain_graph.number_of_nodes()


def test_scope__is_not_known(hidden):
    assert {scope for _, scope in open_results(hidden).graph().nodes(data="scope")} == {None}
    assert "multicast" not in (hidden / "tables" / "hosts.csv").read_text()


def test_results__say_that_they_are_anonymized(hidden):
    options = ResultsDirectory(hidden).read_manifest()["options"]["extract"]

    assert options["anonymized"] == Anonymizer(KEY).fingerprint
    assert "key" not in options
    assert "addresses are anonymized" in summary_text(hidden)
    page = (hidden / "report.html").read_text()
    assert "All addresses in these results were renamed by a key." in page
    assert "--anonymize KEYFILE" in page


def test_diff__of_two_runs_by_one_key_finds_what_it_would_find(plain, hidden, key, tmp_path):
    found = []
    for before, after, options in (("plain", plain, ExtractOptions()), ("hidden", hidden, ExtractOptions(key=key))):
        extract(CAPTURES[:-1], tmp_path / before, options=options)
        merge(tmp_path / before)
        found.append(compare(tmp_path / before, after).findings)

    assert len(found[0]) > 3
    assert sorted((f.kind, f.change) for f in found[0]) == sorted((f.kind, f.change) for f in found[1])


def test_extract__with_another_key_does_all_again(tmp_path, key):
    other = tmp_path / "other"
    other.write_bytes(bytes(32))
    made = []
    for path in (key, other, key):
        extract(CAPTURES[:1], tmp_path / "out", options=ExtractOptions(key=path))
        made.append(addresses(tmp_path / "out"))

    assert made[0] == made[2]
    assert made[0].isdisjoint(made[1])


def test_extract__leaves_nothing_that_was_made_without_the_key(tmp_path, key):
    run(CAPTURES[:1], tmp_path, report_options=SVG)
    make_graphs(tmp_path, options=GraphOptions())
    extract(CAPTURES[:1], tmp_path, options=ExtractOptions(key=key))

    left = {path.parts[-2] for path in tmp_path.rglob("*") if path.is_file() and STATE not in path.parts}
    assert left == {tmp_path.name, CAPTURES[0].name}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["run.json"]


def test_extract__without_the_key_again_gives_what_it_gave(tmp_path, key):
    for path in (None, key, None):
        manifest = extract(CAPTURES[:1], tmp_path, options=ExtractOptions(key=path))

    assert "anonymized" not in manifest["options"]["extract"]
    assert manifest["inputs"][0]["notes"]["names"]


def test_workers__make_no_difference(tmp_path, key):
    for workers in (0, 2):
        extract(CAPTURES, tmp_path / str(workers), options=ExtractOptions(key=key), workers=workers)
    made = [
        {path.relative_to(tmp_path / n): path.read_bytes() for path in (tmp_path / n).glob("edges/*/*")} for n in "02"
    ]

    assert len(made[0]) == len(CAPTURES)
    assert made[0] == made[1]


@pytest.mark.parametrize("command", ["run", "extract"])
def test_command__refuses_what_is_no_key_and_writes_nothing(tmp_path, command):
    (tmp_path / "key").write_text("secret")
    out = tmp_path / "out"
    arguments = [command, str(CAPTURES[0]), "--out", str(out), "--anonymize", str(tmp_path / "key"), "--workers", "0"]

    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 2
    assert "must be 32 octets" in result.stderr
    assert not out.exists()


def test_command__takes_a_key(tmp_path, key, hidden):
    arguments = ["extract", *map(str, CAPTURES), "--out", str(tmp_path), "--anonymize", str(key), "--workers", "0"]

    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert addresses(tmp_path) == addresses(hidden)


def test_options__with_a_key_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        ExtractOptions(key=tmp_path / "none")


def test_run_json__has_no_notes_but_their_numbers(plain, hidden):
    counts = [
        {name: value for name, value in entry["notes"].items() if name.startswith("n_")}
        for entry in json.loads((plain / "run.json").read_text())["inputs"]
    ]

    assert any(counts)
    assert [entry["notes"] for entry in json.loads((hidden / "run.json").read_text())["inputs"]] == counts
