"""Names found in packets: their payload found again behind whatever headers, and the limit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.capture.index import SUSPECT
from batchgraph.decode.decoder import ScapyDecoder, TableDecoder
from batchgraph.decode.program import build
from batchgraph.naming import said
from batchgraph.naming.collect import collect_names
from batchgraph.naming.dns import dns_names
from batchgraph.naming.said import Collected
from batchgraph.wire import table
from tests.decode.decoding import ETHERNET, ipv4, ipv6, octets, udp, window_of
from tests.naming.test_dhcp import ACK, HOST_NAME, dhcp
from tests.naming.test_dns import ANSWER, message
from tests.naming.test_nbns import registration

ANSWERED = ("10.20.0.10", "www.example", "dns")
PROGRAM = build(table(()))


def frame_of(payload, *, sport=53, src="c0000201", **options):
    return octets(ETHERNET, "0800", ipv4(17, udp(payload.hex(), sport=sport, **options), src=src))


def collected(*packets, decoder=TableDecoder, trust=None):
    """Collect what packets say; those before them in the group were decoded earlier."""
    window = window_of(packets)
    if trust is not None:
        window.index.trust[:] = trust
    decode, names = decoder(PROGRAM, capacity=100), Collected()
    first = 0
    while first < len(packets):
        row = decode.group.n
        after = decode.decode(window, first)
        collect_names(names, window, first, decode.group, row, frame=1 + row)
        first = after
    return names


def names_in(*packets, **options):
    return [tuple(one) for one in collected(*packets, **options).first]


def tcp(payload, *, flags="5018", sport="0035"):
    return f"{sport} c000 00000001 00000001 {flags} ffff 0000 0000" + payload.hex()


def in_tcp(*payloads, **options):
    return octets(ETHERNET, "0800", ipv4(6, tcp(b"".join(payloads), **options)))


MESSAGE = len(ANSWER).to_bytes(2) + ANSWER


@pytest.mark.parametrize("decoder", [TableDecoder, ScapyDecoder])
def test_answer__is_found(decoder):
    assert names_in(frame_of(ANSWER), decoder=decoder) == [ANSWERED]


def test_answer__is_found_behind_tags_and_tunnels():
    # RFC 7348, section 5: VXLAN is on port 4789, its header is 8 octets with the I flag.
    inner = octets("08000000 00000100", ETHERNET, "8100 0005 86dd", ipv6(17, udp(ANSWER.hex(), sport=53)))

    assert names_in(frame_of(inner, sport=0xC000, dport=4789)) == [ANSWERED]


def test_answer__that_an_icmp_error_quotes_is_none():
    quoted = ipv4(17, udp(ANSWER.hex(), sport=53))

    assert names_in(octets(ETHERNET, "0800", ipv4(1, "0303 0000 00000000" + octets(quoted).hex()))) == []


def test_answer__followed_by_padding_is_read_to_its_length():
    assert names_in(frame_of(ANSWER) + bytes(18)) == [ANSWERED]


def test_answer__cut_by_the_snap_length_says_nothing():
    assert names_in(frame_of(ANSWER)[:-1]) == []


def test_question__says_nothing():
    assert names_in(frame_of(ANSWER, sport=0xC000, dport=53)) == []


def test_tcp__a_segment_with_a_message_too_short_for_a_header_is_no_dns():
    assert names_in(in_tcp(MESSAGE, bytes(2))) == []
    assert names_in(in_tcp(MESSAGE, (11).to_bytes(2), bytes(11))) == []


def test_tcp__messages_that_lie_whole_in_a_segment_are_read():
    other = MESSAGE.replace(b"www", b"ftp")

    assert names_in(in_tcp(MESSAGE, other)) == [ANSWERED, ("10.20.0.10", "ftp.example", "dns")]


def test_tcp__options_are_passed():
    segment = "0035 c000 00000001 00000001 8018 ffff 0000 0000" + "01" * 12 + MESSAGE.hex()

    assert names_in(octets(ETHERNET, "0800", ipv4(6, segment))) == [ANSWERED]


@pytest.mark.parametrize("payload", [MESSAGE[:-1], MESSAGE[2:], MESSAGE + b"\0\x05abc"], ids=["cut", "middle", "more"])
def test_tcp__what_is_no_whole_message_says_nothing(payload):
    assert names_in(in_tcp(payload)) == []


def test_dhcp__is_read():
    packet = frame_of(dhcp(ACK, HOST_NAME, op=2, given="0a000007"), sport=67, dport=68)

    assert names_in(packet) == [("10.0.0.7", "laptop", "dhcp")]


def test_nbns__is_read():
    assert names_in(frame_of(registration(), sport=137, dport=137)) == [("10.0.0.7", "LAPTOP", "nbns")]


def test_node_status__is_of_the_sender():
    names = b"LAPTOP         \x00\x04\x00"
    status = bytes.fromhex("0001 8400 0000 0001 0000 0000 20 434b" + "41" * 30 + "00 0021 0001 00000000 0013 01")

    assert names_in(frame_of(status + names, sport=137, dport=137)) == [("192.0.2.1", "LAPTOP", "nbns")]


@pytest.mark.parametrize(("port", "source"), [(5353, "mdns"), (5355, "llmnr")])
def test_source__is_told_by_the_port(port, source):
    assert names_in(frame_of(ANSWER, sport=port)) == [("10.20.0.10", "www.example", source)]


def test_packet__is_the_first_and_all_are_counted():
    names = collected(frame_of(b""), frame_of(ANSWER), frame_of(b"x"), frame_of(ANSWER))

    assert list(names.first.values()) == [[2, 0, 2]]


def test_packet__that_is_suspect_is_not_asked():
    assert names_in(frame_of(ANSWER), trust=SUSPECT) == []


def test_limit__keeps_all_of_the_packet_that_passes_it_and_nothing_after(monkeypatch):
    monkeypatch.setattr(said, "MAX_NAMES", 1)
    other, last = (frame_of(ANSWER.replace(b"www", name)) for name in (b"ftp", b"irc"))

    assert len(names_in(frame_of(ANSWER), other, last)) == 2


def test_name__longer_than_any_of_dns_once_escaped_is_left_out():
    label = "3f" + "ff" * 63
    long = message(label, "0161 00 0001 0001 0000003c 0004 0a000001", questions=0)

    assert len(names_in(frame_of(long))) == 1
    assert names_in(frame_of(message(label, label, "00 0001 0001 0000003c 0004 0a000001", questions=0))) == []


def test_ports__left_in_the_place_of_a_row_without_are_not_taken_for_its_own():
    decoder = TableDecoder(PROGRAM, capacity=2)
    decoder.group.rows.values[:] = 53
    window = window_of([octets(ETHERNET, "0806", "00")])
    decoder.decode(window, 0)
    names = Collected()

    collect_names(names, window, 0, decoder.group, 0, frame=1)

    assert names.first == {}


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=120), st.sampled_from([53, 67, 68, 137, 5353, 5355]))
def test_payload__may_be_anything(payload, port):
    head = ANSWER[:12] if port not in (67, 68) else dhcp(ACK)[:240]

    assert all(name.isprintable() for _, name, _ in names_in(frame_of(head + payload, sport=port)))


@settings(deadline=None, max_examples=300)
@given(st.integers(12, len(ANSWER) - 1), st.integers(0, 255))
def test_answer__with_a_changed_octet_is_read_or_not(place, octet):
    changed = bytearray(ANSWER)
    changed[place] = octet

    assert all(np.all([name.isprintable() for name in one[:2]]) for one in dns_names(bytes(changed), "dns"))
