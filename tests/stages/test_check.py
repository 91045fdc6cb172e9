import json
import shutil
from ipaddress import ip_address, ip_network
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from batchgraph.cli import app
from batchgraph.errors import ResultsError
from batchgraph.policy.text import json_lines, junit_of, markdown_text, terminal_text
from batchgraph.stages.check import checked, learn_policy
from batchgraph.stages.extract import extract
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, write_results

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"
SECOND = 10**9
HOUR = 3600 * SECOND
A, B, C = "10.0.0.1", "10.0.0.2", "10.0.0.3"
REPLY = {**UDP, "src": B, "dst": A, "sport": 53, "dport": 5353}


def tcp(src, dst, sport, dport, flags=16, **more):
    return {"src": src, "dst": dst, "sport": sport, "dport": dport, "type": "TCP", "proto": 6, "tcp_flags": flags,
            "load": 0, **more}  # fmt: skip


TELNET = (tcp(A, B, 40000, 23, 2), tcp(B, A, 23, 40000, 18))


def made(out, rows, **captures):
    write_results(out, {"a.pcap": rows, **captures})
    merge(out)
    return out


def rule(action, **keys):
    keys = {"name": action, "action": action, **keys}
    return "[[rules]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


def found(tmp_path, rows, *rules, head=""):
    """Give what breaks a policy, as (rule, src, dst, port, frames)."""
    policy = tmp_path / "policy.toml"
    policy.write_text(head + "".join(rules), encoding="utf-8")
    with checked(made(tmp_path / "results", rows), policy) as verdict:
        broken = [(v.rule, v.src, v.dst, v.port, v.frames) for v in verdict.violations()]
        return [*broken, *verdict.unmet]


def test_deny__names_questions_and_replies(tmp_path):
    rows = [UDP, *TELNET]

    assert found(tmp_path, rows, rule("deny", src="10.0.0.0/8", port=23)) == [("deny", A, B, 23, (2, 3))]


def test_deny__of_packets_names_those_of_one_way(tmp_path):
    assert found(tmp_path, TELNET, rule("deny", src=B, direction="packet")) == [("deny", B, A, 40000, (2,))]


def test_deny__of_either_direction_names_both_ways_of_asking(tmp_path):
    rows = [UDP, {**UDP, "src": B, "dst": A}]

    assert len(found(tmp_path, rows, rule("deny", src=A, dst=B, direction="either"))) == 2


def test_deny__of_a_host_as_client_leaves_it_alone_as_server(tmp_path):
    assert found(tmp_path, TELNET, rule("deny", src=B)) == []


def test_first__the_first_rule_that_matches_decides(tmp_path):
    rows = [UDP, {**UDP, "src": C}]
    rules = rule("allow", src=A, dst=B, port=53), rule("deny", dst=B, port=53)

    assert found(tmp_path, rows, *rules) == [("deny", C, B, 53, (2,))]


def test_all__a_deny_counts_where_another_rule_allows(tmp_path):
    rules = rule("allow", src=A), rule("deny", port=53)

    assert found(tmp_path, [UDP], *rules, head='evaluate = "all"\n') == [("deny", A, B, 53, (1,))]


def test_default__deny_names_what_no_rule_allows(tmp_path):
    rows = [UDP, REPLY, *TELNET]

    assert found(tmp_path, rows, rule("allow", port=53), head='default = "deny"\n') == [("default", A, B, 23, (3, 4))]


def test_excluded__addresses_do_not_match(tmp_path):
    rows = [UDP, {**UDP, "src": C}]

    assert found(tmp_path, rows, rule("deny", src=["10.0.0.0/8", f"!{A}"])) == [("deny", C, B, 53, (2,))]


def test_segments__name_packets_with_an_end_outside(tmp_path):
    rows = [UDP, {**UDP, "dst": "192.0.2.1"}]
    head = '[segments]\noffice = ["10.0.0.0/30", "!10.0.0.2"]\nserver = "10.0.0.2"\n'

    assert found(tmp_path, rows, head=head) == [("segments", A, "192.0.2.1", 53, (2,))]


def test_require__is_unmet_without_a_packet(tmp_path):
    assert found(tmp_path, [UDP], rule("require", dst=C)) == ["require"]


