"""Where the packets of a capture lie: what every container format is reduced to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

NO_TIME = np.iinfo(np.int64).min
"""`PacketIndex.time_ns` where the capture has no time, or one that cannot be represented."""

NO_NUMBER = -1
"""`PacketIndex.interface` and `link_type` where the record names an interface that was never described."""

SOUND, REPAIRED, SUSPECT = 0, 1, 2
"""Values of `PacketIndex.trust`, in the order of `TRUST_NAMES`."""

TRUST_NAMES = ("sound", "repaired", "suspect")


@dataclass(slots=True)
class PacketIndex:
    """Positions and record headers of consecutive packets; all arrays have the shape (n_packets,).

    Attributes
    ----------
    offset
        int64; where the packet's octets begin, in octets from the start of the window. The index promises that
        ``offset + cap_len`` lies within the window.
    cap_len, wire_len
        uint32; octets captured and on the wire.
    time_ns
        int64; nanoseconds since 1970-01-01 UTC, or `NO_TIME`.
    interface, link_type
        int32; number of the interface in its section and its LINKTYPE_, or `NO_NUMBER`.
    trust
        uint8; index into `TRUST_NAMES`.
    """

    offset: NDArray[np.int64]
    cap_len: NDArray[np.uint32]
    wire_len: NDArray[np.uint32]
    time_ns: NDArray[np.int64]
    interface: NDArray[np.int32]
    link_type: NDArray[np.int32]
    trust: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.offset)

    @classmethod
    def empty(cls, capacity: int) -> PacketIndex:
        """Allocate an index for `capacity` packets, its values undefined."""
        return cls(
            np.empty(capacity, np.int64),
            np.empty(capacity, np.uint32),
            np.empty(capacity, np.uint32),
            np.empty(capacity, np.int64),
            np.empty(capacity, np.int32),
            np.empty(capacity, np.int32),
            np.empty(capacity, np.uint8),
        )

    def part(self, start: int, stop: int) -> PacketIndex:
        """Give packets `start` to `stop` as views."""
        return PacketIndex(
            self.offset[start:stop],
            self.cap_len[start:stop],
            self.wire_len[start:stop],
            self.time_ns[start:stop],
            self.interface[start:stop],
            self.link_type[start:stop],
            self.trust[start:stop],
        )


@dataclass(slots=True)
class Window:
    """Some octets of a capture and the packets that lie whole in them.

    Attributes
    ----------
    octets
        uint8, C-contiguous and writable, shape (n_octets,); reused by the reader once the next window is asked for.
    index
        The packets, in file order; its arrays are reused likewise.
    offset
        Where the octets begin, in octets from the start of the (expanded) file.
    """

    octets: NDArray[np.uint8]
    index: PacketIndex
    offset: int = 0


@dataclass(slots=True)
class Problem:
    """Something wrong with a capture file, for ``run.json`` and one line on standard error.

    Attributes
    ----------
    offset
        Octets from the start of the (expanded) file.
    what
        What was found and what was expected.
    kept, lost
        What of the file was kept, and what was not, for people.
    """

    offset: int
    what: str
    kept: str = ""
    lost: str = ""


@dataclass(slots=True)
class Accounting:
    """What became of a capture file, filled while its windows are read and true after the last.

    Attributes
    ----------
    format
        ``pcap``, ``pcapng``, ..., after the compression and a colon where there is one: ``gzip:pcap``.
    status
        As in ``run.json``.
    size
        Octets of the file as it is stored.
    sha256
        Of the file as it is stored, in hexadecimal.
    octets
        Octets of the (expanded) file by what they are: ``header``, ``records``, ``other`` (blocks without packets),
        ``skipped``; together ``expanded``.
    link_types
        Sorted LINKTYPE_ numbers of the interfaces described.
    packets
        Packets found.
    problems
        In the order found.
    notes
        Names and comments of a pcapng file, as text: ``{"names": {address: [name, ...]}, "comments": [...]}``, with
        ``n_comments`` and ``n_secrets`` (blocks of decryption secrets) counted; what there is none of is left out.
    """

    format: str = ""
    status: str = "ok"
    size: int = 0
    sha256: str = ""
    octets: dict[str, int] = field(default_factory=lambda: {"header": 0, "records": 0, "other": 0, "skipped": 0})
    link_types: set[int] = field(default_factory=set)
    packets: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)
