"""What is declared, as tables for people: for ``batchgraph show`` and for the README, which a test compares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from batchgraph.exit_codes import EXIT_CODES
from batchgraph.policy.json_schema import policy_schema_text
from batchgraph.schema import COMBINED_FLOW_COLUMNS, EDGE_COLUMNS, FLOW_COLUMNS, NAME_COLUMNS, Column
from batchgraph.wire.spec import ANY, Header, Space

if TYPE_CHECKING:
    from batchgraph.features.declared import Feature

MAX_NUMBERS = 6
"""Most codes of a header that are written out."""


def columns_table() -> str:
    """Describe the columns of edge records, of flows and of names."""
    flows = (*FLOW_COLUMNS, *(column for column in COMBINED_FLOW_COLUMNS if column not in FLOW_COLUMNS))
    tables = (("Edge records (edges/)", EDGE_COLUMNS), ("Flows (flows/)", flows), ("Names (names/)", NAME_COLUMNS))
    return "\n\n".join(f"{title}\n\n{_columns(columns)}" for title, columns in tables)


def exit_codes_table() -> str:
    """Describe the exit codes."""
    return markdown_table(("code", "meaning"), ((str(code.code), code.meaning) for code in EXIT_CODES))


def protocols_table() -> str:
    """Describe the headers that are decoded, in the order of the table."""
    from batchgraph.wire import table

    titles = ("header", "type", "tunnel", "found as", "octets", "standard")
    return markdown_table(titles, map(_protocol, table()))


def features_table() -> str:
    """Describe the features of hosts and of pairs of hosts."""
    from batchgraph.features.declared import HOST_FEATURES, LABEL, PAIR_FEATURES

    hosts, pairs = _features((*HOST_FEATURES, LABEL)), _features(PAIR_FEATURES)
    return f"Hosts (features/hosts.parquet)\n\n{hosts}\n\nPairs of hosts (features/pairs.parquet)\n\n{pairs}"


def _features(features: Iterable[Feature]) -> str:
    rows = ((f.name, f.type, f.unit, f.source, f.definition) for f in features)
    return markdown_table(("feature", "Arrow type", "unit", "source", "definition"), rows)


def markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay a table out in Markdown, its columns aligned so that it reads well on a terminal too."""
    cells = [list(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    lines = (" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(f"| {line} |" for line in lines)


def _columns(columns: Iterable[Column]) -> str:
    rows = ((column.name, column.type, column.unit, column.meaning) for column in columns)
    return markdown_table(("column", "Arrow type", "unit", "meaning"), rows)


def _found_as(header: Header) -> str:
    return ", ".join(
        f"{space.name if isinstance(space, Space) else space} {_numbers(codes)}"
        for space, codes in header.codes.items()
    )


def _numbers(codes: Iterable[int]) -> str:
    """Write numbers, runs of them as ``first-last``, and only the first of many."""
    ordered = sorted(codes)
    steps = groupby(enumerate(ordered), key=lambda place: place[1] - place[0])
    runs = [[code for _, code in run] for _, run in steps]
    shown = [_number(run[0]) if len(run) == 1 else f"{_number(run[0])}-{_number(run[-1])}" for run in runs]
    return " ".join(shown if len(shown) <= MAX_NUMBERS else [*shown[:MAX_NUMBERS], f"... ({len(ordered)} in all)"])


def _number(code: int) -> str:
    return "any other" if code == ANY else f"0x{code:04x}" if code > 255 else str(code)


def _protocol(header: Header) -> tuple[str, ...]:
    octets = str(header.min_octets)
    return (header.name, header.type or "", header.tunnel or "", _found_as(header), octets, header.source)


DECLARED: Mapping[str, Callable[[], str]] = {
    "columns": columns_table,
    "features": features_table,
    "protocols": protocols_table,
    "exit-codes": exit_codes_table,
    "policy-schema": policy_schema_text,
}
"""What ``batchgraph show`` can show."""
