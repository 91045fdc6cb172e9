"""Classic pcap files, with the variants that libpcap and Wireshark read (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchgraph.capture import records, walk
from batchgraph.capture.formats import PEEK_OCTETS
from batchgraph.capture.framing import FAULTS, State, Walked, columns, frozen, thawed
from batchgraph.capture.index import NO_NUMBER, REPAIRED, SOUND, Accounting, PacketIndex, Problem
from batchgraph.capture.look import Look, look
from batchgraph.capture.lost_header import LostHeader
from batchgraph.capture.mend_pcap import PcapMender
from batchgraph.capture.salvage import Mended
from batchgraph.capture.walk_pcap import walk_pcap
from batchgraph.errors import CaptureError, CorruptCaptureError, UnsupportedCaptureError

_NANOSECONDS = (0xA1B23C4D, 0x1C0001AC)
_IXIA = (0x1C0001AC, 0x1C0001AB)
_STANDARD = 0xA1B2C3D4
_MODIFIED = 0xA1B2CD34

_AIX_LINK_TYPES = {6: 1, 9: 6, 15: 10, 24: 0}
"""What AIX writes in version 2.2 files, interface types of RFC 1573, as LINKTYPE_ numbers."""

_VARIANTS = {
    _STANDARD: ((16, "pcap"), (24, "pcap-ss990417"), (20, "pcap-nokia")),
    _MODIFIED: ((24, "pcap-ss991029"), (28, "pcap-ss990915")),
}
"""By magic number, the lengths of a record header in the order of trust; the kinds after the first share its magic."""

_RECORDS_TRIED = 3
_FILE_HEADER = 24


@dataclass(frozen=True, slots=True)
class FileHeader:
    """The file header of a classic pcap file, as far as it bears on the records."""

    magic: int
    big: bool
    version: tuple[int, int]
    snapshot_length: int
    link_type_field: int

    @property
    def octets(self) -> int:
        """Length of the file header; Ixia's holds one number more."""
        return 28 if self.magic in _IXIA else 24

    @property
    def is_aix(self) -> bool:
        """Whether AIX wrote it: version 2.2 with an interface type where the link type belongs (as wiretap tells)."""
        return self.magic == _STANDARD and self.version == (2, 2) and self.link_type_field in _AIX_LINK_TYPES

    @property
    def link_type(self) -> int:
        """The LINKTYPE_, or `NO_NUMBER` where bits are set that are reserved.

        Above the 16 bits of the number stand the length of the frame check sequence (4 bits), a reserved bit, the flag
        that this length is given, and ten reserved bits. The first reserved bit is passed over, as writers set it.
        """
        if self.is_aix:
            return _AIX_LINK_TYPES[self.link_type_field]
        return NO_NUMBER if self.link_type_field & 0x03FF0000 else self.link_type_field & 0xFFFF

    @property
    def lengths(self) -> int:
        """Order of the two lengths: versions before 2.3, and DG/UX's 543.0, have the one on the wire first.

        Some writers of 2.3 have it too, which shows where a packet would be longer captured than on the wire.
        """
        if self.version < (2, 3) or self.version == (543, 0):
            return records.NOT_SWAPPED if self.is_aix else records.SWAPPED
        return records.SWAPPED_WHERE_LARGER if self.version == (2, 3) else records.NOT_SWAPPED

    @property
    def fraction_ns(self) -> int:
        """Nanoseconds in one unit of a record's fraction of a second."""
        return 1 if self.magic in _NANOSECONDS or self.is_aix else 1000


def read_file_header(head: bytes) -> FileHeader:
    """Read the file header.

    Raises
    ------
    CorruptCaptureError
        If the file ends within it.
    UnsupportedCaptureError
        If it is of major version 0 or 1, which libpcap and Wireshark do not read either.
    """
    big = head[:1] in (b"\xa1", b"\x1c")
    order = ">" if big else "<"
    (magic,) = struct.unpack_from(order + "I", head)
    if len(head) < (28 if magic in _IXIA else 24):
        raise CorruptCaptureError(f"the file ends after {len(head)} octets, within its header")
    major, minor, snapshot_length, link_type = struct.unpack_from(order + "HH8xII", head, 4)
    if major < 2:
        raise UnsupportedCaptureError(f"pcap version {major}.{minor}", offset=4)
    return FileHeader(magic, big, (major, minor), snapshot_length, link_type)


