"""Messages of DNS, multicast DNS and LLMNR, given as octets."""

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR

from batchgraph.naming.dns import dns_names

# The answer in frame 6 of sample_pcaps/dns-ipv6.pcapng, as dnsmasq sent it: www.example is 10.20.0.10.
ANSWER = bytes.fromhex(
    "23d7 8580 0001 0001 0000 0000 03777777 076578616d706c65 00 0001 0001 c00c 0001 0001 00000000 0004 0a14000a"
)
QUESTION = "03777777 076578616d706c65 00 0001 0001"
IN_A = "0001 0001 0000003c 0004"


def message(*parts, flags="8180", questions=1, answers=1, authorities=0, additional=0):
    counts = "".join(f"{count:04x}" for count in (questions, answers, authorities, additional))
    return bytes.fromhex("1234" + flags + counts + "".join(parts))


def said(octets, source="dns", **options):
    return [(one.address, one.name) for one in dns_names(octets, source, **options)]


def test_answer__of_a_real_server_is_read():
    assert said(ANSWER) == [("10.20.0.10", "www.example")]


def test_alias__that_was_asked_for_comes_before_the_name_it_leads_to():
    # www.example is an alias of a.example, the name at 0x10 is "example".
    octets = message(QUESTION, "c00c 0005 0001 0000003c 0004 0161 c010", "c029", IN_A, "0a000001", answers=2)

    assert said(octets) == [("10.0.0.1", "www.example"), ("10.0.0.1", "a.example")]


def test_aliases__that_lead_in_a_circle_end():
    octets = message(QUESTION, "c00c 0005 0001 0000003c 0002 c00c", "c00c", IN_A, "0a000001", answers=2)

    assert said(octets) == [("10.0.0.1", "www.example")]


def test_ipv6_address__is_written_as_in_edge_records():
    octets = message(QUESTION, "c00c 001c 0001 0000003c 0010 20010db8000000000000000000000001")

    assert said(octets) == [("2001:db8::1", "www.example")]


@pytest.mark.parametrize(
    ("owner", "address"),
    [
        ("1.0.20.10.in-addr.arpa.", "10.20.0.1"),
        ("1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa.", "2001:db8::1"),
    ],
)
def test_reverse_name__tells_the_address(owner, address):
    octets = bytes(DNS(qr=1, qd=[DNSQR(qname=owner, qtype="PTR")], an=[DNSRR(rrname=owner, type="PTR", rdata="gw.x.")]))

    assert said(octets) == [(address, "gw.x")]


@pytest.mark.parametrize("owner", ["256.0.0.10.in-addr.arpa.", "0.10.in-addr.arpa.", "x.ip6.arpa.", "in-addr.arpa."])
def test_reverse_name__that_is_of_no_address_tells_nothing(owner):
    octets = bytes(DNS(qr=1, qd=[], an=[DNSRR(rrname=owner, type="PTR", rdata="gw.x.")]))

    assert said(octets) == []


@pytest.mark.parametrize("address", ["00000000", "7f000001", "ffffffff"])
def test_address__that_is_nobodys_gets_no_name(address):
    assert said(message(QUESTION, "c00c", IN_A, address)) == []


@pytest.mark.parametrize("flags", ["0100", "8183", "a980"], ids=["query", "no such name", "other operation"])
def test_message__that_is_no_good_answer_says_nothing(flags):
    assert said(message(QUESTION, "c00c", IN_A, "0a000001", flags=flags)) == []


def test_mdns__counts_all_sections_and_the_class_without_its_flag():
    # RFC 6762, 10.2: 0x8001 is IN with the cache-flush bit.
    record = "04 68657265 05 6c6f63616c 00 0001 8001 00000078 0004 0a000001"
    octets = message(record, flags="8400", questions=0, answers=0, additional=1)

    assert said(octets, "mdns") == [("10.0.0.1", "here.local")]
    assert said(octets, "dns") == []


def test_message__cut_short_says_what_precedes_the_cut():
    octets = message(QUESTION, "c00c", IN_A, "0a000001", "c00c", IN_A, "0a00", answers=2)

    assert said(octets) == [("10.0.0.1", "www.example")]
    assert said(octets, whole=True) == []


@pytest.mark.parametrize("length", range(len(ANSWER)))
def test_message__may_end_anywhere(length):
    assert said(ANSWER[:length]) == []


@pytest.mark.parametrize(
    "name",
    ["c00c", "c00d", "01 61 c00c", "3fff", "ffff", "80", "3f" + "61" * 63 + "c00c"],
    ids=["to itself", "into itself", "loop", "cut", "out", "reserved", "long loop"],
)
def test_pointer__that_loops_or_leaves_the_message_is_refused(name):
    assert said(message(name, IN_A, "0a000001", questions=0)) == []


def test_name__longer_than_255_octets_is_refused():
    longest = "3f" + "61" * 63
    first = longest * 3 + "3d" + "61" * 61 + "00"

    assert len(said(message(first, IN_A, "0a000001", questions=0))) == 1
    assert said(message("0161" + first, IN_A, "0a000001", questions=0)) == []


def test_pointers__through_a_long_message_cost_little():
    # Every record's name begins elsewhere in a run of labels that the first one holds, and ends as that does.
    run = "0161" * 120 + "00"
    records = [f"c0{12 + 2 * (i % 120):02x}{IN_A}0a{i:06x}" for i in range(100)]
    octets = message(run, IN_A, "0b000000", *records, questions=0, answers=101)

    names = said(octets)

    assert len(names) == 101
    assert names[2] == ("10.0.0.1", ".".join("a" * 119))


@pytest.mark.parametrize(
    ("label", "written"),
    [
        (b"WwW", "www"),
        (b"a.b", "a\\.b"),
        (b"a\\", "a\\\\"),
        (b"\x1b[2J\r\n", "\\x1b[2j\\x0d\\x0a"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("caf\u00e9".encode(), "caf\u00e9"),
        ("\u202egpj".encode(), "\\u202egpj"),
        (b"=cmd|'/c'!a1", "=cmd|'/c'!a1"),
    ],
)
def test_name__of_any_octets_becomes_printable_text(label, written):
    ((_address, name),) = said(message(f"{len(label):02x}", label.hex(), "00", IN_A, "0a000001", questions=0))

    assert name == written
    assert name.isprintable()


def test_names__are_those_that_scapy_reads():
    packet = DNS(ANSWER)

    assert said(ANSWER) == [(record.rdata, record.rrname.decode().rstrip(".").lower()) for record in packet.an]
