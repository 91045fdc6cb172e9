import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.verification.finished_runs import edit_manifest, entry_of, failures, make_run, what_fails, without_receipts


def rewrite(path, change):
    """Write a Parquet file anew, with its schema, after a change to its rows or its table."""
    table = pq.read_table(path)
    changed = change(table)
    if isinstance(changed, list):
        changed = pa.Table.from_pylist(changed, schema=table.schema)
    pq.write_table(changed, path)


def change_row(table, number, **values):
    rows = [*table.to_pylist()]
    rows[number] = {**rows[number], **values}
    return rows


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": 5, "packets": 5}, "statuses add up to 4 packets, not 5"),
        ({"rows": 5}, "4 packets, but 5 rows"),
        ({"statuses": {"ok": 3}}, "statuses add up to 3"),
        ({"trust": {"sound": 5}}, "trust add up to 5"),
        ({"stopped_in": {"tcp": 1}}, "stopped_in add up to 1"),
        ({"octets": {"header": 24, "records": 235, "other": 0, "skipped": 0}}, "259 octets are accounted for"),
        ({"size": 261}, "260 octets are accounted for, the file has 261"),
        ({"status": "fine"}, "status is 'fine'"),
        ({"sha256": ""}, "sha256 is no SHA-256"),
        ({"octets": {"header": 24, "records": 230, "other": 0, "skipped": 6}}, "6 octets were skipped"),
    ],
    ids=str,
)
def test_accounting__of_an_input_must_add_up(out, change, said):
    edit_manifest(out, lambda manifest: entry_of(manifest, "raw-ip.pcap").update(change))

    assert said in what_fails(without_receipts(out), "accounting")


def test_manifest__that_does_not_say_what_was_found_is_told_of(out):
    edit_manifest(out, lambda manifest: entry_of(manifest, "raw-ip.pcap").update(sha256="0" * 64))

    assert what_fails(out, "hashes").startswith("run.json does not say what was found: sha256 is")


def test_edges__with_a_row_less_are_told_of(out):
    rewrite(out / "edges" / "raw-ip.pcap" / "part-00000.parquet", lambda table: table.slice(1))

    assert what_fails(without_receipts(out), "edges") == "3 rows, run.json says 4"


def test_edges__out_of_order_are_told_of(out):
    path = out / "edges" / "raw-ip.pcap" / "part-00000.parquet"
    rewrite(path, lambda table: table.to_pylist()[::-1])

    assert what_fails(without_receipts(out), "edges") == "part-00000.parquet: row 1 has frame number 4"


def test_edges__of_another_capture_are_told_of(out):
    path = out / "edges" / "raw-ip.pcap" / "part-00000.parquet"
    rewrite(path, lambda table: change_row(table, 2, capture="other"))

    assert what_fails(without_receipts(out), "edges").endswith("rows are of the capture 'other'")


def test_edges__of_another_status_are_told_of(out):
    path = out / "edges" / "raw-ip.pcap" / "part-00000.parquet"
    rewrite(path, lambda table: change_row(table, 2, status="malformed"))

    assert what_fails(without_receipts(out), "edges").startswith("statuses are {'malformed': 1, 'ok': 3}")


def test_edges__with_a_column_of_another_type_are_told_of(out):
    path = out / "edges" / "raw-ip.pcap" / "part-00000.parquet"
    rewrite(path, lambda table: table.set_column(12, "ttl", table["ttl"].cast(pa.uint16())))

    assert "column ttl is uint16, not uint8" in what_fails(without_receipts(out), "edges")


def test_edges__that_are_no_parquet_are_told_of(out):
    (out / "edges" / "raw-ip.pcap" / "part-00000.parquet").write_bytes(b"PAR1 not at all PAR1")

    assert what_fails(without_receipts(out), "edges").startswith("cannot be read (")


def test_edges__with_a_flipped_octet_in_a_page_are_told_of(out):
    path = out / "edges" / "oddities.pcap" / "part-00000.parquet"
    octets = bytearray(path.read_bytes())
    octets[60] ^= 0xFF
    path.write_bytes(octets)

    assert ("edges", "edges/oddities.pcap") in failures(without_receipts(out))