def test_require__is_met_by_one_packet(tmp_path):
    assert found(tmp_path, [UDP], rule("require", dst=B, port=53)) == []


def test_require__at_a_time_is_unmet_by_packets_of_other_times(tmp_path):
    rows = [{**UDP, "time": 9 * HOUR}]

    assert found(tmp_path, rows, rule("require", dst=B, time="10:00..11:00")) == ["require"]


def test_time__of_day_holds_its_start_and_not_its_end(tmp_path):
    rows = [{**UDP, "time": (24 + hour) * HOUR} for hour in (7, 8, 17, 18)]

    assert found(tmp_path, rows, rule("deny", time="08:00..18:00")) == [("deny", A, B, 53, (2, 3))]


def test_time__of_day_may_pass_midnight(tmp_path):
    rows = [{**UDP, "time": hour * HOUR} for hour in (5, 12, 23)]

    assert found(tmp_path, rows, rule("deny", time="22:00..06:00")) == [("deny", A, B, 53, (1, 3))]


def test_time__an_allowed_time_leaves_the_other_times_to_later_rules(tmp_path):
    rows = [{**UDP, "time": hour * HOUR} for hour in (7, 8)]
    rules = rule("allow", port=53, time="08:00..18:00"), rule("deny", port=53)

    assert found(tmp_path, rows, *rules) == [("deny", A, B, 53, (1,))]


def test_time__a_packet_without_one_is_in_no_window(tmp_path):
    assert found(tmp_path, [UDP], rule("deny", time="00:00..23:59:59")) == []


@pytest.mark.parametrize(("limit", "frames"), [({"max_packets": 1}, (1, 2)), ({"max_octets": 119}, (1, 2)),
                                               ({"max_packets": 2}, None), ({"max_octets": 120}, None)])  # fmt: skip
def test_volume__is_counted_both_ways(tmp_path, limit, frames):
    result = found(tmp_path, [UDP, REPLY], rule("allow", port=53, per="pair", **limit))

    assert result == ([("allow", A, B, None, frames)] if frames else [])


def test_volume__of_a_rule_is_of_all_hosts_together(tmp_path):
    rows = [UDP, {**UDP, "src": C}]

    assert found(tmp_path, rows, rule("allow", max_packets=1)) == [("allow", None, None, None, (1, 2))]


def test_volume__per_src_is_of_each_by_itself(tmp_path):
    rows = [UDP, {**UDP, "src": C}, {**UDP, "src": C, "dst": A}]

    assert found(tmp_path, rows, rule("allow", max_packets=1, per="src")) == [("allow", C, None, None, (2, 3))]


def test_rate__is_of_one_second(tmp_path):
    rows = [{**UDP, "time": time} for time in (0, 1, SECOND, 2 * SECOND)]
    limited = [rule("allow", name=f"r{rate}", max_rate=rate) for rate in (1, 2)]

    assert [one[0] for one in found(tmp_path, rows, *limited, head='evaluate = "all"\n')] == ["r1"]


def test_fragments__later_ones_go_with_the_first(tmp_path):
    later = {**UDP, "sport": None, "dport": None, "load": None, "frag_offset": 185}
    rows = [{**UDP, "frag_offset": 0}, later]

    assert found(tmp_path, rows, rule("deny", port=53)) == [("deny", A, B, 53, (1, 2))]


STP = {"type": "STP", "eth_src": "02:00:00:00:00:01", "eth_dst": "01:80:c2:00:00:00"}


@pytest.mark.parametrize(("value", "n_found"), [("ignore", 0), ("deny", 1), (["STP"], 0), (["LLDP"], 1)])
def test_non_ip__packets_are(tmp_path, value, n_found):
    assert len(found(tmp_path, [UDP, STP], head=f"non_ip = {json.dumps(value)}\n")) == n_found


def test_names__are_those_of_the_table_of_names(tmp_path):
    policy, results = tmp_path / "policy.toml", made(tmp_path / "results", [UDP, {**UDP, "src": C}])
    (results / "tables").mkdir()
    (results / "tables" / "names.csv").write_text(f"address,name\n{A},app-1\n{B},db-1\n{C},other\n")
    policy.write_text(rule("allow", src="app-*", dst="db-1", port=53) + rule("deny", dst="DB-1", port=53))

    with checked(results, policy) as verdict:
        assert [violation.src for violation in verdict.violations()] == [C]


