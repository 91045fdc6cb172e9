import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from batchgraph.cli import app
from batchgraph.difference.text import junit_of, markdown_text, terminal_text
from batchgraph.errors import BatchgraphError, ResultsError
from batchgraph.stages.diff import DiffOptions, compare
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, write_results

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"
SECOND = 10**9
A, B, C = "10.0.0.1", "10.0.0.2", "10.0.0.3"
MAC = "02:00:00:00:00:0"


def tcp(src, dst, sport, dport, flags, **more):
    return {"src": src, "dst": dst, "sport": sport, "dport": dport, "type": "TCP", "proto": 6, "tcp_flags": flags,
            "load": 0, **more}  # fmt: skip


def made(out, rows):
    write_results(out, {"a.pcap": rows})
    merge(out)
    return out


def found(tmp_path, before, after, **options):
    first, second = made(tmp_path / "before", before), made(tmp_path / "after", after)
    return compare(first, second, options=DiffOptions(**options))


def names(difference):
    return [(finding.change, finding.kind, finding.name) for finding in difference.findings]


def edited(path, edit):
    """Rewrite a classic little-endian pcap of Ethernet packet by packet; ports and addresses by their octets."""
    octets = (SAMPLES / "beacon.pcap").read_bytes()
    records, offset = [octets[:24]], 24
    while offset < len(octets):
        end = offset + 16 + int.from_bytes(octets[offset + 8 : offset + 12], "little")
        records.append(edit(octets[offset : offset + 16], octets[offset + 16 : end]))
        offset = end
    path.write_bytes(b"".join(records))
    return path


def test_diff__a_capture_does_not_differ_from_itself():
    assert not compare(SAMPLES / "office.pcap", SAMPLES / "office.pcap").findings


def test_diff__finds_a_moved_port_and_nothing_else(tmp_path):
    def edit(head, packet):
        # The beacon's server: 10.20.0.11, TCP port 8080; its port becomes 9999.
        if packet[12:14] == b"\x08\x00" and packet[23] == 6:
            source, target = packet[34:36], packet[36:38]
            swap = {b"\x1f\x90": b"\x27\x0f"}
            packet = packet[:34] + swap.get(source, source) + swap.get(target, target) + packet[38:]
        return head + packet

    assert names(compare(SAMPLES / "beacon.pcap", edited(tmp_path / "b.pcap", edit))) == [
        ("new", "service", "10.20.0.11 TCP/9999"),
        ("gone", "service", "10.20.0.11 TCP/8080"),
    ]


def test_diff__finds_a_new_host_and_nothing_else(tmp_path):
    done = []

    def edit(head, packet):
        # One datagram to port 514 of 10.20.0.11, from an address that was not there: RFC 791, RFC 768.
        if done:
            return head + packet
        done.append(True)
        planted = bytes.fromhex(
            "022000000011 022000000099 08004500001c 00000000 40110000 0a140063 0a14000bc0000202 00080000".replace(
                " ", ""
            )
        )
        length = len(planted).to_bytes(4, "little")
        return head + packet + head[:8] + length + length + planted

    difference = compare(SAMPLES / "beacon.pcap", edited(tmp_path / "b.pcap", edit))

    assert names(difference) == [
        ("new", "host", "10.20.0.99"),
        ("new", "service", "10.20.0.11 UDP/514"),
        ("new", "pair", "10.20.0.99 > 10.20.0.11 UDP"),
    ]


def test_diff__volume_beyond_the_threshold_is_found(tmp_path):
    difference = found(tmp_path, [UDP] * 10, [UDP] * 16, fail_on="volume:60%")

    assert {(f.change, f.percent, f.fails) for f in difference.findings} == {("volume", 60.0, True)}


def test_diff__volume_below_the_threshold_is_not(tmp_path):
    assert not found(tmp_path, [UDP] * 10, [UDP] * 15, fail_on="volume:60%").findings


def test_diff__rates_are_compared_where_spans_differ(tmp_path):
    steady = [{**UDP, "time": second * SECOND} for second in range(101)]

    assert not found(tmp_path, steady[:51], steady).findings


def test_diff__volumes_are_compared_where_spans_are_alike(tmp_path):
    before = [{**UDP, "time": second * SECOND} for second in (0, 100)]
    after = [{**UDP, "time": second * SECOND} for second in (0, 50, 75, 105)]

    assert {f.percent for f in found(tmp_path, before, after).findings} == {100.0}


def test_diff__a_refused_attempt_is_no_service(tmp_path):
    before = [tcp(A, B, 40000, 22, 2), tcp(B, A, 22, 40000, 18)]
    refused = [tcp(A, B, 40001, 23, 2), tcp(B, A, 23, 40001, 20)]

    assert not [f for f in found(tmp_path, before, before + refused).findings if f.kind == "service"]


