"""Going on after damage: what a framing's repair gives back, and the account of the gaps."""

from __future__ import annotations

from dataclasses import dataclass

from batchgraph.capture.index import Accounting, Problem

MAX_GAPS = 100
"""Gaps that are listed; the rest are counted."""


@dataclass(slots=True)
class Mended:
    """What was done about a place where no sound record is.

    Attributes
    ----------
    position
        Where to go on, in octets from the start of the window.
    packets
        Packets written to the index.
    skipped
        Octets passed that belong to no packet and to no header.
    at
        Where the damage begins, in octets from the start of the window.
    what
        What was found; empty where a gap that is open already goes on.
    ends
        Whether nothing comes after `position`.
    is_cut
        Whether the file merely ends within a record.
    header_octets
        Octets passed that are another file header.
    inferred
        What was inferred about what is lost.
    """

    position: int
    packets: int = 0
    skipped: int = 0
    at: int = 0
    what: str = ""
    ends: bool = False
    is_cut: bool = False
    header_octets: int = 0
    inferred: str = ""


class Gaps:
    """Writes what was lost into the problems of a capture, one for each place, up to `MAX_GAPS` of them.

    Parameters
    ----------
    accounting
        Gets the problems, and the octets skipped.
    """

    def __init__(self, accounting: Accounting) -> None:
        self._accounting = accounting
        self._open: Problem | None = None
        self._octets = 0
        self._unlisted = 0
        self._unlisted_octets = 0
        self._last: Problem | None = None

    def add(self, offset: int, what: str, skipped: int, *, before: int) -> None:
        """Note damage at `offset` of the file with `before` packets before it, or more of an open gap."""
        self._accounting.octets["skipped"] += skipped
        if what:
            self.close()
            self._open = Problem(offset, what, kept=f"{before:,} packets before it")
            self._octets = 0
        self._octets += skipped

    def explain(self, inferred: str) -> None:
        """Add what was inferred to the gap that is open."""
        if inferred and self._open is not None:
            self._open.what += f"; {inferred}"

    def close(self) -> None:
        """Finish the gap that is open: the packets behind it were found, or the file ended."""
        if self._open is None:
            return
        self._open.lost = f"{self._octets:,} octets" if self._octets else "nothing"
        problems = self._accounting.problems
        if self._unlisted or len(problems) >= MAX_GAPS:
            self._unlisted += 1
            self._unlisted_octets += self._octets
            self._count_unlisted(problems)
        else:
            problems.append(self._open)
        self._open = None

    def _count_unlisted(self, problems: list[Problem]) -> None:
        if self._last is None:
            assert self._open is not None
            self._last = Problem(self._open.offset, "")
            problems.append(self._last)
        self._last.what = f"{self._unlisted:,} more damaged places from here on"
        self._last.kept = f"{self._accounting.packets:,} packets before the last of them"
        self._last.lost = f"{self._unlisted_octets:,} octets"
