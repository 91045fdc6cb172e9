"""Ways to run: what is run over, by which options, and what is done to the program so that a small run shows it all."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# draft-ietf-opsawg-pcap, section 4: magic number, version 2.4, reserved, snapshot length, LINKTYPE_ETHERNET
_PCAP_HEADER = bytes.fromhex("a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001")
# IPv4 and UDP to 10.0.0.2:53 with a payload of 4 octets (RFC 791, section 3.1; RFC 768)
_FRAME = bytes.fromhex("020000000002 020000000001 0800 4500 0020 0000 0000 40 11 0000 0a0000ff 0a000002")
_DATAGRAM = bytes.fromhex("03e8 0035 000c 0000 01020304")

PACKETS_OF_PARTS = 60
PACKETS_THAT_SPILL = 20_000
HANGS, SWELLS = "hangs.pcap", "swells.pcap"
SWOLLEN_OCTETS = 800 << 20


@dataclass(frozen=True, slots=True)
class Scenario:
    """A way to run.

    Attributes
    ----------
    arguments
        Of the command line, besides captures, results directory and workers.
    packets
        Of each capture; each packet is a flow of its own where there are more than three.
    further
        Names of captures that are there too, and that the program is made to fail at.
    change
        Called in the process of a run before it begins.
    """

    arguments: tuple[str, ...] = ()
    packets: int = 3
    further: tuple[str, ...] = ()
    change: Callable[[], object] = int

    def make_captures(self, folder: Path, n: int = 2) -> Path:
        """Write `n` captures, no two alike, and the further ones."""
        folder.mkdir(parents=True)
        names = [*(f"c{number}.pcap" for number in range(n)), *self.further]
        for number, name in enumerate(names):
            (folder / name).write_bytes(_PCAP_HEADER + b"".join(_records(number, self.packets)))
        return folder


def _records(number: int, packets: int) -> Iterable[bytes]:
    for second in range(packets):
        host = bytes([10, 0, 1, number]) if packets <= 3 else struct.pack(">I", (10 << 24) + (number << 20) + second)
        frame = _FRAME.replace(b"\x0a\0\0\xff", host) + _DATAGRAM
        yield struct.pack(">IIII", second, number, len(frame), len(frame)) + frame


def _give_queries_little() -> None:
    """Make queries spill that would need gigabytes of captures to do so."""
    import batchgraph.memory

    batchgraph.memory._BESIDES_MIB = 472


def _fail_at_captures() -> None:
    """Make the program hang at one capture, and take more memory than it may at another."""
    from batchgraph.stages import capture_task

    opened: Callable[..., Any] = capture_task.open_capture

    def open_capture(path: str, **options: Any) -> Any:
        name = Path(path).name
        hoard = b"\1" * (SWOLLEN_OCTETS if name == SWELLS else 0)
        while name == HANGS or hoard:
            time.sleep(60)
        return opened(path, **options)

    capture_task.open_capture = open_capture


SCENARIOS = {
    "plain": Scenario(),
    "split": Scenario(("--split", "2KiB"), packets=PACKETS_OF_PARTS),
    "memory": Scenario(("--memory", "512MiB"), packets=PACKETS_THAT_SPILL, change=_give_queries_little),
    "limits": Scenario(("--timeout", "9", "--max-memory", "900"), further=(HANGS, SWELLS), change=_fail_at_captures),
}
"""By name: two small captures; captures in parts; queries that spill; captures that are given up."""
