"""What a packet's own octets say of its length, compiled: the evidence that salvage adds to that of record headers.

Only the headers whose lengths can be held against the record are read: link, IP and ARP. Everything is checked against
the octets captured, so any place in a window may be asked about.
"""

# ruff: noqa: PLR0911 (one case after the other, each with its answer)

from __future__ import annotations

from batchgraph.capture.walk import Octets, number16
from batchgraph.compiled import kernel

CONTRADICTED, UNKNOWN, PLAUSIBLE, TIED = -1, 0, 1, 2
"""What a packet's headers say: they cannot be, say nothing, could be, or give the very length that its record has."""

_IPV4, _IPV6, _ARP = 0x0800, 0x86DD, 0x0806
_NONSENSE = -1
_LEAST_ETHERNET = 64
_LEAST_WITHOUT_CHECK = 60
_ARP_OCTETS = 28
_LARGEST_ARP = 128


@kernel
def network(octets: Octets, at: int, captured: int, link_type: int) -> tuple[int, int]:
    """Find the network header: where it begins from `at`, and its Ethernet type (0 unknown, -1 cannot be)."""
    if link_type == 1:
        place = 12
        while place + 2 <= captured:
            kind = number16(octets, at + place, 1)
            if kind not in (0x8100, 0x88A8):
                return place + 2, kind
            place += 4
        return place, _NONSENSE
    if link_type in (12, 14, 101, 228, 229):
        if captured < 1:
            return 0, _NONSENSE
        version = octets[at] >> 4
        return 0, _IPV4 if version == 4 else (_IPV6 if version == 6 else _NONSENSE)
    if link_type == 113:
        return 16, number16(octets, at + 14, 1) if captured >= 16 else _NONSENSE
    if link_type == 276:
        return 20, number16(octets, at, 1) if captured >= 20 else _NONSENSE
    if link_type in (0, 108):
        if captured < 4:
            return 4, _NONSENSE
        # The address family is in either byte order; the higher half is 0 in one of them.
        family = octets[at] | octets[at + 3]
        return 4, _IPV4 if family == 2 else (_IPV6 if family in (10, 24, 28, 30) else 0)
    return 0, 0


@kernel
def ip_length(octets: Octets, at: int, have: int, kind: int) -> int:
    """Read how long an IP packet says it is: 0 where it does not say, -1 where this is no IP header."""
    if kind == _IPV4:
        if have < 20:
            return 0
        words = octets[at] & 0xF
        length = number16(octets, at + 2, 1)
        if octets[at] >> 4 != 4 or words < 5 or 0 < length < 4 * words:
            return -1
        return length
    if have < 40:
        return 0
    if octets[at] >> 4 != 6:
        return -1
    length = number16(octets, at + 4, 1)
    return length + 40 if length else 0


@kernel
def evidence(octets: Octets, at: int, captured: int, wire: int, link_type: int) -> int:
    """Hold a packet's headers against the lengths of its record."""
    place, kind = network(octets, at, captured, link_type)
    have, room = captured - place, wire - place
    if kind in (_IPV4, _IPV6):
        length = ip_length(octets, at + place, have, kind)
        if length < 0 or length > room:
            return CONTRADICTED
        if length == 0:
            return PLAUSIBLE if have > 0 and octets[at + place] >> 4 in (4, 6) else UNKNOWN
        # Behind the IP packet stand at most a frame check sequence, or what pads the frame to Ethernet's least length.
        return TIED if room - length <= 4 or wire <= _LEAST_ETHERNET else PLAUSIBLE
    if kind == _ARP and have >= 8:
        is_arp = number16(octets, at + place, 1) == 1 and number16(octets, at + place + 2, 1) == _IPV4
        if not is_arp:
            return CONTRADICTED
        # No frame is that long for it; but the length on the wire alone is nothing against the packet.
        return TIED if wire <= _LARGEST_ARP else PLAUSIBLE
    if kind == _NONSENSE or (kind == 0 and link_type == 1):
        return CONTRADICTED
    if link_type == 1 and kind <= 1500:
        # Here it is a length (IEEE 802.3), of what fills the frame but for what pads it.
        return PLAUSIBLE if 3 <= kind <= room and (room - kind <= 4 or wire <= _LEAST_ETHERNET) else CONTRADICTED
    return UNKNOWN


@kernel
def length_by_packet(octets: Octets, at: int, have: int, link_type: int) -> int:
    """Give the length on the wire that a packet's own headers tell, or 0."""
    place, kind = network(octets, at, have, link_type)
    if kind == _ARP and have - place >= _ARP_OCTETS and number16(octets, at + place + 2, 1) == _IPV4:
        return place + _ARP_OCTETS
    if kind not in (_IPV4, _IPV6) or place >= have:
        return 0
    length = ip_length(octets, at + place, have - place, kind)
    return place + length if length > 0 else 0


@kernel
def is_exact(octets: Octets, at: int, captured: int, wire: int, link_type: int) -> bool:
    """Tell whether a packet's headers speak for its length on the wire, padded or not, and not for that captured."""
    said = length_by_packet(octets, at, wire, link_type)
    return said == wire or (link_type == 1 and 0 < said < wire == _LEAST_WITHOUT_CHECK and said != captured)
