import numpy as np
import pytest

from batchgraph.decode import program
from batchgraph.decode.primitives import find
from batchgraph.decode.program import NONE, build
from batchgraph.wire import HEADERS, Bits, Header, Space, TableError


@pytest.fixture(scope="module")
def table():
    return build(HEADERS)


def found(table, spaces, code):
    """Look a code up as a header that asks those spaces would."""
    header = next(h for h in HEADERS if h.spaces() == spaces and h.next_terms())
    space = table.program.headers[table.names.index(header.name), program.HEADER_FIELDS.index("space")]
    number = find(table.program, int(space), code)
    return None if number == NONE else table.names[number]


def test_codes__every_one_is_found(table):
    spaces = (Space.IPV6_EXTENSION, Space.IP_PROTOCOL)
    expected = {
        code: header.name for space in reversed(spaces) for header in HEADERS for code in header.codes.get(space, ())
    }

    assert {code: found(table, spaces, code) for code in expected} == expected


def test_codes__the_first_space_wins(table):
    assert found(table, (Space.IPV6_EXTENSION, Space.IP_PROTOCOL), 0) == "ipv6.hop_by_hop"
    assert found(table, (Space.IP_PROTOCOL,), 0) == "ip_protocol.0"


def test_codes__unknown_ones_are_not_found(table):
    assert found(table, (Space.ETHERTYPE, "ieee802.3.length"), 0x88B5) is None


def test_codes__of_one_space_are_not_seen_in_another(table):
    assert found(table, (Space.UDP_PORT,), 0x0800) is None


def test_protocol_types__name_what_ends_before_its_header(table):
    assert table.types[table.program.protocol_types[17]] == "UDP"
    assert table.program.protocol_types[253] == NONE


def test_build__refuses_a_column_that_headers_cannot_fill():
    with pytest.raises(TableError, match="column frame"):
        build((Header("a", min_octets=1, columns={"frame": Bits(0)}),))


def test_build__refuses_a_number_for_an_address():
    with pytest.raises(TableError, match="takes an address"):
        build((Header("a", min_octets=4, columns={"src": Bits(0, 4)}),))


def test_build__knows_a_table_that_is_not_the_packages():
    assert not build((Header("a"),)).is_standard


def test_programs__numbers_fit_their_columns(table):
    widths = {"vlan": 16, "ttl": 8, "proto": 8, "sport": 16, "dport": 16, "tcp_flags": 16, "icmp_type": 8,
              "icmp_code": 8, "frag_offset": 16}  # fmt: skip
    for slot, kind, read, _, _ in table.program.columns:
        if kind == 0:
            _, _, mask, shift, scale, bias, *_ = table.program.reads[read]
            assert int((np.int64(mask) >> shift) * scale + bias) < 1 << widths[program.SLOTS[slot]]