def choose_variant(header: FileHeader, head: bytes) -> tuple[int, str]:
    """Tell by the first records how long a record header is, and the name of that variant.

    Several patched versions of libpcap wrote longer record headers under the same magic number. The usual one is taken
    unless another raises fewer doubts and is convincing besides, as damage alone must not make a file look like one: by
    the fields that only it has, or by two whole records without a doubt.
    """
    if header.magic == _STANDARD and header.version != (2, 4):
        return 16, "pcap-aix" if header.is_aix else "pcap"
    best, *others = _VARIANTS.get(header.magic, ((16, "pcap"),))
    _, plain, extra = _try_variant(header, head, *best)
    least = plain + extra
    for other in others:
        whole, plain, extra = _try_variant(header, head, *other)
        if plain + extra < least and ((whole > 0 and extra == 0) or (whole > 1 and plain == 0)):
            best, least = other, plain + extra
    return best


def _try_variant(header: FileHeader, head: bytes, octets: int, name: str) -> tuple[int, int, int]:
    """Read the first records as if their headers were `octets` long.

    Returns how many were whole, and how many things were strange about the usual fields and about the variant's own.
    """
    order = ">" if header.big else "<"
    at, plain, extra = header.octets, 0, 0
    for whole in range(_RECORDS_TRIED):
        if len(head) - at < octets:
            return whole, plain + int(at != len(head)), extra
        fraction, captured, wire = (int(number) for number in struct.unpack_from(order + "4xIII", head, at))
        too_long = captured > walk.largest_packet(header.link_type)
        plain += int(fraction >= 1_000_000) + int(too_long) + int(captured > header.snapshot_length)
        plain += int(wire > walk.MAX_PACKET_DBUS) + int(captured > wire)
        extra += _extra_doubts(head, at + 16, order, name)
        at += octets + captured
        if too_long or at > len(head):
            return whole, plain + int(not too_long), extra
    return _RECORDS_TRIED, plain, extra


def _extra_doubts(head: bytes, at: int, order: str, name: str) -> int:
    """Count what is strange about the fields that a variant adds."""
    if name == "pcap":
        return 0
    if name == "pcap-nokia":
        # Seen there: 0xXfbfYZ0W with X 9 or b, Y b or d, Z 6 or 9, W 1 or 2 (Wireshark).
        extra: int = struct.unpack_from(order + "I", head, at)[0]
        return not (
            extra & 0x0FFF00F0 == 0x0FBF0000
            and extra >> 28 in (0x9, 0xB)
            and extra >> 12 & 0xF in (0xB, 0xD)
            and extra >> 8 & 0xF in (0x6, 0x9)
            and extra & 0xF in (1, 2)
        )
    # Index of the interface, its Ethernet type, and how the packet was addressed (Linux's PACKET_HOST to _LOOPBACK).
    number, protocol, addressed = struct.unpack_from(order + "IHB", head, at)
    known = protocol >= 0x0600 or protocol <= 0x0017 or protocol in (0x0060, 0x0200, 0x0400)
    return int(number > 10_000) + int(not known) + int(addressed > 4)


