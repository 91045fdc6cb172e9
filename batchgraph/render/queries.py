"""The tables as SQL over ``inputs``, ``edges``, ``packet_sums``, ``flows``, ``combined_flows`` and ``known_names``.

Of a capture, ``combined`` is one more value; a table that is made of sums has it only where there are several captures.

Every query gives its rows in an order that only the data decide: the combined ones first, then capture by capture;
in each by octets, the most first, then by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from batchgraph.graph.known_names import NAMES_IN_ORDER
from batchgraph.graph.services import sided
from batchgraph.render.page_hosts import HOST_FACTS

MACROS = """
    CREATE MACRO instant(ns) AS
        strftime(make_timestamp((ns - (ns % 1000000000 + 1000000000) % 1000000000) // 1000), '%Y-%m-%dT%H:%M:%S')
        || printf('.%09dZ', (ns % 1000000000 + 1000000000) % 1000000000);
    CREATE MACRO seconds(ns) AS printf('%d.%09d', ns // 1000000000, ns % 1000000000);
    CREATE MACRO harmless(cell) AS
        -- A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection").
        CASE WHEN left(cell, 1) IN ('=', '+', '-', '@', chr(9), chr(13)) THEN '''' || cell ELSE cell END;
"""

CAPTURES = """
    WITH packets AS (
        SELECT if(grouping(capture) = 1, 'combined', capture) AS capture, sum(packets)::BIGINT AS packets,
            sum(octets)::BIGINT AS octets, min("first") AS "first", max("last") AS "last",
            sum(packets) FILTER (status = 'ok') AS ok, sum(packets) FILTER (status = 'truncated') AS truncated,
            sum(packets) FILTER (status = 'malformed') AS malformed,
            sum(packets) FILTER (status = 'unsupported') AS unsupported
        FROM packet_sums GROUP BY GROUPING SETS ((capture), ())
    ), counts AS (
        SELECT if(grouping(capture) = 1, 'combined', capture) AS capture, count(DISTINCT address) AS hosts
        FROM (SELECT capture, src AS address FROM flows UNION ALL SELECT capture, dst FROM flows)
        GROUP BY GROUPING SETS ((capture), ())
    ), edges_of_graph AS (
        SELECT capture, count(*) AS flows FROM flows GROUP BY capture
        UNION ALL
        SELECT 'combined', count(*) FROM combined_flows
    ), ends AS (
        SELECT if(grouping(capture) = 1, 'combined', capture) AS capture, stopped_in, sum(packets) AS n
        FROM packet_sums WHERE stopped_in IS NOT NULL GROUP BY GROUPING SETS ((capture, stopped_in), (stopped_in))
    ), stops AS (
        SELECT capture, string_agg(stopped_in || ':' || n, ' ' ORDER BY n DESC, stopped_in) AS stopped_in
        FROM ends GROUP BY capture
    )
    SELECT i.capture, harmless(i.path) AS path, i.status, i.format,
        coalesce(packets, 0) AS packets, coalesce(octets, 0) AS octets,
        instant("first") AS "first", instant("last") AS "last", seconds("last" - "first") AS duration_seconds,
        coalesce(hosts, 0) AS hosts, coalesce(flows, 0) AS flows, coalesce(ok, 0) AS ok,
        coalesce(truncated, 0) AS truncated, coalesce(malformed, 0) AS malformed,
        coalesce(unsupported, 0) AS unsupported, stopped_in, i.sha256
    FROM inputs i LEFT JOIN packets p USING (capture) LEFT JOIN counts c USING (capture)
        LEFT JOIN edges_of_graph e USING (capture) LEFT JOIN stops USING (capture)
    ORDER BY i.capture <> 'combined', coalesce(octets, 0) DESC, i.capture, i.path
"""

_HOST_SUMS = """
    WITH ends AS (
        SELECT capture, src AS address, dst AS peer, packets AS packets_out, 0 AS packets_in, octets AS octets_out,
            0 AS octets_in, epoch_ns("first") AS "first", epoch_ns("last") AS "last" FROM flows
        UNION ALL
        SELECT capture, dst, src, 0, packets, 0, octets, epoch_ns("first"), epoch_ns("last") FROM flows
    )
    SELECT {capture}, address,
        sum(packets_out)::BIGINT AS packets_out, sum(packets_in)::BIGINT AS packets_in,
        sum(octets_out)::BIGINT AS octets_out, sum(octets_in)::BIGINT AS octets_in,
        count(DISTINCT peer) FILTER (peer <> address) AS peers, min("first") AS "first", max("last") AS "last"
    FROM ends WHERE {condition} GROUP BY {groups}
"""

_HOSTS = """harmless(address) AS address, scope_of(address) AS scope, packets_out, packets_in, octets_out, octets_in,
    peers, instant("first") AS "first", instant("last") AS "last\""""

_CONVERSATION_SUMS = """
    WITH directed AS (
        SELECT capture, least(src, dst) AS a, greatest(src, dst) AS b, type,
            if(src <= dst, packets, 0) AS packets_ab, if(src <= dst, 0, packets) AS packets_ba,
            if(src <= dst, octets, 0) AS octets_ab, if(src <= dst, 0, octets) AS octets_ba,
            epoch_ns("first") AS "first", epoch_ns("last") AS "last"
        FROM flows
    )
    SELECT {capture}, a, b, type, sum(packets_ab)::BIGINT AS packets_ab, sum(packets_ba)::BIGINT AS packets_ba,
        sum(octets_ab)::BIGINT AS octets_ab, sum(octets_ba)::BIGINT AS octets_ba,
        min("first") AS "first", max("last") AS "last"
    FROM directed WHERE {condition} GROUP BY {groups}
"""

_CONVERSATIONS = """harmless(a) AS a, harmless(b) AS b, harmless(type) AS type, packets_ab, packets_ba, octets_ab,
    octets_ba, instant("first") AS "first", instant("last") AS "last", seconds("last" - "first") AS duration_seconds"""

# A packet without a protocol's label is counted by where its decoding ended, so that the packets of a capture here
# are as many as its rows.
PROTOCOLS = """
    WITH labelled AS (
        SELECT capture, coalesce(type, '(none)') AS type, if(type IS NULL, status, NULL) AS status,
            if(type IS NULL, stopped_in, NULL) AS stopped_in, packets, octets
        FROM packet_sums
    ), sums AS (
        SELECT if(grouping(capture) = 1, 'combined', capture) AS capture, type, status, stopped_in,
            sum(packets)::BIGINT AS packets, sum(octets)::BIGINT AS octets
        FROM labelled GROUP BY GROUPING SETS ((capture, type, status, stopped_in), (type, status, stopped_in))
    )
    SELECT capture, harmless(type) AS type, status, harmless(stopped_in) AS stopped_in, packets, octets,
        printf('%.6f', packets / sum(packets) OVER (PARTITION BY capture)) AS share_of_packets
    FROM sums ORDER BY capture <> 'combined', capture, octets DESC, type, status NULLS LAST, stopped_in NULLS LAST
"""

_BETWEEN_PAIRS = "(FROM (SELECT *, least(src, dst) AS a, greatest(src, dst) AS b FROM {table}) WHERE {{condition}})"

_SERVICE_SUMS = f"""
    WITH served AS (
        SELECT capture, type, if(inward, dst, src) AS address, if(inward, dport, sport) AS port,
            if(inward, src, dst) AS client, inward, packets, octets, load, coalesce(tcp_flags, 0) AS flags
        FROM ({sided(edges=_BETWEEN_PAIRS.format(table="edges"), flows=_BETWEEN_PAIRS.format(table="flows"))})
    )
    SELECT {{capture}}, address, type, port,
        count(DISTINCT client) AS clients, sum(packets)::BIGINT AS packets, sum(octets)::BIGINT AS octets,
        count(*) FILTER (NOT inward) AS answers,
        bool_and((flags & 6) = 4 AND load = 0) FILTER (NOT inward) AS only_resets
    FROM served GROUP BY {{groups}}
"""

# A client and what it asks for are in one range, so clients of several ranges are different ones.
_WHOLE_SERVICES = """
    SELECT capture, address, type, port, sum(clients)::BIGINT AS clients, sum(packets)::BIGINT AS packets,
        sum(octets)::BIGINT AS octets, CASE WHEN sum(answers) = 0 THEN 'silent'
            WHEN type = 'TCP' AND bool_and(only_resets) THEN 'refused' ELSE 'answered' END AS state
    FROM sums GROUP BY capture, address, type, port
"""

_SERVICES = "harmless(address) AS address, harmless(type) AS type, port, state, clients, packets, octets"

NAMES = f"""
    SELECT capture, harmless(address) AS address, harmless(name) AS name, source, frame, packets
    FROM ({NAMES_IN_ORDER})
"""

_PAIRS = "(SELECT least(src, dst) AS a, greatest(src, dst) AS b FROM flows) WHERE true"


@dataclass(frozen=True, slots=True)
class SummedTable:
    """A table that takes much memory or disk: made in ranges of a key, sorted as numbers, and only then as text.

    Parameters
    ----------
    sums
        The query of the table ``sums``, to be completed by a condition, what it is grouped by and the capture.
    rows
        What stands behind ``FROM``: the rows that have the key, with a condition at its end.
    key
        The columns of which ranges are made.
    groups
        The columns, beside the capture, that a row of the table is told by.
    whole
        What is sorted: ``sums`` itself, or a query that adds up what it has in several ranges.
    kept
        A further table that is made of the sums of all captures together and stays: its name and its query, or None.
    order
        The order of the rows of a capture.
    shown
        The columns behind the capture, as they are written; no cell has a line feed.
    """

    sums: str
    rows: str
    key: tuple[str, ...]
    groups: str
    order: str
    shown: str
    whole: str = "FROM sums"
    kept: tuple[str, str] | None = None

    def sums_query(self, condition: str, *, combined: bool) -> str:
        """Write the query of the sums of a range, for each capture and, with `combined`, for all together."""
        if not combined:
            return self.sums.format(condition=condition, groups=f"capture, {self.groups}", capture="capture")
        sets = f"GROUPING SETS ((capture, {self.groups}), ({self.groups}))"
        capture = "if(grouping(capture) = 1, 'combined', capture) AS capture"
        return self.sums.format(condition=condition, groups=sets, capture=capture)

    def ordered_query(self, *, captures: bool) -> str:
        """Write the query of the rows as they are written, with their capture or without."""
        # As long as rows are sorted they are numbers and short text: half of the time, and of the room on the disk.
        by, column = ("capture <> 'combined', capture, ", "capture, ") if captures else ("", "")
        return f"SELECT {column}{self.shown} FROM (FROM ({self.whole}) ORDER BY {by}{self.order})"


SUMMED = {
    "hosts": SummedTable(
        sums=_HOST_SUMS,
        rows="(SELECT src AS address FROM flows UNION ALL SELECT dst FROM flows) WHERE true",
        key=("address",),
        groups="address",
        order="octets_out + octets_in DESC, address",
        shown=_HOSTS,
        kept=("host_facts", HOST_FACTS),
    ),
    "conversations": SummedTable(
        sums=_CONVERSATION_SUMS,
        rows=_PAIRS,
        key=("a", "b"),
        groups="a, b, type",
        order="octets_ab + octets_ba DESC, a, b, type NULLS LAST",
        shown=_CONVERSATIONS,
    ),
    "services": SummedTable(
        sums=_SERVICE_SUMS,
        rows=_PAIRS,
        key=("a", "b"),
        groups="address, type, port",
        order="octets DESC, address, type, port",
        shown=_SERVICES,
        whole=_WHOLE_SERVICES,
    ),
}
"""Of `batchgraph.results.TABLES`, those with a row for each host, pair or service."""

QUERIES = {"captures": CAPTURES, "protocols": PROTOCOLS, "names": NAMES}
"""The queries of the others."""
