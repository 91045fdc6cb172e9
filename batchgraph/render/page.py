"""The page: one HTML file that shows a run, needs nothing beside it, and fetches nothing from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from batchgraph.csv_rows import read_rows
from batchgraph.errors import ResultsError
from batchgraph.render.layout import CANVAS, Positions, completed_positions, stable_positions
from batchgraph.render.page_busiest import Busiest, find_busiest
from batchgraph.render.page_captures import MAX_SECTIONS, load_captures, ordered_inputs
from batchgraph.render.page_data import PageTraffic, load_page_traffic
from batchgraph.render.page_facts import Router, find_routers, load_facts
from batchgraph.render.page_findings import RULES, Findings, find_all
from batchgraph.render.page_glance import odd_packets, protocols, servers, talks
from batchgraph.render.page_matrix import traffic_matrix
from batchgraph.render.page_pictures import load_pictures
from batchgraph.render.page_safety import content_policy, data_block, fits_element
from batchgraph.render.page_tables import combined_rows, load_tables, shown_names
from batchgraph.render.page_timeline import timeline_paths
from batchgraph.render.text import format_duration, format_octets, safe_label
from batchgraph.results import COMBINED, Manifest, ResultsDirectory, replacing

_LONGEST_LABEL = 200

_CROWD = 80
"""Hosts for which there is room on the canvas of a picture."""

if TYPE_CHECKING:
    from jinja2 import Environment

    from batchgraph.render.report_database import ReportDatabase


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a page shows that is in no table."""

    traffic: PageTraffic
    findings: Sequence[Findings]
    routers: Sequence[Router]
    busiest: Busiest | None


def read_content(database: ReportDatabase) -> PageContent:
    """Read what a page shows that is in no table.

    Raises
    ------
    ResultsError
        If a Parquet file is missing or not whole.
    """
    connection = database.connection
    traffic = load_page_traffic(connection, database.captures, database.sums)
    busiest = find_busiest(connection, traffic.axis)
    return PageContent(traffic, find_all(connection), find_routers(connection), busiest)


def write_page(
    results: ResultsDirectory, manifest: Manifest, content: PageContent, *, positions: Positions | None = None
) -> None:
    """Write ``report.html``.

    Parameters
    ----------
    results
        With tables and maps.
    manifest
        Its ``run.json``, with the options of all stages.
    content
        From `read_content`.
    positions
        Places of hosts that all maps share; None: the page lays its hosts out by itself.

    Raises
    ------
    ResultsError
        If a file that the page shows is missing or not whole.
    OutputError
        If the page cannot be written.
    """
    text = page_text(results, manifest, content, positions=positions)
    with replacing(results.page) as path:
        # A line end changed on the way would break the hashes of the policy.
        path.write_text(text, encoding="utf-8", newline="")


