"""Results directories as the page finds them, and its HTML taken apart, for the tests of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from batchgraph.render.page import PageContent, page_text, read_content, write_page
from batchgraph.render.report_database import ReportDatabase, report_database
from batchgraph.render.tables import write_tables
from batchgraph.results import Manifest, ResultsDirectory
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, Row, write_results

SECOND = 10**9

TCP = {**UDP, "type": "TCP", "proto": 6, "src": "10.0.0.3", "sport": 40000, "dport": 80, "tcp_flags": 2}

CAPTURES: Mapping[str, Sequence[Row]] = {
    "a": [
        {**UDP, "time": SECOND},
        {**UDP, "src": "10.0.0.2", "dst": "10.0.0.1", "sport": 53, "dport": 5353, "time": 2 * SECOND},
        {**TCP, "time": 9 * SECOND, "wire_len": 1000},
    ],
    "b": [{**TCP, "src": "192.0.2.7", "time": 5 * SECOND}],
    "none": [],
}

REPORT_OPTIONS = {"formats": ["svg"], "before_after": False, "layout": "stable", "top": 60}


def write_page_results(
    out: Path,
    captures: Mapping[str, Sequence[Row]] = CAPTURES,
    *,
    entries: Mapping[str, Mapping[str, Any]] | None = None,
) -> ResultsDirectory:
    """Write flows and tables; `entries` changes what ``run.json`` says of captures."""
    results = write_results(out, captures)
    manifest = merge(out)
    manifest["options"]["report"] = REPORT_OPTIONS
    for entry in manifest["inputs"]:
        entry.update((entries or {}).get(entry["capture"], {}))
    results.write_manifest(manifest)
    write_all_tables(results, manifest)
    return results


def write_all_tables(results: ResultsDirectory, manifest: Manifest) -> list[str]:
    """Write the tables of a merged run, and give their names."""
    with report_database(results, manifest) as database:
        return list(write_tables(results, manifest, database))


def page_of(results: ResultsDirectory, **changes: Any) -> str:
    """Make the page of a run whose tables are written; `changes` are of its ``run.json``."""
    manifest = {**results.read_manifest(), **changes}
    with report_database(results, manifest) as database:
        return page_text(results, manifest, _content(results, manifest, database))


def write_page_of(results: ResultsDirectory) -> None:
    """Write the page of a run whose tables are written."""
    manifest = results.read_manifest()
    with report_database(results, manifest) as database:
        write_page(results, manifest, _content(results, manifest, database))


def _content(results: ResultsDirectory, manifest: Manifest, database: ReportDatabase) -> PageContent:
    """Read what the page shows, as a run does: in the database in which the tables were made."""
    list(write_tables(results, manifest, database))
    return read_content(database)


_EMPTY = {"meta", "link", "img", "input", "br"}


class Parsed(HTMLParser):
    """A page as a browser would take it apart: elements with their attributes, and their text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.contents: list[tuple[str, str]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self._open.append((tag, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        opened, pieces = self._open.pop()
        if opened != tag:
            raise ValueError(f"<{opened}> is ended by </{tag}>")
        self.contents.append((tag, "".join(pieces)))

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1][1].append(data)

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def texts(self, tag: str) -> list[str]:
        """Give the text of every such element, without that of the elements in it."""
        return [text for name, text in self.contents if name == tag]
