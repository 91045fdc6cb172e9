"""What a file is, by its first octets: capture formats that are read, ones that are only recognised, and the rest."""

from __future__ import annotations

from dataclasses import dataclass

PEEK_OCTETS = 65536
"""Octets from the start of a file by which its format is told."""

PCAP_MAGICS = {
    b"\xa1\xb2\xc3\xd4": "pcap",
    b"\xd4\xc3\xb2\xa1": "pcap",
    b"\xa1\xb2\x3c\x4d": "pcap",
    b"\x4d\x3c\xb2\xa1": "pcap",
    b"\xa1\xb2\xcd\x34": "pcap",
    b"\x34\xcd\xb2\xa1": "pcap",
    b"\x1c\x00\x01\xac": "pcap",
    b"\xac\x01\x00\x1c": "pcap",
    b"\x1c\x00\x01\xab": "pcap",
    b"\xab\x01\x00\x1c": "pcap",
}
"""Classic pcap in micro- and nanoseconds, as modified by Kuznetzov, and Ixia's, each in both byte orders."""

PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
SNOOP_MAGIC = b"snoop\0\0\0"

_CAPTURES = (
    (b"btsnoop\0", "btsnoop"),
    (b"RTSS", "Microsoft Network Monitor 1"),
    (b"GMBU", "Microsoft Network Monitor 2"),
    (b"ObserverPktBuffe", "Network Instruments Observer"),
    (b"TRSNIFF data    \x1a", "Sniffer (DOS)"),
    (b"XCP\0", "NetXray or Sniffer (Windows)"),
    (b"VL\0\0", "NetXray 1.0"),
    (b"iptrace 1.0", "AIX iptrace 1.0"),
    (b"iptrace 2.0", "AIX iptrace 2.0"),
    (b"\x7fver", "WildPackets or LiveAction Peek"),
    (b"\x05VNF", "Visual Networks"),
    (b"\xaa\xaa\xaa\xaa", "InfoVista 5View"),
    (b"\x00\x00\x02\x00\x12\x05\x00\x10", "Tektronix K12"),
    (b"\x54\x52\x00\x64\x00", "HP-UX nettl"),
    (b"EyeSDN", "EyeSDN"),
    (b"\x01\x10\x4c\x00\x01\x05Tr", "Novell LANalyzer"),
    (b"LOGG", "Vector BLF"),
)
_OTHERS = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"MSCF", "a cabinet archive"),
    (b"!<arch>\n", "an ar archive"),
    (b"\x1f\x9d", "a file compressed by compress (.Z)"),
    (b"\x02\x21\x4c\x18", "a file compressed by lz4 in its legacy format"),
    (b"\x89LZO\0", "a file compressed by lzop"),
    (b"LZIP", "a file compressed by lzip"),
    (b"\xff\x06\0\0sNaPpY", "a file compressed by snappy"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"LPKSHHRH", "a systemd journal"),
)


_UNKNOWN, _ZEROS, _ERF, _TEXT = "an unknown format", "nothing but zeros", "ERF (Endace)", "text"


@dataclass(frozen=True, slots=True)
class Format:
    """What a file is.

    Attributes
    ----------
    name
        ``pcap``, ``pcapng`` and ``snoop`` are read; others are named as people know them.
    is_capture
        Whether it holds packets, by evidence strong enough to take the file for a capture.
    """

    name: str
    is_capture: bool

    @property
    def is_read(self) -> bool:
        """Whether batchgraph reads the format."""
        return self.name in ("pcap", "pcapng", "snoop")

    @property
    def may_lack_header(self) -> bool:
        """Whether nothing is known of the file, so that it may be a capture whose header is lost."""
        return self.name.startswith((_UNKNOWN, _ZEROS, _ERF, _TEXT))


def recognise(head: bytes) -> Format:
    """Tell a file's format by its first octets (up to `PEEK_OCTETS`, fewer where the file is shorter)."""
    if head[:4] in PCAP_MAGICS:
        return Format("pcap", True)
    if head[:4] == PCAPNG_MAGIC:
        return Format("pcapng", head[8:12] in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"))
    if head.startswith(SNOOP_MAGIC):
        return Format("snoop", True)
    for magic, name in _CAPTURES:
        if head.startswith(magic):
            return Format(name, True)
    return Format(_name_other(head), False)


def _name_other(head: bytes) -> str:
    for magic, name in _OTHERS:
        if head.startswith(magic):
            return name
    if head[257:262] == b"ustar":
        return "a tar archive"
    if _is_erf(head):
        return _ERF
    if not head.strip(b"\0"):
        return _ZEROS
    if _is_text(head):
        return "an HTML page" if head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")) else _TEXT
    return f"{_UNKNOWN} beginning with {head[:8].hex(' ')}"


def _is_erf(head: bytes) -> bool:
    """Tell whether the file begins with two ERF records, or with one that ends it.

    ERF has no magic: its records have a little-endian time in seconds and fractions, a type from 1 to 48, and lengths
    in network order (Endace, "ERF types reference guide").
    """
    at = 0
    for _ in range(2):
        if len(head) - at < 16:
            return at > 0 and at == len(head)
        kind, length = head[at + 8] & 0x7F, int.from_bytes(head[at + 10 : at + 12], "big")
        if not 1 <= kind <= 48 or length < 16:
            return False
        at += length
    return at <= len(head) or len(head) == PEEK_OCTETS


def _is_text(head: bytes) -> bool:
    """Tell whether the octets are UTF-8 without control characters other than white space."""
    try:
        text = head[:4096].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head[:4096]) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return all(character >= " " or character in "\t\n\r\f\x1b" for character in text)