@pytest.mark.parametrize("column", ["packets", "octets", "load", "tcp_flags"])
def test_flows__whose_sums_are_not_those_of_the_packets_are_told_of(out, column):
    path = out / "flows" / "oddities.pcap.parquet"
    rewrite(path, lambda table: change_row(table, 1, **{column: 99}))

    what = what_fails(without_receipts(out), "flows")

    assert f": {column} is 99, the edge records add up to " in what


def test_flows__with_another_time_are_told_of(out):
    path = out / "flows" / "raw-ip.pcap.parquet"
    rewrite(path, lambda table: change_row(table, 0, first=None))

    assert "first is None, the edge records add up to" in what_fails(without_receipts(out), "flows")


def test_flow__that_is_missing_is_told_of(out):
    rewrite(out / "flows" / "raw-ip.pcap.parquet", lambda table: table.slice(1))

    assert what_fails(without_receipts(out), "flows").endswith("is missing, the edge records have it")


def test_flow__that_stands_there_twice_is_told_of(out):
    rewrite(out / "flows" / "raw-ip.pcap.parquet", lambda table: [*table.to_pylist(), table.to_pylist()[-1]])

    assert "the edge records do not have it" in what_fails(without_receipts(out), "flows")


def test_combined_flows__that_are_not_the_sum_are_told_of(out):
    rewrite(out / "flows" / "combined.parquet", lambda table: change_row(table, 0, captures=9))
    without_receipts(out)

    assert failures(out) == [("flows", "flows/combined.parquet")]
    assert "captures is 9, the flows of the captures add up to" in what_fails(out, "flows")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<data key="e_weight">1<', '<data key="e_weight">2<', "weight of edge e0 from "),
        ('<edge id="e1"', '<edge id="e0"', "edge e0 from "),
        ('<data key="n_scope">', '<data key="n_scope">un', "scope of node "),
        ('attr.name="octets_in" attr.type="long"', 'attr.name="octets_in" attr.type="int"', "the keys are not those"),
        ('edgedefault="directed"', 'edgedefault="undirected"', "the graph is "),
        ("</edge>\n</graph>", "</edge></node></graph>", "cannot be read (no XML: mismatched tag: line "),
        ("<graphml ", "<!DOCTYPE a><graphml ", "cannot be read (it declares a document type)"),
        ("</graphml>\n", "", "cannot be read (no XML: no element found: line "),
    ],
)
def test_graph__that_is_not_that_of_the_flows_is_told_of(out, old, new, said):
    path = out / "graphs" / "oddities.pcap.graphml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))

    assert what_fails(without_receipts(out), "graph").startswith(said)


@pytest.mark.parametrize(("kind", "said"), [("node", "node "), ("edge", "edge ")])
def test_graph__that_lacks_its_first_node_or_edge_is_told_of(out, kind, said):
    path = out / "graphs" / "combined.graphml"
    lines = path.read_text().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith(f"<{kind} "))
    path.write_text("".join(lines[:first] + lines[first + 1 :]))

    assert what_fails(without_receipts(out), "graph").startswith(said)


def test_graph__with_an_edge_too_many_is_told_of(out):
    path = out / "graphs" / "combined.graphml"
    path.write_text(path.read_text().replace("</graph>", '<edge id="e99" source="a" target="b"></edge></graph>'))

    assert what_fails(without_receipts(out), "graph") == "edge e99 from a to b stands where the end of the graph should"


@pytest.mark.parametrize("by", ["packet", "pair"])
def test_graph__by_other_edges_is_checked_too(tmp_path, by):
    _, results = make_run(tmp_path, by=by)
    assert failures(results) == []
    path = shutil.copytree(results, tmp_path / "copy") / "graphs" / "combined.graphml"
    path.write_text(path.read_text().replace('<data key="e_load">', '<data key="e_load">7', 1))

    assert failures(without_receipts(tmp_path / "copy")) == [("graph", "graphs/combined.graphml")]


@pytest.mark.parametrize("name", ["captures", "hosts", "conversations", "protocols", "services"])
def test_table__that_is_not_that_of_the_flows_is_told_of(out, name):
    path = out / "tables" / f"{name}.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[1].replace(",", ",9", 4), *lines[2:]]))

    assert failures(without_receipts(out)) == [("tables", f"tables/{name}.csv")]


def test_table__with_a_line_less_is_told_of(out):
    path = out / "tables" / "hosts.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))

    assert "is missing, should be" in what_fails(without_receipts(out), "tables")
