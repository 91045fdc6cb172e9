"""The title above a map: what it shows, when that was, and what was folded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from batchgraph.render.figure import MARGIN
from batchgraph.render.style import INK
from batchgraph.render.text import format_count, format_octets, format_span, safe_label
from batchgraph.render.traffic import OTHERS, Traffic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE_HEIGHT = 0.75
"""Inches above the canvas, for a title and two lines."""


def draw_title(figure: Figure, traffic: Traffic, *, capture: str, enlarged: tuple[float, float] = (1.0, 1.0)) -> None:
    """Write what the map shows, and what it folds, at the upper left."""
    write_title(figure, capture, subtitle_lines(traffic, enlarged=enlarged))


def write_title(figure: Figure, title: str, lines: Sequence[str]) -> None:
    """Write a title at the upper left of a figure, and smaller lines below it."""
    height = figure.get_size_inches()[1]
    left = MARGIN / figure.get_size_inches()[0]
    figure.text(
        left, 1 - 0.12 / height, safe_label(title), fontsize=14, weight="bold", color=INK, va="top", parse_math=False
    )
    figure.text(
        left, 1 - 0.42 / height, "\n".join(lines), fontsize=9, color=INK, va="top", linespacing=1.3, parse_math=False
    )


def totals_line(traffic: Traffic) -> str:
    """Say in words when traffic was, and how much: packets, octets and hosts."""
    parts = [
        format_span(traffic.first, traffic.last),
        format_count(traffic.packets, "packet"),
        format_octets(traffic.octets),
        format_count(traffic.n_hosts, "host"),
    ]
    return " · ".join(parts)


def subtitle_lines(traffic: Traffic, *, enlarged: tuple[float, float] = (1.0, 1.0)) -> list[str]:
    """Say in words what a map shows: time span, packets, hosts; and what was folded or enlarged, if anything was."""
    notes = []
    if traffic.n_folded:
        own = traffic.n_hosts - traffic.n_folded
        folds = [format_count(traffic.n_groups, "group")] if traffic.n_groups else []
        folds += ["“others”"] if traffic.hosts[-1].name == OTHERS else []
        notes.append(
            f"{format_count(own, 'host')} with the most octets shown, "
            f"{format_count(traffic.n_folded, 'host')} folded into {' and '.join(folds)}; all packets are counted"
        )
    if max(enlarged) > 1:
        notes.append(f"places as in the combined map, stretched {enlarged[0]:g} × {enlarged[1]:g} times")
    return [totals_line(traffic), *([" · ".join(notes)] if notes else [])]
