"""What hosts are called, and which packet says so: for the page's map and its table of names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from batchgraph.csv_rows import read_rows
from batchgraph.graph.host_names import host_names
from batchgraph.render.page_tables import MAX_TABLE_ROWS, Cell, PageTable, count_cell, text_cell
from batchgraph.render.text import safe_label
from batchgraph.results import COMBINED, Manifest, ResultsDirectory

SOURCE_WORDS = {
    "capture": "the capture's notes", "dhcp": "DHCP", "mdns": "mDNS", "nbns": "NetBIOS", "llmnr": "LLMNR", "dns": "DNS",
}  # fmt: skip
"""Sources of names, for people."""

_LONGEST = 100


def shown_names(results: ResultsDirectory, manifest: Manifest) -> dict[str, str]:
    """Give one name of each host that has any, fit to be shown."""
    return {address: safe_label(name, limit=40) for address, name in host_names(results, manifest).items()}


def name_origins(results: ResultsDirectory, hosts: Collection[str], files: Mapping[str, str]) -> dict[str, str]:
    """Say of hosts which packet of which capture first gave them the name that is shown, in a few words.

    Parameters
    ----------
    results
        With its tables written.
    hosts
        Addresses.
    files
        Names of the captures' files, by id, fit to be shown.
    """
    wanted = set(hosts)
    chosen: dict[str, tuple[str, str]] = {}
    origins: dict[str, str] = {}
    for row in read_rows(results.table("names")):
        address = row["address"]
        if address not in wanted:
            continue
        name = (row["name"], row["source"])
        if row["capture"] == COMBINED:
            chosen.setdefault(address, name)
        elif chosen.get(address) == name and address not in origins:
            origins[address] = _origin(row, files)
    return origins


def _origin(row: Mapping[str, str], files: Mapping[str, str]) -> str:
    where = f", packet {int(row['frame']):,}" if row["frame"] else ""
    source = SOURCE_WORDS.get(row["source"], row["source"])
    return f"by {source}{where} of {files.get(row['capture'], row['capture'])}"


def load_names(results: ResultsDirectory, files: Mapping[str, str], *, most: int = MAX_TABLE_ROWS) -> PageTable:
    """Read the names of every capture, each with the packet that says it first."""
    rows = list(islice(_rows(results, files), most + 1))
    headers = ("Address", "Name", "From", "First in packet", "Packets", "Capture")
    return PageTable("names", "Names", headers, rows[:most], len(rows) > most, about="capture by capture")


def _rows(results: ResultsDirectory, files: Mapping[str, str]) -> Iterator[list[Cell]]:
    for row in read_rows(results.table("names")):
        if row["capture"] != COMBINED:
            yield [
                text_cell(row["address"]),
                Cell(safe_label(row["name"], limit=_LONGEST)),
                Cell(SOURCE_WORDS.get(row["source"], safe_label(row["source"]))),
                count_cell(row["frame"]),
                count_cell(row["packets"]),
                Cell(files.get(row["capture"], safe_label(row["capture"]))),
            ]