def test_names__that_nothing_tells_are_refused_with_their_place(tmp_path):
    with pytest.raises(ResultsError, match=r"policy\.toml, line 4, key rules\.src: 'app-\*' is no group"):
        found(tmp_path, [UDP], rule("deny", src="app-*"))


def test_filter__by_hosts_where_it_selects_no_other_packets(tmp_path):
    (tmp_path / "policy.toml").write_text(rule("deny", port=53))
    with checked(made(tmp_path / "results", [UDP, *TELNET]), tmp_path / "policy.toml") as verdict:
        (violation,) = verdict.violations()

    assert (violation.display_filter, violation.is_exact) == (
        f"!icmp && !icmpv6 && ((ip.src == {A} && ip.dst == {B} && udp.dstport == 53)"
        f" || (ip.src == {B} && ip.dst == {A} && udp.srcport == 53))",
        True,
    )


def test_filter__by_frames_where_hosts_would_select_others(tmp_path):
    (tmp_path / "policy.toml").write_text(rule("deny", sport=5353))
    rows = [UDP, {**UDP, "sport": 5354}, UDP, UDP]
    with checked(made(tmp_path / "results", rows), tmp_path / "policy.toml") as verdict:
        (violation,) = verdict.violations()

    assert (violation.display_filter, violation.is_exact) == ("frame.number in {1, 3..4}", True)


def test_filter__of_arp_leaves_rarp_away(tmp_path):
    (tmp_path / "policy.toml").write_text(rule("deny", type="ARP"))
    arp = {"src": A, "dst": B, "type": "ARP"}
    with checked(made(tmp_path / "results", [arp, {**arp, "type": "RARP"}]), tmp_path / "policy.toml") as verdict:
        (violation,) = verdict.violations()

    assert violation.display_filter == (
        f"arp.src.proto_ipv4 == {A} && arp.dst.proto_ipv4 == {B} && !(arp.opcode in {{3, 4}})"
    )


def test_filter__behind_the_tag_of_a_switch_is_by_frames(tmp_path):
    # LINKTYPE_DSA_TAG_EDSA.
    (tmp_path / "policy.toml").write_text(rule("deny"))
    with checked(made(tmp_path / "results", [{**UDP, "link_type": 285}]), tmp_path / "policy.toml") as verdict:
        assert [violation.display_filter for violation in verdict.violations()] == ["frame.number in {1}"]


def test_filter__says_where_it_is_not_exact(tmp_path):
    (tmp_path / "policy.toml").write_text(rule("deny", sport=5353))
    with checked(made(tmp_path / "results", [UDP, {**UDP, "sport": 1}] * 60), tmp_path / "policy.toml") as verdict:
        (violation,) = verdict.violations()

    assert (violation.packets, len(violation.frames), violation.is_exact) == (60, 50, False)


def test_captures__are_judged_in_order_of_the_run(tmp_path):
    (tmp_path / "policy.toml").write_text(rule("deny", port=53))
    results = made(tmp_path / "results", [UDP], **{"b.pcap": [UDP], "B.pcap": [UDP]})
    with checked(results, tmp_path / "policy.toml") as verdict:
        assert [violation.capture for violation in verdict.violations()] == ["a.pcap", "b.pcap", "B.pcap"]


HOSTS = st.sampled_from([A, B, C, "192.0.2.1"])
ROWS = st.lists(
    st.builds(lambda src, dst, dport, time: {**UDP, "src": src, "dst": dst, "dport": dport, "time": time * HOUR},
              HOSTS, HOSTS, st.integers(50, 53), st.integers(0, 30)), min_size=1, max_size=12)  # fmt: skip
RULES = st.lists(
    st.fixed_dictionaries(
        {"action": st.sampled_from(["allow", "deny"])},
        optional={
            "src": st.sampled_from([A, "10.0.0.0/8", "!10.0.0.2"]),
            "dst": st.sampled_from([B, "10.0.0.2/31", "*"]),
            "dport": st.sampled_from(["50-51", "52"]),
            "time": st.sampled_from(["06:00..12:00", "20:00..04:00"]),
        },
    ),
    max_size=4,
)


