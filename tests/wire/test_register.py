import pytest

import batchgraph
from batchgraph import wire
from batchgraph.decode.program import build
from batchgraph.wire import Bits, Header, Space, TableError
from tests.decode.decoding import ETHERNET, decode_one, ipv4, udp

# VXLAN (RFC 7348, section 5) on a port of one's own.
OWN_VXLAN = Header("own_vxlan", {Space.UDP_PORT: (4799,)}, min_octets=8, then="ethernet", tunnel="vxlan-4799")
INNER = ETHERNET + "0800" + ipv4(17, udp(), src="0a000001")


@pytest.fixture(autouse=True)
def _nothing_stays_registered(monkeypatch):
    monkeypatch.setattr(wire, "_added", [])


def decoded(packet):
    return decode_one(ETHERNET, "0800", packet, program=build(wire.table()))


def test_register__adds_a_tunnel_to_the_table():
    batchgraph.register(OWN_VXLAN)

    row = decoded(ipv4(17, udp("08000000 00000100" + INNER, dport=4799)))

    assert (row["src"], row["outer_src"], row["tunnel"]) == ("10.0.0.1", "192.0.2.1", "vxlan-4799")


def test_register__of_what_is_there_already_changes_nothing():
    batchgraph.register(OWN_VXLAN)
    batchgraph.register(OWN_VXLAN)

    assert wire.added() == (OWN_VXLAN,)


def test_register__takes_a_number_from_a_mere_name():
    batchgraph.register(
        Header("rsvp", {Space.IP_PROTOCOL: (46,)}, min_octets=8, type="RSVP!", columns={"icmp_type": Bits(1)})
    )

    row = decoded(ipv4(46, "1001 0000 ff00 0008"))

    assert (row["type"], row["icmp_type"]) == ("RSVP!", 1)


def test_register__leaves_common_packets_as_they_were():
    batchgraph.register(OWN_VXLAN)

    assert decoded(ipv4(17, udp("61")))["load"] == 1


def test_register__refuses_a_number_that_is_taken():
    with pytest.raises(TableError, match="0x800 is claimed by both ipv4 and mine"):
        batchgraph.register(Header("mine", {Space.ETHERTYPE: (0x0800,)}))


def test_register__keeps_nothing_that_was_refused():
    with pytest.raises(TableError):
        batchgraph.register(Header("mine", then="nothing"))

    assert wire.added() == ()
