"""The page: one HTML file that shows a run, needs nothing beside it, and fetches nothing from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from batchgraph.csv_rows import read_rows
from batchgraph.errors import ResultsError
from batchgraph.render.page_block import page_block
from batchgraph.render.page_busiest import Busiest, find_busiest
from batchgraph.render.page_captures import MAX_SECTIONS, file_names, load_captures, ordered_inputs
from batchgraph.render.page_data import PageTraffic, load_page_traffic
from batchgraph.render.page_facts import load_facts
from batchgraph.render.page_findings import RULES, Findings, find_all
from batchgraph.render.page_glance import odd_packets, protocols, servers, talks
from batchgraph.render.page_hosts import HostFacts, read_host_facts
from batchgraph.render.page_matrix import traffic_matrix
from batchgraph.render.page_names import load_names, shown_names
from batchgraph.render.page_pictures import load_pictures
from batchgraph.render.page_routers import Routers, find_routers
from batchgraph.render.page_safety import content_policy, data_block, fits_element
from batchgraph.render.page_tables import combined_rows, load_tables
from batchgraph.render.page_timeline import TEXTURES, timeline_paths
from batchgraph.render.text import format_count, format_duration, format_octets, format_span, safe_label
from batchgraph.results import COMBINED, Manifest, ResultsDirectory, replacing

_LONGEST_LABEL = 200

if TYPE_CHECKING:
    from jinja2 import Environment

    from batchgraph.render.layout import Positions
    from batchgraph.render.report_database import ReportDatabase


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a page shows that is in no table."""

    traffic: PageTraffic
    findings: Sequence[Findings]
    known: HostFacts
    routers: Routers
    busiest: Busiest | None


def read_content(database: ReportDatabase) -> PageContent:
    """Read what a page shows that is in no table.

    Parameters
    ----------
    database
        In which `batchgraph.render.tables.write_tables` made its tables.

    Raises
    ------
    ResultsError
        If a Parquet file is missing or not whole.
    """
    connection = database.connection
    traffic = load_page_traffic(connection, database.captures, database.sums)
    busiest = find_busiest(connection, traffic.axis)
    return PageContent(traffic, find_all(connection), read_host_facts(connection), find_routers(connection), busiest)


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
    names = shown_names(results, manifest)
    files = file_names(manifest)
    style, script = _asset("templates/report.css"), _asset("web/report.min.js")
    trusted = {
        "style": style,
        "script": script,
        "data": data_block(page_block(results, content.traffic, positions, names=names, files=files)),
    }
    if not (fits_element(style) and fits_element(script)):
        raise ResultsError("the page's own script or style cannot stand in a page: the installation is damaged")
    from markupsafe import Markup

    return environment.get_template("report.html.j2").render(
        policy=content_policy(style=style, script=script),
        **{name: Markup(text) for name, text in trusted.items()},
        **_context(results, manifest, content, names=names, files=files),
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


def _context(
    results: ResultsDirectory,
    manifest: Manifest,
    content: PageContent,
    *,
    names: Mapping[str, str],
    files: Mapping[str, str],
) -> dict[str, Any]:
    traffic = content.traffic
    total = next(combined_rows(results, "captures"))
    counts = {row["capture"]: row for row in read_rows(results.table("captures"))}
    order = [entry["capture"] for entry in ordered_inputs(manifest, counts) if entry.get("rows")]
    pictures = load_pictures(results, order)
    captures = load_captures(results, manifest, pictures)
    damaged = [capture for capture in captures if not capture.is_whole]
    return {
        "version": manifest["version"],
        "total": total,
        "n_captures": len(manifest["inputs"]),
        "octets": format_octets(int(total["octets"])),
        "span": _span(total) + _main_span(traffic),
        "captures": captures,
        "damaged": damaged,
        "whole": "" if damaged or not captures else _whole_words(len(captures)),
        "max_sections": MAX_SECTIONS,
        "failed_maps": manifest.get("failed_maps", []),
        "facts": load_facts(
            results,
            names,
            files={capture: files[capture] for capture in traffic.captures},
            busiest=content.busiest,
            known=content.known,
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
        "textures": sorted(TEXTURES.items()),
        "matrix": traffic_matrix(traffic),
        "untimed": traffic.untimed,
        "strays": traffic.strays,
        "tables": [*load_tables(results, names), load_names(results, files)],
        "picture": pictures[COMBINED],
        "is_anonymized": "anonymized" in manifest["options"].get("extract", {}),
        "command": command_line(manifest),
        "options": manifest["options"],
    }


def _whole_words(n_captures: int) -> str:
    return "the capture is whole" if n_captures == 1 else f"all {n_captures:,} captures are whole"


def _span(total: Mapping[str, str]) -> str:
    if not total["first"]:
        return "no packet has a time stamp"
    first, last = (total[end][:19].replace("T", " ") for end in ("first", "last"))
    seconds, _, fraction = total["duration_seconds"].partition(".")
    return f"{first} to {last} UTC ({format_duration(int(seconds) * 10**9 + int(fraction))})"


def _main_span(traffic: PageTraffic) -> str:
    if not traffic.strays:
        return ""
    first, last = traffic.axis[0], traffic.axis[-1]
    span = format_span(first.start, last.start + last.width * last.bins)
    return f"; all but {format_count(traffic.strays, 'packet')}: {span}"


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
