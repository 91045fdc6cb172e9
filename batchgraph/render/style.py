"""How things look: a colour and an outline per protocol, a face and an outline per scope of address.

The colours are those of Okabe and Ito ("Color Universal Design", 2008), which the colour-blind tell apart, written
out here so that no version of a plotting library decides them. Where two of them are alike in grey, or to one of the
colour-blind, the fill (full, tinted, hollow), the line (solid, dashed, dotted) or the outline's width and darkness
differ; a test holds every two of them against each other.
"""

from __future__ import annotations

from dataclasses import dataclass

GREEN = "#009E73"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
ORANGE = "#E69F00"
PURPLE = "#CC79A7"
BLACK = "#1A1A1A"
GREY = "#777777"
MAROON = "#6B1F00"
PLUM = "#8A3A66"

INK = "#222222"
"""Outlines and text."""

PAPER = "#FFFFFF"

SOLID, DASHED, DOTTED = "solid", "dashed", "dotted"


@dataclass(frozen=True, slots=True)
class TypeStyle:
    """How the arrows of one protocol look.

    Parameters
    ----------
    colour
        Of the fill, and of the outline where that has none of its own.
    tint
        Share of the colour in the fill, from 0 (hollow) to 1 (full); the rest is white.
    line
        Style of the outline.
    edge
        Colour of the outline, where not `colour`.
    width
        Of the outline, in points.
    """

    colour: str
    tint: float = 1.0
    line: str = SOLID
    edge: str = ""
    width: float = 0.6

    @property
    def outline(self) -> str:
        """The colour of the outline."""
        return self.edge or self.colour

    @property
    def fill(self) -> str:
        """The colour inside the outline."""
        return mixed(self.colour, self.tint)


TYPE_STYLES: dict[str, TypeStyle] = {
    "TCP": TypeStyle(GREEN),
    "UDP": TypeStyle(BLUE, 0.45),
    "ICMP": TypeStyle(VERMILLION, edge=MAROON, width=1.2),
    "ICMPv6": TypeStyle(VERMILLION, 0.0, width=0.9),
    "ARP": TypeStyle(ORANGE, 0.0, DASHED, width=0.9),
    "IGMP": TypeStyle(PURPLE, 0.55, DOTTED, PLUM, width=0.9),
    "SCTP": TypeStyle(BLACK, 1.0),
    "ESP": TypeStyle(BLACK, 0.0, DASHED, width=0.9),
    "GRE": TypeStyle(BLACK, 0.35, width=0.9),
}
"""Protocols that have a look of their own, in the order of the legend."""

OTHER_TYPES = "other"
"""Label under which protocols without a look of their own are drawn."""

OTHER_STYLE = TypeStyle(GREY, 0.0, DOTTED, width=0.9)


def type_label(type_name: str | None) -> str:
    """Give the label under which a protocol is drawn: its own, or `OTHER_TYPES`."""
    return type_name if type_name in TYPE_STYLES else OTHER_TYPES


def type_style(label: str) -> TypeStyle:
    """Give the look of a protocol's arrows."""
    return TYPE_STYLES.get(label, OTHER_STYLE)


@dataclass(frozen=True, slots=True)
class ScopeStyle:
    """How the circles of hosts of one kind of address look."""

    face: str
    edge: str = INK
    line: str = SOLID
    width: float = 1.0


SCOPE_STYLES: dict[str, ScopeStyle] = {
    "private": ScopeStyle("#DCE6EE"),
    "global": ScopeStyle("#4D5B66"),
    "multicast": ScopeStyle(PAPER, line=DASHED, width=1.3),
    "broadcast": ScopeStyle(PAPER, line=DOTTED, width=1.6),
    "link-local": ScopeStyle(PAPER),
}
"""Scopes that have a look of their own, in the order of the legend."""

OTHER_SCOPES = "other address"

OTHER_SCOPE_STYLE = ScopeStyle("#A9A9A9", line=DASHED)

FOLDED_STYLE = ScopeStyle("#C9BFA8", width=1.6)
"""The circle that stands for all hosts which have none of their own."""


HULL_STYLES: dict[str, ScopeStyle] = {
    "private": ScopeStyle("#EDF2F6", "#B8C6D1", width=0.8),
    "global": ScopeStyle("#F0ECE2", "#C4BCA8", DASHED, 0.8),
}
"""Hulls of networks behind their hosts, by the scope of their addresses."""


def scope_label(scope: str | None) -> str:
    """Give the label under which a scope is drawn: its own, or `OTHER_SCOPES`."""
    return scope if scope in SCOPE_STYLES else OTHER_SCOPES


def scope_style(label: str) -> ScopeStyle:
    """Give the look of the circles of a scope."""
    return SCOPE_STYLES.get(label, OTHER_SCOPE_STYLE)


@dataclass(frozen=True, slots=True)
class ChangeStyle:
    """How the map of a comparison shows what is new, gone, changed or as it was.

    Parameters
    ----------
    colour
        Of outlines and marks.
    tint
        Share of the colour in the fill of arrows and circles.
    line
        Style of the outline.
    width
        Of a circle's outline, in points.
    mark
        Sign in a circle and at an arrow's middle.
    words
        In the legend.
    """

    colour: str
    tint: float
    line: str
    width: float
    mark: str
    words: str


SAME, ALLOWED, GREW, SHRANK, GONE, NEW = "same", "allowed", "grew", "shrank", "gone", "new"

CHANGE_STYLES: dict[str, ChangeStyle] = {
    SAME: ChangeStyle(GREY, 0.2, SOLID, 0.8, "", "unchanged"),
    ALLOWED: ChangeStyle(GREY, 0.2, DOTTED, 0.8, "", "allowed to differ"),
    GREW: ChangeStyle(ORANGE, 0.55, SOLID, 1.6, "▲", "grew"),
    SHRANK: ChangeStyle(PURPLE, 0.25, DOTTED, 1.6, "▼", "shrank"),
    GONE: ChangeStyle(VERMILLION, 0.0, DASHED, 1.8, "−", "gone"),
    NEW: ChangeStyle(BLUE, 1.0, SOLID, 2.4, "+", "new"),
}
"""Ways of change, in the order in which they are drawn: the later over the earlier."""


def used_colours() -> list[str]:
    """Give every colour that this module names, sorted."""
    types = (*TYPE_STYLES.values(), OTHER_STYLE)
    scopes = (*SCOPE_STYLES.values(), OTHER_SCOPE_STYLE, FOLDED_STYLE)
    colours = {colour for style in types for colour in (style.colour, style.outline)}
    colours |= {style.colour for style in CHANGE_STYLES.values()}
    colours |= {colour for style in HULL_STYLES.values() for colour in (style.face, style.edge)}
    return sorted(colours | {style.face for style in scopes} | {INK, PAPER})


def mixed(colour: str, share: float) -> str:
    """Mix a colour with white.

    Parameters
    ----------
    colour
        As ``#RRGGBB``.
    share
        Of the colour, from 0 (white) to 1.
    """
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - channel) * share):02X}" for channel in channels)
