"""The legend below a map: protocols, kinds of hosts, and what sizes mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from batchgraph.render.database import NETWORK_PREFIXES
from batchgraph.render.labels import text_size
from batchgraph.render.shapes import arrow_patch, circle_patch
from batchgraph.render.style import (
    FOLDED_STYLE,
    HULL_STYLES,
    INK,
    OTHER_SCOPES,
    OTHER_TYPES,
    SCOPE_STYLES,
    TYPE_STYLES,
    ScopeStyle,
    scope_label,
    scope_style,
)
from batchgraph.render.text import format_count, format_octets, safe_label
from batchgraph.render.traffic import Traffic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARROW_MEANING = "what one host sent to another by one protocol"

_FONT_SIZE = 8.5
_ROW = 0.24
SAMPLE = 0.42
"""Inches that the sample of an entry takes."""

_LEFT = 0.2
_NAMED_OTHERS = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """A sample and the words beside it."""

    text: str
    draw: Callable[[Axes, float, float], None]


Blocks = Sequence[Sequence[Entry]]
"""Groups of entries, each of which begins a row."""


def height_of_legend(traffic: Traffic, *, width: float, hulls: Collection[str] = ()) -> float:
    """Measure the legend of a map so many inches wide, in inches."""
    return height_of_blocks(_blocks(traffic, hulls), width=width)


def height_of_blocks(blocks: Blocks, *, width: float) -> float:
    """Measure a legend so many inches wide, in inches."""
    rows = [row for entries in blocks for row in _rows(entries, width=width)]
    return 0.35 + _ROW * len(rows) + _ROW


def draw_legend(figure: Figure, traffic: Traffic, *, meaning: str = ARROW_MEANING, hulls: Collection[str] = ()) -> None:
    """Draw the legend of a map along the lower edge of a figure.

    Parameters
    ----------
    figure
        Of a map.
    traffic
        What the map shows; only what occurs in it is explained.
    meaning
        What an arrow is.
    hulls
        Scopes of the networks that are drawn as hulls.
    """
    draw_blocks(figure, _blocks(traffic, hulls), note=size_note(traffic, meaning=meaning))


def draw_blocks(figure: Figure, blocks: Blocks, *, note: str) -> None:
    """Draw a legend along the lower edge of a figure, in as many rows as it takes, and a note below it."""
    width = float(figure.get_size_inches()[0])
    height = height_of_blocks(blocks, width=width)
    axes = figure.add_axes((0, 0, 1, height / float(figure.get_size_inches()[1])))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    axes.plot([_LEFT, width - _LEFT], [height - 0.03] * 2, color="#CCCCCC", linewidth=0.8)
    y = height - 0.22
    for entries in blocks:
        for row in _rows(entries, width=width):
            for x, entry in row:
                entry.draw(axes, x, y)
                _write(axes, x + SAMPLE, y, entry.text)
            y -= _ROW
    _write(axes, _LEFT, y, note, colour="#555555")


def size_note(traffic: Traffic, *, meaning: str = ARROW_MEANING) -> str:
    """Say in words what widths and areas mean."""
    octets = [arrow.octets for arrow in traffic.arrows]
    if not octets:
        return "no packets between hosts"
    span = (
        format_octets(min(octets))
        if min(octets) == max(octets)
        else f"{format_octets(min(octets))} – {format_octets(max(octets))}"
    )
    return (
        f"{format_count(len(octets), 'arrow')}: {meaning}; "
        f"the wider, the more octets ({span}, logarithmic). Circles: the larger, the more octets sent and received."
    )


def _type_entries(traffic: Traffic) -> list[Entry]:
    sums: dict[str, int] = {}
    for arrow in traffic.arrows:
        sums[arrow.type] = sums.get(arrow.type, 0) + arrow.packets
    return [
        Entry(f"{_type_words(label, traffic)} ({format_count(sums[label], 'packet')})", _arrow_sample(label))
        for label in (*TYPE_STYLES, OTHER_TYPES)
        if label in sums
    ]


def _type_words(label: str, traffic: Traffic) -> str:
    if label != OTHER_TYPES or not traffic.other_types:
        return label
    named = ", ".join(safe_label(name, limit=16) for name in traffic.other_types[:_NAMED_OTHERS])
    return f"{label}: {named}{', ...' if len(traffic.other_types) > _NAMED_OTHERS else ''}"


def _scope_entries(traffic: Traffic) -> list[Entry]:
    found = {scope_label(host.scope) for host in traffic.hosts if not host.folded}
    labels = [label for label in (*SCOPE_STYLES, OTHER_SCOPES) if label in found]
    entries = [Entry(label, circle_sample(scope_style(label))) for label in labels]
    if traffic.n_folded:
        entries.append(Entry("several hosts folded", circle_sample(FOLDED_STYLE)))
    return entries


def _hull_entries(scopes: Collection[str]) -> list[Entry]:
    bits = "first {} bits of IPv4, {} of IPv6".format(*NETWORK_PREFIXES)
    return [
        Entry(f"{scope} network ({bits})", partial(_hull_sample, scope)) for scope in HULL_STYLES if scope in scopes
    ]


def _blocks(traffic: Traffic, hulls: Collection[str]) -> tuple[list[Entry], list[Entry]]:
    return _type_entries(traffic), [*_scope_entries(traffic), *_hull_entries(hulls)]


def _rows(entries: Sequence[Entry], *, width: float) -> list[list[tuple[float, Entry]]]:
    """Share entries out to rows, each with the place where it begins."""
    rows: list[list[tuple[float, Entry]]] = []
    x = width
    for entry in entries:
        needed = SAMPLE + text_size(entry.text, _FONT_SIZE)[0]
        if not rows or x + needed > width - _LEFT:
            rows.append([])
            x = _LEFT
        rows[-1].append((x, entry))
        x += needed + 0.3
    return rows


def _write(axes: Axes, x: float, y: float, text: str, *, colour: str = INK) -> None:
    axes.text(x, y, text, fontsize=_FONT_SIZE, color=colour, va="center", parse_math=False)


def _arrow_sample(label: str) -> Callable[[Axes, float, float], None]:
    def draw(axes: Axes, x: float, y: float) -> None:
        axes.add_artist(arrow_patch((x, y), (x + SAMPLE - 0.08, y), label=label, size=18))

    return draw


def _hull_sample(scope: str, axes: Axes, x: float, y: float) -> None:
    from matplotlib.patches import Ellipse

    style = HULL_STYLES[scope]
    axes.add_artist(
        Ellipse(
            (x + 0.2, y), 0.36, 0.17, facecolor=style.face, edgecolor=style.edge, linestyle=style.line, linewidth=0.8
        )
    )


def circle_sample(style: ScopeStyle) -> Callable[[Axes, float, float], None]:
    """Give what draws a circle as the sample of an entry."""

    def draw(axes: Axes, x: float, y: float) -> None:
        axes.add_artist(circle_patch((x + 0.24, y), 0.085, style=style))

    return draw