def plainly(rows, rules, *, evaluate, default):
    """Judge packet by packet, with nothing but the words of the README."""
    broken = set()
    for frame, row in enumerate(rows, 1):
        matching = [number for number, keys in enumerate(rules) if speaks_plainly(keys, row)]
        deciding = matching[:1] if evaluate == "first" else matching
        broken |= {(f"r{number}", frame) for number in deciding if rules[number]["action"] == "deny"}
        if not matching and default == "deny":
            broken.add(("default", frame))
    return broken


def speaks_plainly(keys, row):
    first, _, last = keys.get("dport", "0-65535").partition("-")
    hour = row["time"] // HOUR % 24
    at = {"06:00..12:00": range(6, 12), "20:00..04:00": (*range(20, 24), *range(4))}.get(keys.get("time"), range(24))
    return is_among(row["src"], keys.get("src")) and is_among(row["dst"], keys.get("dst")) and hour in at \
        and int(first) <= row["dport"] <= int(last or first)  # fmt: skip


def is_among(address, end):
    if end in (None, "*"):
        return True
    if end.startswith("!"):
        return address != end[1:]
    return ip_address(address) in ip_network(end)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, rules=RULES, evaluate=st.sampled_from(["first", "all"]), default=st.sampled_from(["allow", "deny"]))
def test_check__agrees_with_a_plain_judge(tmp_path, rows, rules, evaluate, default):
    texts = [rule(**{"direction": "packet", **keys, "name": f"r{n}"}) for n, keys in enumerate(rules)]
    results = found(tmp_path, rows, *texts, head=f'evaluate = "{evaluate}"\ndefault = "{default}"\n')
    shutil.rmtree(tmp_path / "results")

    broken = {(name, frame) for name, *_, frames in results for frame in frames}
    assert broken == plainly(rows, rules, evaluate=evaluate, default=default)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """Results of real captures, and the policy learnt from each."""
    folder = tmp_path_factory.mktemp("learnt")
    for name in ("office", "beacon", "vlan-tunnels", "fragments", "oddities"):
        extract([str(SAMPLES / f"{name}.pcap")], folder / name, workers=0)
        merge(folder / name)
        (folder / f"{name}.toml").write_text(learn_policy(folder / name))
    return folder


@pytest.mark.parametrize("name", ["office", "beacon", "vlan-tunnels", "fragments", "oddities"])
def test_learnt__is_kept_by_the_traffic_it_was_learnt_from(learnt, name):
    with checked(learnt / name, learnt / f"{name}.toml") as verdict:
        assert verdict.is_kept


@pytest.mark.parametrize(("name", "other"), [("office", "beacon"), ("beacon", "office"), ("fragments", "oddities")])
def test_learnt__is_broken_by_other_traffic(learnt, name, other):
    with checked(learnt / other, learnt / f"{name}.toml") as verdict:
        assert verdict.counts.keys() & {"default", "non_ip"}


def test_learnt__folded_is_kept_too(learnt, tmp_path):
    (tmp_path / "folded.toml").write_text(learn_policy(learnt / "office", fold="24,64"))
    with checked(learnt / "office", tmp_path / "folded.toml") as verdict:
        assert verdict.is_kept


def test_learnt__a_planted_packet_is_found_and_nothing_else(tmp_path):
    rows = [UDP, REPLY, *TELNET]
    (tmp_path / "policy.toml").write_text(learn_policy(made(tmp_path / "before", rows)))
    planted = [*rows, {**UDP, "dport": 514, "sport": 514}]

    with checked(made(tmp_path / "after", planted), tmp_path / "policy.toml") as verdict:
        assert [(v.src, v.dst, v.port, v.frames) for v in verdict.violations()] == [(A, B, 514, (5,))]


def test_learnt__rules_have_names_of_their_own(tmp_path):
    # A second rule of port 4 beside one of port 42, and several without ports beside one of port 2.
    hosts = [f"10.0.0.{number}" for number in range(1, 5)]
    fragments = [{**UDP, "src": host, "dst": host, "sport": None, "dport": None, "frag_offset": 9} for host in hosts]
    rows = [{**UDP, "src": A, "dst": host, "dport": port} for host, port in zip(hosts, (4, 42, 2, 2), strict=True)]
    (tmp_path / "policy.toml").write_text(learn_policy(made(tmp_path / "results", [*rows, *fragments])))

    with checked(tmp_path / "results", tmp_path / "policy.toml") as verdict:
        assert verdict.is_kept


