"""Messages of the NetBIOS name service, given as octets (RFC 1002, section 4.2)."""

import pytest
from scapy.layers.netbios import NBNSHeader, NBNSRegistrationRequest

from batchgraph.naming.nbns import nbns_names

# LAPTOP, filled with blanks, and the octet 00 of a workstation, as letters for halves of octets (RFC 1001, 14.1).
LAPTOP = "20" + b"EMEBFAFEEPFACACACACACACACACACA".hex()
WORKSTATION, DOMAIN = b"AA".hex(), b"BL".hex()


def said(octets, sender="10.0.0.9"):
    return [(one.address, one.name) for one in nbns_names(octets, sender)]


def registration(last=WORKSTATION, flags="0000", operation="2910", address="0a000007"):
    # Registration of a name: it is asked for in the question and told in the additional record, which points there.
    question = f"{LAPTOP}{last} 00 0020 0001"
    return bytes.fromhex(
        f"0001 {operation} 0001 0000 0000 0001 {question} c00c 0020 0001 000493e0 0006 {flags} {address}"
    )


def test_registration__tells_the_senders_name():
    assert said(registration()) == [("10.0.0.7", "LAPTOP")]


def test_registration__written_by_scapy_is_read():
    request = NBNSRegistrationRequest(QUESTION_NAME=b"LAPTOP", SUFFIX=0x4141, NB_ADDRESS="10.0.0.7", G=0)

    assert said(bytes(NBNSHeader() / request)) == [("10.0.0.7", "LAPTOP")]


@pytest.mark.parametrize("flags", ["8000", "e000"])
def test_name__of_a_group_is_nobodys(flags):
    assert said(registration(flags=flags)) == []


def test_name__of_a_domain_is_no_hosts():
    assert said(registration(last=DOMAIN)) == []


def test_query__tells_nothing():
    assert said(registration(operation="0110")) == []


def test_answer__that_refuses_tells_nothing():
    assert said(registration(operation="ad86")) == []


def test_node_status__tells_the_senders_name():
    # RFC 1002, 4.2.18: the number of names, then each with its flags; 0x0400 is active, 0x8400 a group's.
    names = b"LAPTOP         \x00\x04\x00" + b"WORKGROUP      \x00\x84\x00" + b"ALICE          \x03\x04\x00"
    octets = bytes.fromhex(f"0001 8400 0000 0001 0000 0000 {LAPTOP}{WORKSTATION} 00 0021 0001 00000000 0037 03")

    assert said(octets + names) == [("10.0.0.9", "LAPTOP")]


def test_name__is_escaped():
    hostile = "20" + b"BLFLDCEK".hex() + b"CA".hex() * 11 + WORKSTATION
    octets = registration()
    octets = octets.replace(bytes.fromhex(LAPTOP + WORKSTATION), bytes.fromhex(hostile))

    assert said(octets) == [("10.0.0.7", "\\x1b[2J")]


@pytest.mark.parametrize("length", range(len(registration())))
def test_message__may_end_anywhere(length):
    assert said(registration()[:length]) == []
