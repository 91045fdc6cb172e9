"""Compiling everything ahead: once, in one process, before workers begin."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

from batchgraph.capture.reader import open_capture
from batchgraph.compiled import cache_folder
from batchgraph.decode.decoder import make_decoder
from batchgraph.naming.datagrams import find_datagrams
from batchgraph.schema import edge_schema

# An Ethernet frame with an IPv4 header of 46 octets in all: what salvage takes for a packet.
_FRAME = bytes(12) + b"\x08\0" + bytes.fromhex("4500002e") + bytes(42)

_PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
_PCAPNG = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack(
    "<IIHHII", 1, 20, 1, 0, 65535, 20
)
_RECORD = struct.pack("<IIII", 0, 0, 60, 60) + _FRAME
_BLOCK = struct.pack("<IIIIIII", 6, 92, 0, 0, 0, 60, 60) + _FRAME + struct.pack("<I", 92)

_CAPTURES = {
    "pcap": _PCAP + _RECORD,
    "pcapng": _PCAPNG + _BLOCK,
    "snoop": b"snoop\0\0\0" + struct.pack(">IIIIIIII", 2, 4, 60, 60, 84, 0, 0, 0) + _FRAME,
}
"""The smallest captures of one packet each: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, RFC 1761."""

_DAMAGED = {
    "pcap": _PCAP + 9 * _RECORD + 40 * b"\xff" + 9 * _RECORD,
    "pcapng": _PCAPNG + 9 * _BLOCK + 40 * b"\xff" + 9 * _BLOCK,
    "without header": bytes(24) + 9 * _RECORD,
}
"""Captures that are damaged in ways for which other kernels are needed."""


def is_warm() -> bool:
    """Tell whether this program's kernels were compiled on this machine before."""
    folder = cache_folder()
    return folder is not None and any(folder.rglob("kernel.decode-*.nbi"))


def warm_up() -> None:
    """Compile every kernel, or load it where it was compiled before."""
    decoder = make_decoder("table", tunnels="inner")
    with tempfile.TemporaryDirectory() as folder:
        for number, octets in enumerate((*_CAPTURES.values(), *_DAMAGED.values())):
            path = Path(folder) / str(number)
            path.write_bytes(octets)
            decoder.group.clear()
            for window in open_capture(path).windows():
                decoder.decode(window, 0)
                find_datagrams(window, 0, decoder.group, 0)
            decoder.group.to_arrow("warm-up", 1, edge_schema())
    decoder.group.grow()