def test_learnt__traffic_without_ports_allows_no_ports(tmp_path):
    fragment = {**UDP, "sport": None, "dport": None, "frag_offset": 185}
    (tmp_path / "policy.toml").write_text(learn_policy(made(tmp_path / "before", [fragment, {**UDP, "src": C}])))

    with checked(made(tmp_path / "after", [UDP]), tmp_path / "policy.toml") as verdict:
        assert verdict.n_violations == 1


def command(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


@pytest.fixture
def telnet(tmp_path):
    (tmp_path / "policy.toml").write_text(rule("deny", port=23) + rule("require", port=22))
    return made(tmp_path / "results", [UDP, *TELNET])


def test_command__exits_with_8_and_json_agrees(telnet):
    result = command(telnet, telnet.parent / "policy.toml", "--json", "-")
    content = json.loads(result.stdout)

    assert (result.exit_code, content["failed"], content["counts"], content["unmet"], len(content["violations"])) == (
        8, True, {"deny": 1}, ["require"], 1)  # fmt: skip


def test_command__exits_with_0_and_json_agrees(telnet):
    (telnet.parent / "policy.toml").write_text("")
    result = command(telnet, telnet.parent / "policy.toml", "--json", "-")

    assert (result.exit_code, json.loads(result.stdout)["violations"]) == (0, [])


def test_command__writes_nothing_for_a_bad_policy(telnet):
    (telnet.parent / "policy.toml").write_text("nothing = 1\n")
    before = sorted(telnet.parent.rglob("*"))
    result = command(telnet, telnet.parent / "policy.toml", "--json", telnet.parent / "a" / "check.json")

    assert (result.exit_code, sorted(telnet.parent.rglob("*"))) == (2, before)


def test_command__half_finished_results_are_refused(telnet):
    shutil.rmtree(telnet / "flows")

    assert command(telnet, telnet.parent / "policy.toml").exit_code == 2


def test_command__changes_nothing_in_the_results(telnet):
    before = {path: path.stat().st_mtime_ns for path in telnet.rglob("*")}
    command(telnet, telnet.parent / "policy.toml")

    assert {path: path.stat().st_mtime_ns for path in telnet.rglob("*")} == before


@pytest.mark.parametrize("arguments", [(), ("policy.toml", "--learn"), ("policy.toml", "--fold", "24")])
def test_command__what_does_not_go_together_is_refused(telnet, arguments, monkeypatch):
    monkeypatch.chdir(telnet.parent)

    assert command(telnet, *arguments).exit_code == 2


def test_command__learn_writes_what_check_reads(telnet, tmp_path):
    assert command("--learn", telnet, "--out", tmp_path / "learnt.toml").exit_code == 0
    assert command(telnet, tmp_path / "learnt.toml").exit_code == 0


def test_command__learn_prints_the_policy(telnet):
    assert command("--learn", telnet).stdout == learn_policy(telnet)


HOSTILE = "x\x1b[2J\n</td>|<script>"


@pytest.fixture
def hostile(tmp_path):
    (tmp_path / "policy.toml").write_text(rule("deny", name=HOSTILE, dst=B) + rule("require", name="r\x1b", dst=C))
    with checked(made(tmp_path / "results", [{**UDP, "type": HOSTILE}]), tmp_path / "policy.toml") as verdict:
        yield verdict


def test_terminal_text__has_no_control_characters(hostile):
    assert all(line.isprintable() for line in terminal_text(hostile).split("\n"))


def test_terminal_text__begins_no_line_with_a_name(hostile):
    assert not any(line.strip().startswith(("x", "<")) for line in terminal_text(hostile).split("\n"))


def test_markdown_text__has_no_tags_of_a_name(hostile):
    assert "<" not in markdown_text(hostile)


def test_junit__parses_and_has_a_case_for_each_rule(hostile):
    root = ElementTree.fromstring(junit_of(hostile))

    assert (len(root.findall(".//testcase")), len(root.findall(".//failure"))) == (2, 2)


def test_json__parses_and_keeps_names_as_they_are(hostile):
    content = json.loads("\n".join(json_lines(hostile)))

    assert content["violations"][0]["rule"] == HOSTILE