class PcapFraming:
    """The records of a classic pcap file.

    Parameters
    ----------
    head
        The first octets of the file, by which its layout is told.
    accounting
        Gets format, link type and octets.
    """

    def __init__(self, head: bytes, accounting: Accounting) -> None:
        header = read_file_header(head)
        record_header, name = choose_variant(header, head)
        self.header_octets = header.octets
        self._accounting = accounting
        accounting.format += name.removeprefix("pcap")
        self._layout = np.zeros(records.LAYOUT_PLACES, np.int64)
        self._mender = PcapMender(self._layout)
        self._begin(header, record_header)

    @classmethod
    def without_header(cls, lost: LostHeader, accounting: Accounting) -> PcapFraming:
        """Read a file whose header was inferred; its records are searched for from the start."""
        self = cls.__new__(cls)
        self.header_octets = 0
        self._accounting = accounting
        self._layout = lost.layout
        self._mender = PcapMender(self._layout)
        self._mender.is_lost = self._mender.is_headless = True
        if lost.layout[records.LINK_TYPE] != NO_NUMBER:
            accounting.link_types.add(int(lost.layout[records.LINK_TYPE]))
        return self

    @classmethod
    def resumed(cls, state: State, accounting: Accounting) -> PcapFraming:
        """Go on where another framing was in `state`."""
        self = cls.__new__(cls)
        self.header_octets = 0
        self._accounting = accounting
        self._layout, search = thawed(state)
        self._mender = PcapMender(self._layout)
        self._mender.is_lost, self._mender.is_headless = bool(search[0]), bool(search[1])
        self._mender.passed = int(search[2])
        return self

    def state(self) -> State:
        """Give all that bears on what is read from here on."""
        mender = self._mender
        return frozen(self._layout, np.array([mender.is_lost, mender.is_headless, mender.passed], np.int64))

    def mark_repaired(self) -> None:
        """Let no packet be beyond doubt."""
        self._layout[records.TRUST] = REPAIRED

    @property
    def is_lost(self) -> bool:
        """Whether the next record is still searched for."""
        return self._mender.is_lost

    def _begin(self, header: FileHeader, record_header: int) -> None:
        """Take in a file header, and account for it."""
        accounting, layout = self._accounting, self._layout
        accounting.octets["header"] += header.octets
        if header.link_type == NO_NUMBER:
            what = f"link-type field {header.link_type_field:#010x} uses reserved bits: no link type is known"
            accounting.problems.append(Problem(20, what, kept="all packets, undecoded"))
        else:
            accounting.link_types.add(header.link_type)
        set_layout(layout, header, record_header)

    def walk(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex, *, at_end: bool) -> Walked:
        """Walk the records in a window."""
        position, packets, reason, needed = walk_pcap(octets, start, stop, int(at_end), self._layout, columns(index))
        self._accounting.octets["records"] += position - start
        return Walked(position, packets, needed, FAULTS.get(reason, ""))

    def mend(self, octets: NDArray[np.uint8], start: int, stop: int, index: PacketIndex, *, at_end: bool) -> Mended:
        """Do the best about the place where the walk stopped."""
        seen = look(octets, start, stop, at_end)
        mended = self._join(seen, index) or self._mender.mend(seen, index)
        self._accounting.octets["records"] += mended.position - start - mended.skipped - mended.header_octets
        return mended

    def _join(self, seen: Look, index: PacketIndex) -> Mended | None:
        """Go on with another capture where its file header stands in place of a record (files joined end to end)."""
        at = seen.start + int(self._layout[records.DOUBT])
        if self.is_lost or seen.stop - at < _FILE_HEADER or not records.is_file_magic(seen.octets, at):
            return None
        head = seen.octets[at : min(seen.stop, at + PEEK_OCTETS)].tobytes()
        try:
            header = read_file_header(head)
        except CaptureError:
            return None
        if header.version != (2, 4) or header.link_type == NO_NUMBER:
            return None
        packets = self._mender.put_before(seen, index, at)
        trust = self._layout[records.TRUST]
        self._begin(header, choose_variant(header, head)[0])
        self._layout[records.TRUST] = trust
        return Mended(
            at + header.octets, packets, at=at, what="another pcap file begins here", header_octets=header.octets
        )


def set_layout(layout: NDArray[np.int64], header: FileHeader, record_header: int) -> None:
    """Write what a file header says into the layout that the walkers take; nothing is in doubt there."""
    maximum = walk.largest_packet(header.link_type)
    layout[:] = 0
    layout[records.BIG] = header.big
    layout[records.RECORD_HEADER] = record_header
    layout[records.FRACTION_NS] = header.fraction_ns
    layout[records.LENGTHS] = header.lengths
    layout[records.MAXIMUM] = maximum
    layout[records.LINK_TYPE] = header.link_type
    layout[records.SNAP] = min(header.snapshot_length or maximum, maximum)
    layout[records.TRUST] = SOUND
    layout[records.LAST_SECONDS] = layout[records.SOUND_SECONDS] = -1
