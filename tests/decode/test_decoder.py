from batchgraph.decode.decoder import TableDecoder
from batchgraph.decode.program import build
from batchgraph.schema import edge_schema
from batchgraph.wire import HEADERS
from tests.decode.decoding import ETHERNET, TCP, decode_all, ipv4, octets, udp, window_of


def test_link_type_that_a_table_lacks__is_decoded_by_scapy():
    # LINKTYPE_LINUX_SLL2, which scapy knows too.
    lacking = build(tuple(header for header in HEADERS if header.name != "sll2"))
    packet = octets("0800 0000 00000002 0001 00 06 0200000000010000", ipv4(17, udp("61")))

    assert decode_all([packet], link_type=276, program=lacking) == decode_all([packet], link_type=276)


def test_group__is_filled_from_several_windows():
    decoder = TableDecoder(build(HEADERS), capacity=3)
    window = window_of([octets(ETHERNET, "0800", ipv4(6, TCP))] * 2)

    assert [decoder.decode(window, 0), decoder.decode(window, 0)] == [2, 1]
    assert decoder.group.n == decoder.group.capacity


def test_group__numbers_more_addresses_than_its_first_table_holds():
    packets = [octets(ETHERNET, "0800", ipv4(17, udp(), src=f"0a00{number:04x}")) for number in range(3000)]

    rows = decode_all(packets)

    assert [row["src"] for row in rows] == [f"10.0.{number >> 8}.{number & 255}" for number in range(3000)]


def test_group__forgets_what_was_numbered():
    decoder = TableDecoder(build(HEADERS), capacity=3)
    decoder.decode(window_of([octets(ETHERNET, "0800", ipv4(17, udp(), src="0a000001"))]), 0)
    decoder.group.clear()
    decoder.decode(window_of([octets(ETHERNET, "0800", ipv4(17, udp(), src="0a000002"))]), 0)

    column = decoder.group.to_arrow("a", 1, edge_schema("a")).column("src")

    assert column.dictionary.to_pylist() == ["10.0.0.2"]
