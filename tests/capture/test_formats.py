"""What a file is, by its first octets; the magic numbers are those of the formats' descriptions and of file(1)."""

import pytest

from batchgraph.capture.formats import recognise


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("d4c3b2a1", "pcap"),
        ("a1b2c3d4", "pcap"),
        ("4d3cb2a1", "pcap"),
        ("a1b23c4d", "pcap"),
        ("34cdb2a1", "pcap"),
        ("a1b2cd34", "pcap"),
        ("0a0d0d0a 1c000000 4d3c2b1a", "pcapng"),
        ("0a0d0d0a 0000001c 1a2b3c4d", "pcapng"),
        ("736e6f6f70000000", "snoop"),
    ],
)
def test_recognise__formats_that_are_read(octets, head, name):
    known = recognise(octets(head))

    assert (known.name, known.is_capture, known.is_read) == (name, True, True)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"btsnoop\0\0\0\0\1", "btsnoop"),
        (b"RTSS\1\1", "Microsoft Network Monitor 1"),
        (b"GMBU\0\2", "Microsoft Network Monitor 2"),
        (b"ObserverPktBufferVersion=09.00", "Network Instruments Observer"),
        (b"TRSNIFF data    \x1a", "Sniffer (DOS)"),
        (b"iptrace 2.0", "AIX iptrace 2.0"),
    ],
)
def test_recognise__captures_that_are_not_read(head, name):
    known = recognise(head)

    assert (known.name, known.is_capture, known.is_read) == (name, True, False)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"PK\3\4\x14\0", "a zip archive"),
        (b"a.pcap".ljust(257, b"\0") + b"ustar\x0000", "a tar archive"),
        (b"\x7fELF\2\1", "an ELF program"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
        (b"Rar!\x1a\x07\1\0", "a rar archive"),
        (b"hello, world\n", "text"),
        ("größer\n".encode(), "text"),
        (b"\n<!DOCTYPE html>\n", "an HTML page"),
        (bytes(100), "nothing but zeros"),
        (b"\x01\x02\x03\xff\xfe\xfd\xfc\xfb\xfa", "an unknown format beginning with 01 02 03 ff fe fd fc fb"),
    ],
)
def test_recognise__files_that_are_no_captures(head, name):
    known = recognise(head)

    assert (known.name, known.is_capture) == (name, False)


def test_recognise__erf_by_two_records(octets):
    # Endace ERF: time, type 2 (Ethernet), flags 4, record length 24, no loss, wire length 60, then eight octets.
    record = "00000000 00e10b5e 02 04 0018 0000 003c 0000 aabbccddeeff"
    known = recognise(octets(record, record))

    assert (known.name, known.is_capture) == ("ERF (Endace)", False)


def test_recognise__text_cut_within_a_character_is_text():
    assert recognise(("a" + "ü" * 5000).encode()[:4096]).name == "text"
