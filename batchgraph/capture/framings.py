"""The framing of a capture file: by its format, or by its records where the file header is lost."""

from __future__ import annotations

from batchgraph.capture.framing import Framing
from batchgraph.capture.index import Accounting
from batchgraph.capture.lost_header import infer_header
from batchgraph.capture.pcap import PcapFraming
from batchgraph.capture.pcapng import PcapngFraming
from batchgraph.capture.records import LOOK_AHEAD
from batchgraph.capture.snoop import SnoopFraming
from batchgraph.errors import UnsupportedCaptureError


def framing_of(name: str, head: bytes, accounting: Accounting) -> Framing:
    """Give the framing of a format.

    Raises
    ------
    CaptureError
        If it is none that is read, or the file header is corrupt.
    """
    if name == "pcap":
        return PcapFraming(head, accounting)
    if name == "pcapng":
        return PcapngFraming(accounting)
    if name == "snoop":
        return SnoopFraming(head, accounting)
    raise UnsupportedCaptureError(name)


def headless_framing(head: bytes, accounting: Accounting) -> tuple[Framing, str] | None:
    """Take octets for a capture whose file header is lost, where they show records; say what was inferred.

    `head` is the first `LOOK_AHEAD` octets of the file, or all.
    """
    lost = infer_header(head, at_end=len(head) < LOOK_AHEAD)
    if lost is None:
        return None
    accounting.format += lost.format
    if lost.format == "pcap":
        return PcapFraming.without_header(lost, accounting), lost.what
    framing = PcapngFraming(accounting)
    framing.begin_lost()
    return framing, lost.what
