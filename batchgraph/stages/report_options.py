"""How maps are drawn: the options of a report."""

from __future__ import annotations

from dataclasses import dataclass

from batchgraph.errors import UsageError
from batchgraph.render.grouping import GROUPS

LAYOUTS = ("stable", "spring")
"""``stable``: every host in its place on all maps. ``spring``: each map by itself, as the article does it."""

FACETS = ("type",)
"""By what a map can be split into several beside each other."""

MAP_FORMATS = ("svg", "png", "pdf")


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How maps are drawn.

    Parameters
    ----------
    formats
        Some of `MAP_FORMATS`.
    before_after
        Whether a map is the article's two panels: the graph drawn plainly, and with an arrow for each edge.
    layout
        One of `LAYOUTS`.
    top
        Hosts that get a circle of their own; the others are folded.
    facet
        One of `FACETS`: a further picture of each capture, with a map for each protocol; None: none.
    group
        How the other hosts are folded, one of `GROUPS`: ``auto``: into one circle; ``subnet``: by network;
        ``community``: by whom they talk to most.

    Raises
    ------
    UsageError
        If a value is none of those named.
    """

    formats: tuple[str, ...] = ("svg", "png")
    before_after: bool = False
    layout: str = "stable"
    top: int = 60
    facet: str | None = None
    group: str = "auto"

    def __post_init__(self) -> None:
        unknown = [name for name in self.formats if name not in MAP_FORMATS]
        if unknown or not self.formats:
            raise UsageError(
                f"maps can be {', '.join(MAP_FORMATS)}, not {', '.join(map(repr, unknown)) or 'in no format'}"
            )
        if self.layout not in LAYOUTS:
            raise UsageError(f"a layout is one of {', '.join(LAYOUTS)}, not {self.layout!r}")
        if self.facet is not None and self.facet not in FACETS:
            raise UsageError(f"a facet is one of {', '.join(FACETS)}, not {self.facet!r}")
        if self.group not in GROUPS:
            raise UsageError(f"hosts are grouped by one of {', '.join(GROUPS)}, not {self.group!r}")
        if self.top < 1:
            raise UsageError(f"a map needs at least 1 host of its own, not {self.top}")
