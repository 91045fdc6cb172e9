"""DHCP messages as octets (RFC 2131, section 2; options by RFC 2132)."""

import pytest
from scapy.layers.dhcp import BOOTP, DHCP

from batchgraph.naming.dhcp import dhcp_names

KEY = "0000abcd 020000000001"
REQUEST, ACK, NAK, INFORM = "350103", "350105", "350106", "350108"
HOST_NAME = "0c06" + b"Laptop".hex()


def dhcp(*options, op=1, own="00000000", given="00000000"):
    head = f"{op:02x} 01 06 00 0000abcd 0000 0000 {own} {given} 00000000 00000000 020000000001" + "00" * 10
    return bytes.fromhex(head + "00" * 192 + "63825363" + "".join(options) + "ff")


def said(octets):
    return [tuple(one) for one in dhcp_names(octets)]


def test_request__is_noted_with_its_transaction():
    assert said(dhcp(REQUEST, HOST_NAME)) == [(KEY, "laptop", "dhcp-request")]


def test_acknowledgement__is_noted_with_the_address():
    assert said(dhcp(ACK, op=2, given="0a000007")) == [("10.0.0.7", KEY, "dhcp-ack")]


def test_acknowledgement__with_a_name_needs_no_request():
    assert said(dhcp(ACK, HOST_NAME, op=2, given="0a000007")) == [("10.0.0.7", "laptop", "dhcp")]


@pytest.mark.parametrize("kind", [REQUEST, INFORM])
def test_client__that_has_an_address_tells_it(kind):
    assert said(dhcp(kind, HOST_NAME, own="0a000007")) == [("10.0.0.7", "laptop", "dhcp")]


@pytest.mark.parametrize("name", ["00" + "0000" + b"pc.Example".hex(), "04" + "0000" + "02706307457861 6d706c65 00"])
def test_domain_name__is_read_in_both_forms(name):
    # RFC 4702, 2.1: flag E, 0x04, says that the name is encoded as in DNS.
    value = bytes.fromhex(name)

    assert said(dhcp(REQUEST, f"51{len(value):02x}", value.hex())) == [(KEY, "pc.example", "dhcp-request")]


def test_domain_name__comes_before_the_host_name():
    names = said(dhcp(REQUEST, HOST_NAME, "5105 000000 7063"))

    assert [name for _, name, _ in names] == ["pc", "laptop"]


def test_refusal__tells_nothing():
    assert said(dhcp(NAK, HOST_NAME, op=2, given="0a000007")) == []


def test_name__is_escaped():
    assert said(dhcp(ACK, "0c05 1b5b324a0a", op=2, given="0a000007")) == [("10.0.0.7", "\\x1b[2j\\x0a", "dhcp")]


def test_option__that_is_cut_short_ends_them():
    assert said(dhcp(REQUEST, "0c40 6162")[:-1]) == []


def test_request__written_by_scapy_is_read():
    options = [("message-type", "request"), ("hostname", b"pc7"), "end"]
    packet = BOOTP(xid=0xABCD, chaddr=bytes.fromhex("020000000001")) / DHCP(options=options)

    assert said(bytes(packet)) == [(KEY, "pc7", "dhcp-request")]


@pytest.mark.parametrize("length", range(0, 246, 7))
def test_message__may_end_anywhere(length):
    assert said(dhcp(ACK, HOST_NAME, op=2, given="0a000007")[:length]) in ([], [("10.0.0.7", KEY, "dhcp-ack")])
