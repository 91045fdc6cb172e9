"""What is written at hosts: their names and addresses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from batchgraph.render.labels import POINTS_PER_INCH, SMALL, Label, PlacedLabel, placed_labels
from batchgraph.render.layout import CANVAS, Positions
from batchgraph.render.style import GREY, INK, PAPER
from batchgraph.render.text import broken_label, format_count, safe_label
from batchgraph.render.traffic import OTHERS, Host

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from batchgraph.render.arcs import Points

_LONGEST_ALIASES = ((12, 40), (35, 32))
_LONGEST_IN_CROWD = 24
"""Characters of a host's name that are written, where there are at most so many hosts, and where there are more."""


def draw_labels(
    axes: Axes,
    texts: Mapping[str, Label],
    *,
    positions: Positions,
    radii: Mapping[str, float],
    ways: Sequence[Points],
    canvas: tuple[float, float] = CANVAS,
    faint: Collection[str] = (),
    shrink: float = 1.0,
) -> list[PlacedLabel]:
    """Write texts beside the circles of hosts, and give where they stand.

    Parameters
    ----------
    axes
        Of which one unit is `shrink` inches.
    texts
        By host, the most important first.
    positions, radii
        Of the hosts, in units of the axes.
    ways
        Places along each arrow.
    canvas
        Width and height that no text leaves.
    faint
        Hosts whose texts are grey.
    shrink
        What is drawn smaller has fewer texts beside each other, so that these need not be as small.
    """
    font_size = 10.0 if len(texts) <= 12 else 8.0 if len(texts) <= 35 else 7.0
    font_size = font_size if shrink == 1 else min(7.0, font_size)
    labels = placed_labels(
        texts, positions=positions, radii=radii, ways=ways, font_size=font_size / shrink, canvas=canvas
    )
    for label in labels:
        colour = GREY if label.name in faint else INK
        _write(axes, label, font_size=font_size, colour=colour, shrink=shrink)
    return labels


def _write(axes: Axes, label: PlacedLabel, *, font_size: float, colour: str, shrink: float) -> None:
    """Write a name, and an address below it in smaller letters."""
    line = 1.2 * font_size / POINTS_PER_INCH / shrink
    n_large, n_small = (len(text.split("\n")) if text else 0 for text in (label.text, label.small))
    top = label.y + (n_large + SMALL * n_small) * line / 2
    for text, size, middle in (
        (label.text, font_size, top - n_large * line / 2),
        (label.small, SMALL * font_size, top - (n_large + SMALL * n_small / 2) * line),
    ):
        if text:
            axes.text(
                label.x, round(middle, 4), text, fontsize=size, color=colour, ha="center", va="center",
                linespacing=1.1, zorder=4, parse_math=False,
                # A halo would turn the text of an SVG into outlines, ten times larger and not to be searched.
                bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.7, "pad": 0.6},
            )  # fmt: skip


def host_labels(hosts: Sequence[Host]) -> dict[str, Label]:
    """Give what is written at each host, groups first: they have no place of their own to be known by."""
    ordered = sorted(hosts, key=lambda host: not host.folded)
    longest = next((length for number, length in _LONGEST_ALIASES if len(hosts) <= number), _LONGEST_IN_CROWD)
    return {host.name: host_label(host, longest=longest) for host in ordered}


def host_label(host: Host, *, longest: int = _LONGEST_ALIASES[0][1]) -> Label:
    """Give what is written at a host: its name and address, its address, or how many stand behind it."""
    if host.folded:
        number = format_count(host.folded, "host")
        if host.name == OTHERS:
            return Label(f"others ({number})")
        return Label(broken_label(safe_label(host.name)), number)
    address = broken_label(safe_label(host.name))
    if not host.alias:
        return Label(address)
    return Label(broken_label(safe_label(host.alias, limit=longest), width=longest // 2), address)
