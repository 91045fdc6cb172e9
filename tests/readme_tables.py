"""The README's tables, made from what is declared: ``python tests/readme_tables.py`` writes them anew."""

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

from batchgraph.declared import exit_codes_table, markdown_table
from batchgraph.exit_codes import FAIL_ON, INPUT_STATUSES
from batchgraph.graph.columns import NODE_COLUMNS
from batchgraph.schema import COMBINED_FLOW_COLUMNS, EDGE_COLUMNS, FLOW_KEY, NAME_COLUMNS, Column
from batchgraph.wire import HEADERS, Header, capture_headers, link, names, network, transport, wireless

README = Path(__file__).parents[1] / "README.md"

MARKED = re.compile(r"(?P<begin><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)

WIDTH = 120


def columns_table(columns: Iterable[Column]) -> str:
    rows = ((f"`{column.name}`", f"`{column.type}`", column.unit, column.meaning) for column in columns)
    return markdown_table(("column", "Arrow type", "unit", "meaning"), rows)


def flow_table() -> str:
    return columns_table(column for column in COMBINED_FLOW_COLUMNS if column.name not in FLOW_KEY)


def fail_on_table() -> str:
    rows = (
        (f"`{value}`", ", ".join(status for status in INPUT_STATUSES if status in statuses) or "nothing")
        for value, statuses in FAIL_ON.items()
    )
    return markdown_table(("`--fail-on`", "inputs that make the exit code 3"), rows)


def protocols_list() -> str:
    families = {
        "Link layers": _whole(link.HEADERS),
        "Wireless": _whole(wireless.HEADERS),
        "Headers of capture programs": _whole(capture_headers.HEADERS),
        "Network": _whole(network.HEADERS),
        "Transport": [header.type for header in transport.HEADERS if header.type],
        "Tunnels": dict.fromkeys(header.tunnel for header in HEADERS if header.tunnel),
        "By name only": [f"{len(names.HEADERS)} more, among them the other IP protocols of IANA"],
    }
    items = (f"- **{family}**: {', '.join(words)}." for family, words in families.items())
    return "\n".join(textwrap.fill(item, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for item in items)


def _whole(headers: Iterable[Header]) -> list[str]:
    """Leave out the variants of a header, whose names begin with its name and a dot."""
    known = {header.name for header in headers}
    return [header.name for header in headers if header.name.rpartition(".")[0] not in known]


TABLES = {
    "edge-columns": lambda: columns_table(EDGE_COLUMNS),
    "flow-key": lambda: ", ".join(f"`{name}`" for name in FLOW_KEY),
    "flow-columns": flow_table,
    "name-columns": lambda: columns_table(NAME_COLUMNS),
    "node-columns": lambda: columns_table(NODE_COLUMNS),
    "exit-codes": exit_codes_table,
    "fail-on": fail_on_table,
    "protocols": protocols_list,
}


def with_tables(text: str) -> str:
    """Put every generated part in its place."""
    return MARKED.sub(lambda mark: f"{mark['begin']}\n{TABLES[mark['name']]()}\n\n{mark['end']}", text)


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
