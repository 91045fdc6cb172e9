"""Who contacts another at regular intervals: by one flow after the other, or by single packets of one flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchgraph.graph.database import reading_errors
from batchgraph.graph.key_ranges import key_ranges
from batchgraph.render.text import format_duration, safe_label

if TYPE_CHECKING:
    import duckdb

REGULAR_CONTACTS = 10
"""So many contacts at even intervals are a timer's."""

TIMER_RULE = (
    f"at least {REGULAR_CONTACTS} contacts, by flows, pings or single packets of a UDP flow, "
    "at intervals that vary by less than a fifth"
)

_SHORTEST_PAUSE = 500_000_000
"""Nanoseconds; what comes more often is one long exchange."""

_MOST_STEADY = 10_000
"""Flows whose packets are looked at one by one: those with the most."""

_KEY = "capture, src, dst, type, dport"

_TIMED = "type IN ('TCP', 'UDP') AND dport IS NOT NULL AND \"first\" IS NOT NULL"

# Made range by range: of 50 million flows nearly all are groups of their own.
_REPEATED = f"""
    SELECT {_KEY} FROM flows WHERE {_TIMED} AND {{condition}}
    GROUP BY ALL HAVING count(*) >= {REGULAR_CONTACTS}
"""

# What keeps its source port is one flow, whose pauses are long on average.
_SLOW = f"""
    SELECT {_KEY}, sport, packets, "first" FROM flows
    WHERE (type = 'UDP' AND dport IS NOT NULL OR type = 'ICMP' AND icmp_type = 8 OR type = 'ICMPv6' AND icmp_type = 128)
        AND packets >= {REGULAR_CONTACTS} AND src <> dst
        AND epoch_ns("last") - epoch_ns("first") >= {_SHORTEST_PAUSE} * (packets - 1)
"""

# An answer is no contact of its own. Only what may be answered is held in memory, not all flows.
_STEADY = f"""
    WITH asked AS (
        SELECT capture, src, dst, sport, dport, "first" FROM flows r SEMI JOIN slow s
            ON (r.capture, r.dst, r.src, r.dport, r.sport) = (s.capture, s.src, s.dst, s.sport, s.dport)
        WHERE r.type = 'UDP'
    )
    SELECT {_KEY}, sport FROM slow f WHERE NOT EXISTS (
        FROM asked r WHERE r."first" < f."first"
        AND (f.capture, f.src, f.dst, f.sport, f.dport) = (r.capture, r.dst, r.src, r.dport, r.sport))
    ORDER BY packets DESC, {_KEY}, sport LIMIT {_MOST_STEADY}
"""

_STEADY_PACKETS = """
    SELECT e.capture, e.src, e.dst, e.type, e.dport, e.sport, epoch_ns(time) AS began
    FROM edges e SEMI JOIN steady s ON (e.capture, e.src, e.dst, e.type) = (s.capture, s.src, s.dst, s.type)
        AND e.sport IS NOT DISTINCT FROM s.sport AND e.dport IS NOT DISTINCT FROM s.dport
    WHERE time IS NOT NULL AND (icmp_type IS NULL OR icmp_type IN (8, 128))
"""

TIMERS = f"""
    WITH timed AS (
        SELECT {_KEY}, sport, epoch_ns("first") AS began, NULL::INTEGER AS flow
        FROM flows SEMI JOIN repeated USING ({_KEY}) WHERE {_TIMED}
        UNION ALL
        SELECT {_KEY}, sport, began, coalesce(sport, 0)::INTEGER AS flow FROM steady_packets p
        WHERE NOT EXISTS (FROM repeated r WHERE (p.capture, p.src, p.dst, p.type, p.dport)
            = (r.capture, r.src, r.dst, r.type, r.dport))
    ), contacts AS (
        SELECT {_KEY}, flow, began - lag(began) OVER (PARTITION BY {_KEY}, flow ORDER BY began, sport) AS pause
        FROM timed
    ), regular AS (
        SELECT {_KEY}, flow, count(*) AS contacts, quantile_cont(pause, [0.2, 0.5, 0.8]) AS pauses
        FROM contacts GROUP BY {_KEY}, flow
    )
    SELECT {_KEY}, max(contacts) AS contacts, arg_max(pauses[2], (contacts, -flow))::BIGINT AS pause FROM regular
    WHERE pauses[2] >= {_SHORTEST_PAUSE} AND pauses[3] - pauses[1] <= 0.2 * pauses[2]
    GROUP BY {_KEY} ORDER BY contacts DESC, capture, src, dst, dport, type
"""
"""Who contacts whom how often, of the tables that `make_contacts` makes: the most contacts first."""


def make_contacts(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables from which `TIMERS` reads, of the views ``flows`` and ``edges``.

    ``repeated``: who asks whom for the same port so often that it may be a timer. ``steady_packets``: the packets of
    flows whose pauses are long.
    """
    with reading_errors():
        [(n_rows,)] = connection.execute("SELECT count(*) FROM flows").fetchall()
        ranges = key_ranges(connection, "flows WHERE true", columns=("src", "dst"), parameters={}, n_rows=n_rows)
        for number, condition in enumerate(list(ranges)):
            how = "INSERT INTO repeated" if number else "CREATE OR REPLACE TEMP TABLE repeated AS"
            connection.execute(f"{how} {_REPEATED.format(condition=condition)}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE slow AS {_SLOW}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE steady AS {_STEADY}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE steady_packets AS {_STEADY_PACKETS}")


def timer_text(peer: str, label: str, port: int | None, contacts: int, pause: int) -> str:
    """Say whom a host contacts how often, as the end of a sentence that begins with the host."""
    every = f"every {format_duration(round(pause, -6))}, {contacts:,} times"
    if port is None:
        return f"pings {safe_label(peer)} {every}"
    return f"contacts {safe_label(peer)} {label} port {port} {every}"
