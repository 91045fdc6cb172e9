"""The summary tables as a page shows them: the first rows of the CSV files, each cell fit to be read and sorted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from batchgraph.csv_rows import read_rows
from batchgraph.render.text import format_count, format_duration, format_octets, safe_label
from batchgraph.results import COMBINED, ResultsDirectory

MAX_TABLE_ROWS = 500
"""Rows of one table in the page; the file has all of them."""

# By number alone, as their registry has them (RFC 6335): what runs there may be something else.
_PORT_NAMES = {
    7: "echo", 21: "FTP", 22: "SSH", 23: "Telnet", 25: "SMTP", 53: "DNS", 67: "DHCP", 68: "DHCP", 69: "TFTP",
    80: "HTTP", 88: "Kerberos", 110: "POP3", 111: "portmap", 123: "NTP", 137: "NetBIOS", 138: "NetBIOS",
    139: "NetBIOS", 143: "IMAP", 161: "SNMP", 179: "BGP", 389: "LDAP", 443: "HTTPS", 445: "SMB", 465: "SMTPS",
    500: "IKE", 502: "Modbus", 514: "syslog", 547: "DHCPv6", 554: "RTSP", 587: "SMTP", 636: "LDAPS", 853: "DNS/TLS",
    993: "IMAPS", 995: "POP3S", 1194: "OpenVPN", 1433: "MSSQL", 1883: "MQTT", 1900: "SSDP", 2049: "NFS",
    3306: "MySQL", 3389: "RDP", 3478: "STUN", 4789: "VXLAN", 5060: "SIP", 5222: "XMPP", 5353: "mDNS",
    5355: "LLMNR", 5432: "PostgreSQL", 5900: "VNC", 8080: "HTTP alt.", 8443: "HTTPS alt.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and the number by which it is sorted, where it is one."""

    text: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table of the page.

    Parameters
    ----------
    name
        Of the CSV file.
    title
        For people.
    headers
        Of the columns.
    rows
        At most `MAX_TABLE_ROWS`.
    is_cut
        Whether the file has more rows.
    about
        What the rows are about.
    """

    name: str
    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    is_cut: bool
    about: str = "all captures together"

    @property
    def note(self) -> str:
        """Say how much of the table is shown."""
        return f"the first {len(self.rows):,} rows" if self.is_cut else format_count(len(self.rows), "row")


def text_cell(text: str) -> Cell:
    """Show text from outside."""
    return Cell(safe_label(text))


def count_cell(text: str) -> Cell:
    """Show a number with its thousands parted."""
    return Cell(f"{int(text):,}", text) if text else Cell("")


def octets_cell(text: str) -> Cell:
    """Show a size to three digits."""
    return Cell(format_octets(int(text)), text) if text else Cell("")


def instant_cell(text: str) -> Cell:
    """Show a time of ISO 8601 to the millisecond; as text it sorts by time."""
    return Cell(text[:23].replace("T", " "))


def duration_cell(text: str) -> Cell:
    """Show seconds by their largest units."""
    if not text:
        return Cell("")
    seconds, _, fraction = text.partition(".")
    return Cell(format_duration(int(seconds) * 10**9 + int(fraction)), text)


def port_cell(text: str) -> Cell:
    """Show a port with what is registered for it."""
    return Cell(f"{text} {port_name(text)}".strip(), text)


def port_name(port: str) -> str:
    """Name what a port is registered for; empty where that is not well known."""
    return _PORT_NAMES.get(int(port), "") if port else ""


def _share_cell(text: str) -> Cell:
    return Cell(f"{float(text):.1%}" if text else "", text)


_Column = tuple[str, str, Callable[[str], Cell]]

_COLUMNS: Mapping[str, tuple[str, Sequence[_Column]]] = {
    "hosts": (
        "Hosts",
        (
            ("address", "Address", text_cell),
            ("scope", "Scope", text_cell),
            ("octets_out", "Sent", octets_cell),
            ("octets_in", "Received", octets_cell),
            ("packets_out", "Packets sent", count_cell),
            ("packets_in", "Packets received", count_cell),
            ("peers", "Peers", count_cell),
            ("first", "First seen (UTC)", instant_cell),
            ("last", "Last seen (UTC)", instant_cell),
        ),
    ),
    "conversations": (
        "Conversations",
        (
            ("a", "A", text_cell),
            ("b", "B", text_cell),
            ("type", "Protocol", text_cell),
            ("octets_ab", "A to B", octets_cell),
            ("octets_ba", "B to A", octets_cell),
            ("packets_ab", "Packets A to B", count_cell),
            ("packets_ba", "Packets B to A", count_cell),
            ("first", "Begins (UTC)", instant_cell),
            ("duration_seconds", "Lasts", duration_cell),
        ),
    ),
    "services": (
        "Services",
        (
            ("address", "Address", text_cell),
            ("type", "Protocol", text_cell),
            ("port", "Port", port_cell),
            ("state", "State", text_cell),
            ("clients", "Clients", count_cell),
            ("packets", "Packets", count_cell),
            ("octets", "Octets", octets_cell),
        ),
    ),
    "protocols": (
        "Protocols",
        (
            ("type", "Protocol", text_cell),
            ("status", "Status", text_cell),
            ("stopped_in", "Decoding ended in", text_cell),
            ("packets", "Packets", count_cell),
            ("octets", "Octets", octets_cell),
            ("share_of_packets", "Share of packets", _share_cell),
        ),
    ),
}


def load_tables(results: ResultsDirectory, names: Mapping[str, str], *, most: int = MAX_TABLE_ROWS) -> list[PageTable]:
    """Read the tables about all captures together; `names` are shown beside the hosts' addresses."""
    return [_table(results, name, names=names, most=most) for name in _COLUMNS]


def _table(results: ResultsDirectory, name: str, *, names: Mapping[str, str], most: int) -> PageTable:
    title, columns = _COLUMNS[name]
    # One more than is shown, and no count of all: a table may have millions.
    rows = [
        [_named(cell(row[column]), names) for column, _, cell in columns]
        for row in islice(combined_rows(results, name), most + 1)
    ]
    return PageTable(name, title, [header for _, header, _ in columns], rows[:most], len(rows) > most)


def _named(cell: Cell, names: Mapping[str, str]) -> Cell:
    """Add a host's name to its address."""
    name = names.get(cell.text)
    return Cell(f"{cell.text} {name}") if name and not cell.value else cell


def combined_rows(results: ResultsDirectory, name: str) -> Iterator[dict[str, str]]:
    """Give the rows of a table that are about all captures together."""
    for row in read_rows(results.table(name)):
        if row["capture"] != COMBINED:
            # The combined rows come first.
            return
        yield row