def page_text(
    results: ResultsDirectory, manifest: Manifest, content: PageContent, *, positions: Positions | None = None
) -> str:
    """Make the page that `write_page` writes."""
    environment = _environment()
    style, script = _asset("templates/report.css"), _asset("web/report.min.js")
    trusted = {
        "style": style,
        "script": script,
        "data": data_block(_data(content.traffic, positions, shown_names(results, manifest))),
    }
    if not (fits_element(style) and fits_element(script)):
        raise ResultsError("the page's own script or style cannot stand in a page: the installation is damaged")
    from markupsafe import Markup

    return environment.get_template("report.html.j2").render(
        policy=content_policy(style=style, script=script),
        **{name: Markup(text) for name, text in trusted.items()},
        **_context(results, manifest, content),
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("batchgraph.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["label"] = lambda text: safe_label(str(text), limit=_LONGEST_LABEL)
    return environment


def _asset(name: str) -> str:
    return files("batchgraph.render").joinpath(name).read_text(encoding="utf-8")


def _data(traffic: PageTraffic, positions: Positions | None, names: Mapping[str, str]) -> dict[str, Any]:
    """Give what the script draws, by short names: it stands in the page once."""
    places = _places(traffic, positions)
    return {
        "hosts": [
            [safe_label(host), scope, *places.get(host, (0.0, 0.0)), names.get(host, "")]
            for host, scope in zip(traffic.hosts, traffic.scopes, strict=True)
        ],
        "folded": traffic.n_folded,
        "types": list(traffic.types),
        "captures": [safe_label(capture, limit=100) for capture in traffic.captures],
        "rows": traffic.rows,
        # Microseconds: a double holds those exactly, and nanoseconds not.
        "axis": [[p.start // 1000, p.width / 1000, p.bins, p.first_bin] for p in traffic.axis],
        "cells": traffic.cells,
    }


def _places(traffic: PageTraffic, positions: Positions | None) -> Positions:
    """Place the hosts: as on the pictures, or where those have no room for so many, on a larger canvas."""
    if len(traffic.hosts) > _CROWD:
        larger = (len(traffic.hosts) / _CROWD) ** 0.5
        return stable_positions(traffic.pairs(), canvas=(CANVAS[0] * larger, CANVAS[1] * larger))
    if positions is not None and all(host in positions for host in traffic.hosts):
        return positions
    return completed_positions(positions or {}, traffic.pairs())


def _context(results: ResultsDirectory, manifest: Manifest, content: PageContent) -> dict[str, Any]:
    traffic = content.traffic
    total = next(combined_rows(results, "captures"))
    counts = {row["capture"]: row for row in read_rows(results.table("captures"))}
    order = [entry["capture"] for entry in ordered_inputs(manifest, counts) if entry.get("rows")]
    pictures = load_pictures(results, order)
    captures = load_captures(results, manifest, pictures)
    names = shown_names(results, manifest)
    return {
        "version": manifest["version"],
        "total": total,
        "n_captures": len(manifest["inputs"]),
        "octets": format_octets(int(total["octets"])),
        "span": _span(total),
        "captures": captures,
        "damaged": [capture for capture in captures if not capture.is_whole],
        "max_sections": MAX_SECTIONS,
        "failed_maps": manifest.get("failed_maps", []),
        "facts": load_facts(
            results,
            names,
            files={capture.capture: capture.file_name for capture in captures if capture.capture in traffic.captures},
            busiest=content.busiest,
            routers=content.routers,
        ),
        "talks": talks(results, names),
        "protocols": protocols(results),
        "servers": servers(results, names),
        "odd": odd_packets(results),
        "findings": content.findings,
        "rules": RULES,
        "by_capture": {capture.capture: capture for capture in captures},
        "traffic": traffic,
        "timeline": timeline_paths(traffic),
        "matrix": traffic_matrix(traffic),
        "untimed": traffic.untimed,
        "tables": load_tables(results, names),
        "picture": pictures[COMBINED],
        "is_anonymized": "anonymized" in manifest["options"].get("extract", {}),
        "command": command_line(manifest),
        "options": manifest["options"],
    }


def _span(total: Mapping[str, str]) -> str:
    if not total["first"]:
        return "no packet has a time stamp"
    first, last = (total[end][:19].replace("T", " ") for end in ("first", "last"))
    seconds, _, fraction = total["duration_seconds"].partition(".")
    return f"{first} to {last} UTC ({format_duration(int(seconds) * 10**9 + int(fraction))})"


def command_line(manifest: Manifest) -> str:
    """Write the command that makes these results again; where the captures lie is for its user to fill in."""
    words = ["batchgraph run CAPTURES --out RESULTS"]
    for stage in ("extract", "merge", "report"):
        for name, value in manifest["options"].get(stage, {}).items():
            if name == "split":  # what is made does not depend on it
                continue
            if name == "anonymized":
                words.append("--anonymize KEYFILE")
                continue
            flag = "--" + {"formats": "format"}.get(name, name.replace("_", "-"))
            if value is True:
                words.append(flag)
            elif value not in (None, False):
                words.append(f"{flag} {','.join(map(str, value)) if isinstance(value, list | tuple) else value}")
    return " ".join(words)