@pytest.mark.parametrize(("match", "same"), [("address", False), ("mac", True)])
def test_diff__a_moved_address_is_matched_by(tmp_path, match, same):
    before = [{**UDP, "eth_src": f"{MAC}1"}, {**UDP, "src": B, "dst": A, "sport": 53, "dport": 5353,
               "eth_src": f"{MAC}2"}]  # fmt: skip
    after = [{**row, **{end: C for end in ("src", "dst") if row[end] == A}} for row in before]

    assert (not found(tmp_path, before, after, match=match).findings) is same


def test_diff__a_router_is_no_hosts_mac(tmp_path):
    before = [{**UDP, "src": src, "eth_src": f"{MAC}1"} for src in (A, C)]
    after = [{**UDP, "src": src, "eth_src": f"{MAC}1"} for src in (A, "10.0.0.4")]

    assert ("gone", "host", C) in names(found(tmp_path, before, after, match="mac"))


def test_diff__a_moved_address_is_matched_by_role(tmp_path):
    assert not found(tmp_path, [UDP], [{**UDP, "src": C}], match="role").findings


def test_diff__a_moved_address_is_matched_by_name(tmp_path):
    for run, row, address in (("before", UDP, A), ("after", {**UDP, "src": C}, C)):
        made(tmp_path / run, [row])
        (tmp_path / run / "tables").mkdir()
        (tmp_path / run / "tables" / "names.csv").write_text(f"address,name\n{address},pc1\n")

    assert not compare(tmp_path / "before", tmp_path / "after", options=DiffOptions(match="name")).findings


def test_diff__without_names_is_refused(tmp_path):
    with pytest.raises(ResultsError, match=r"names\.csv"):
        found(tmp_path, [UDP], [UDP], match="name")


def test_diff__an_allowed_finding_does_not_fail(tmp_path):
    (tmp_path / "allow.toml").write_text(f'addresses = ["{C}"]\n')

    assert not found(tmp_path, [UDP], [UDP, {**UDP, "src": C}], allow=tmp_path / "allow.toml").failed


HOSTILE = "x\x1b[2J\n</td>|<script>"


def hostile(tmp_path):
    return found(tmp_path, [UDP], [UDP, {**UDP, "type": HOSTILE}])


def test_terminal_text__has_no_control_characters(tmp_path):
    assert all(line.isprintable() and len(line) <= 80 for line in terminal_text(hostile(tmp_path)).split("\n"))


def test_markdown_text__has_no_tags_of_a_name(tmp_path):
    assert "<" not in markdown_text(hostile(tmp_path))


def test_junit__parses_and_counts_failures(tmp_path):
    difference = hostile(tmp_path)

    root = ElementTree.fromstring(junit_of(difference))
    assert len(root.findall(".//failure")) == sum(f.fails for f in difference.findings) > 0


def diff(*arguments):
    return CliRunner().invoke(app, ["diff", *map(str, arguments), "--workers", "0"])


def test_command__exits_with_8_and_json_agrees(tmp_path):
    first, second = made(tmp_path / "1", [UDP]), made(tmp_path / "2", [UDP, {**UDP, "src": C}])

    result = diff(first, second, "--json", "-")

    assert (result.exit_code, json.loads(result.stdout)["failed"]) == (8, True)


def test_command__exits_with_0_where_it_never_fails(tmp_path):
    first, second = made(tmp_path / "1", [UDP]), made(tmp_path / "2", [UDP, {**UDP, "src": C}])

    assert diff(first, second, "--fail-on", "never").exit_code == 0


def test_command__half_finished_results_are_refused_and_nothing_is_written(tmp_path):
    first, second = made(tmp_path / "1", [UDP]), made(tmp_path / "2", [UDP])
    shutil.rmtree(second / "flows")

    result = diff(first, second, "--json", tmp_path / "out.json")

    assert (result.exit_code, (tmp_path / "out.json").exists()) == (2, False)


def test_command__neither_results_nor_captures_is_code_4(tmp_path):
    (tmp_path / "empty").mkdir()

    assert diff(tmp_path / "empty", tmp_path / "empty").exit_code == 4


def test_command__a_bad_allow_file_is_refused(tmp_path):
    (tmp_path / "allow.toml").write_text("nothing = []\n")

    assert diff(SAMPLES, SAMPLES, "--allow", tmp_path / "allow.toml").exit_code == 2


def test_diff__looks_for_both_sides_before_it_works_on_either(tmp_path, monkeypatch):
    monkeypatch.setattr("batchgraph.stages.extract.extract", lambda *_, **__: pytest.fail("work was done"))

    with pytest.raises(BatchgraphError, match="nowhere"):
        compare(SAMPLES / "beacon.pcap", tmp_path / "nowhere")


def test_diff__by_name_takes_the_names_that_captures_hold(tmp_path):
    for run, address in (("before", A), ("after", C)):
        manifest = made(tmp_path / run, [{**UDP, "src": address}]) / "run.json"
        content = json.loads(manifest.read_text())
        content["inputs"][0]["notes"] = {"names": {address: ["pc1"]}}
        manifest.write_text(json.dumps(content))

    assert not compare(tmp_path / "before", tmp_path / "after", options=DiffOptions(match="name")).findings
