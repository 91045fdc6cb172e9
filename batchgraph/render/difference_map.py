"""The map of a comparison: what is new, gone or changed between two runs, among what is as it was."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.render.arcs import Arc, bent_arcs, bent_loops
from batchgraph.render.change_marks import draw_marks
from batchgraph.render.difference_traffic import ChangedArrow, ChangedHost, ChangedTraffic
from batchgraph.render.figure import MARGIN, canvas_axes, format_of, new_figure, plain_settings, save_figure
from batchgraph.render.host_labels import draw_labels, host_labels
from batchgraph.render.layout import CANVAS, Positions, stable_positions, uncovered_positions
from batchgraph.render.legend import SAMPLE, Entry, circle_sample, draw_blocks, height_of_blocks
from batchgraph.render.shapes import changed_arrow_patch, circle_patch
from batchgraph.render.sizes import arrow_scale, host_radii
from batchgraph.render.style import ALLOWED, CHANGE_STYLES, FOLDED_STYLE, SAME, ScopeStyle, mixed
from batchgraph.render.text import format_count, format_octets
from batchgraph.render.title import TITLE_HEIGHT, write_title
from batchgraph.render.traffic import Arrow, Host

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch

TITLE = "Differences between two runs"

_FAINT = (SAME, ALLOWED)


def write_difference_map(traffic: ChangedTraffic, path: Path, *, notes: Sequence[str] = ()) -> None:
    """Draw the map of a comparison and write it, in the format of the file's name.

    Raises
    ------
    UsageError
        If the name does not end in one of `batchgraph.render.figure.FORMATS`.
    OutputError
        If the file cannot be written.
    """
    suffix = format_of(path)
    with plain_settings():
        save_figure(draw_difference(traffic, notes=notes), {suffix: path})


def draw_difference(traffic: ChangedTraffic, *, notes: Sequence[str] = ()) -> Figure:
    """Draw the map of a comparison.

    Parameters
    ----------
    traffic
        What to show.
    notes
        Further lines for the title.

    Returns
    -------
    figure
        Of the size of other maps; to be made and saved within `batchgraph.render.figure.plain_settings`.
    """
    width = CANVAS[0] + 2 * MARGIN
    lines = [*subtitle_lines(traffic), *notes]
    title_height = TITLE_HEIGHT + 0.17 * max(0, len(lines) - 2)
    blocks = _blocks(traffic)
    legend_height = height_of_blocks(blocks, width=width)
    figure = new_figure((width, title_height + CANVAS[1] + legend_height))
    axes = canvas_axes(figure, left=MARGIN, bottom=legend_height)
    radii = host_radii([_as_host(host) for host in traffic.hosts])
    positions = stable_positions([(arrow.src, arrow.dst) for arrow in traffic.arrows])
    _draw(axes, traffic, uncovered_positions(positions, radii), radii)
    write_title(figure, TITLE, lines)
    draw_blocks(figure, blocks, note=_note(traffic))
    return figure


def subtitle_lines(traffic: ChangedTraffic) -> list[str]:
    """Say in words what the map shows: hosts and pairs by change, and what was folded."""
    parts = [
        f"{what}: {', '.join(f'{number:,} {CHANGE_STYLES[change].words}' for change, number in reversed(counts))}"
        for what, counts in (("hosts", list(traffic.n_hosts.items())), ("pairs", list(traffic.n_pairs.items())))
        if counts
    ]
    lines = [" · ".join(parts) or "no packets between hosts in either run"]
    if traffic.n_folded:
        own = sum(traffic.n_hosts.values()) - traffic.n_folded
        lines.append(
            f"{format_count(own, 'host')} shown, those that differ first; "
            f"{format_count(traffic.n_folded, 'host')} folded into “others”; all packets are counted"
        )
    return lines


def _as_host(host: ChangedHost) -> Host:
    return Host(host.name, max(host.octets), folded=host.folded)


def _as_arrow(arrow: ChangedArrow) -> Arrow:
    return Arrow(arrow.src, arrow.dst, arrow.type, max(arrow.packets), max(arrow.octets))


def _host_style(change: str) -> ScopeStyle:
    style = CHANGE_STYLES[change]
    edge = mixed(style.colour, 0.6) if change in _FAINT else style.colour
    return ScopeStyle(mixed(style.colour, style.tint), edge, style.line, style.width)


def _draw(axes: Axes, traffic: ChangedTraffic, positions: Positions, radii: dict[str, float]) -> None:
    pairs = [arrow for arrow in traffic.arrows if arrow.src != arrow.dst]
    loops = [arrow for arrow in traffic.arrows if arrow.src == arrow.dst]
    arcs = [
        *zip(pairs, bent_arcs([_as_arrow(arrow) for arrow in pairs], positions, radii), strict=True),
        *zip(loops, bent_loops([_as_arrow(arrow) for arrow in loops], positions, radii), strict=True),
    ]
    scale = arrow_scale([_as_arrow(arrow) for arrow in traffic.arrows], n_hosts=len(traffic.hosts))
    for arrow, arc in arcs:
        size = scale(max(arrow.octets)) * (0.75 if arrow.change in _FAINT else 1.0)
        axes.add_artist(_patch(arrow, arc, size))
    for host in traffic.hosts:
        style = FOLDED_STYLE if host.folded else _host_style(host.change)
        axes.add_artist(circle_patch(positions[host.name], radii[host.name], style=style))
    changed = [(arrow, arc) for arrow, arc in arcs if arrow.change not in _FAINT]
    marks = draw_marks(axes, traffic.hosts, changed, positions=positions, radii=radii)
    draw_labels(
        axes,
        host_labels([_as_host(host) for host in traffic.hosts]),
        positions=positions,
        radii=radii,
        ways=[*(arc.points for _, arc in arcs), *marks],
        faint={host.name for host in traffic.hosts if host.change in _FAINT and not host.folded},
    )


def _patch(arrow: ChangedArrow, arc: Arc, size: float) -> FancyArrowPatch:
    return changed_arrow_patch(arc.start, arc.end, change=arrow.change, size=size, rad=arc.rad, shrink=(1.0, 1.5))


def _blocks(traffic: ChangedTraffic) -> list[list[Entry]]:
    arrows = [
        Entry(_words(change, traffic.n_pairs[change], "pair"), partial(_arrow_sample, change))
        for change in reversed(CHANGE_STYLES)
        if change in traffic.n_pairs
    ]
    hosts = [
        Entry(_words(change, traffic.n_hosts[change], "host"), circle_sample(_host_style(change)))
        for change in reversed(CHANGE_STYLES)
        if change in traffic.n_hosts
    ]
    if traffic.n_folded:
        hosts.append(Entry("several hosts folded", circle_sample(FOLDED_STYLE)))
    return [arrows, hosts]


def _words(change: str, number: int, noun: str) -> str:
    style = CHANGE_STYLES[change]
    return f"{f'{style.mark} ' if style.mark else ''}{style.words} ({format_count(number, noun)})"


def _arrow_sample(change: str, axes: Axes, x: float, y: float) -> None:
    axes.add_artist(changed_arrow_patch((x, y), (x + SAMPLE - 0.08, y), change=change, size=18))


def _note(traffic: ChangedTraffic) -> str:
    octets = [max(arrow.octets) for arrow in traffic.arrows]
    if not octets:
        return "no packets between hosts"
    return (
        f"{format_count(len(octets), 'arrow')}: what one host sent to another by one protocol; the wider, the more "
        f"octets, of the run that has more ({format_octets(min(octets))} – {format_octets(max(octets))}, logarithmic)."
    )
