"""Features as SQL over the table ``packets``: whole columns at a time, hosts by their numbers.

Several captures are worked on at once: ``window`` is here the number of a row of ``places``, which is one window of
one capture, or a whole capture.
"""

from __future__ import annotations

SECOND_NS = 1_000_000_000

_COUNTED = """src IS NOT NULL AND dst IS NOT NULL {timed}
        AND trust::VARCHAR IN (SELECT unnest(getvariable('trust')::VARCHAR[]))"""

NUMBERS = f"""
    CREATE TABLE numbers AS
    SELECT address, (row_number() OVER (ORDER BY address) - 1)::INTEGER AS number FROM (
        SELECT DISTINCT unnest([src::VARCHAR, dst::VARCHAR]) AS address FROM source WHERE {_COUNTED}
    )
"""
"""Hosts by number, in the order of their addresses; numbers are cheaper to group and to join by than text."""

# Times squared, and that by their number, must fit into 127 bits, 38 digits (`deviation`).
_GRAIN = "(10 ** greatest(0, ceil(log10(span + 1) + log10(packets) / 2 - 18.5)))::BIGINT"

PLACES = f"""
    CREATE TABLE places AS
    SELECT capture, start, seconds, {_GRAIN} AS grain,
        list_position(getvariable('captures'), capture) AS capture_number,
        (row_number() OVER (ORDER BY list_position(getvariable('captures'), capture), start) - 1)::INTEGER AS place
    FROM (
        SELECT capture::VARCHAR AS capture, {{window}} AS start,
            max(epoch_ns(time) // {SECOND_NS}) - min(epoch_ns(time) // {SECOND_NS}) + 1 AS seconds,
            coalesce(max(epoch_ns(time))::HUGEINT - min(epoch_ns(time)), 0) AS span, count(*) AS packets
        FROM source WHERE {_COUNTED} GROUP BY ALL
    )
"""
"""Windows of captures by number, in order, with the seconds from first to last packet and the grain of times."""

PACKETS = f"""
    CREATE TABLE packets AS
    SELECT place AS "window", capture_number, frame, epoch_ns(time) AS t, a.number AS src, b.number AS dst,
        type::VARCHAR AS type, proto, sport, dport, tcp_flags, wire_len AS size, coalesce(load, 0) AS load
    FROM source JOIN numbers a ON a.address = src JOIN numbers b ON b.address = dst
        JOIN places ON places.capture = source.capture AND start = {{window}}
    WHERE {_COUNTED}
"""

PAIRS = """
    CREATE TABLE pairs AS
    SELECT "window", src, dst, count(*) AS packets FROM packets GROUP BY "window", src, dst
"""

# A connection is begun once in a window, however often its SYN is sent again.
BEGUN = """
    CREATE TABLE begun AS
    WITH asked AS (
        SELECT "window", capture_number, src, dst, sport, dport, min(t) AS t FROM packets
        WHERE type = 'TCP' AND (tcp_flags & 18) = 2 GROUP BY ALL
    ), answers AS (
        SELECT DISTINCT capture_number, src, dst, sport, dport FROM packets WHERE type = 'TCP' AND (tcp_flags & 18) = 18
    )
    SELECT b.*, a.src IS NULL AS failed FROM asked b LEFT JOIN answers a
        ON (b.capture_number, b.src, b.dst, b.sport, b.dport) = (a.capture_number, a.dst, a.src, a.dport, a.sport)
"""

# The answer of a service that only refuses is a reset without payload.
SERVED = """
    CREATE TABLE served AS
    WITH flows AS (
        SELECT "window", capture_number, src, dst, type, proto, sport, dport, sum(load) AS load,
            coalesce(bit_or(tcp_flags), 0) AS flags
        FROM packets WHERE sport IS NOT NULL AND dport IS NOT NULL GROUP BY ALL
    )
    SELECT "window", if(s.inward, f.src, f.dst) AS client, if(s.inward, f.dst, f.src) AS server, f.type,
        if(s.inward, f.dport, f.sport) AS port, bool_or(s.inward) AS asked,
        bool_or(NOT s.inward AND NOT (f.type = 'TCP' AND (flags & 6) = 4 AND f.load = 0)) AS answered
    FROM flows f JOIN (
        SELECT list_position(getvariable('captures'), capture::VARCHAR) AS capture_number, a.number AS src,
            b.number AS dst, type, proto, sport, dport, inward
        FROM sides JOIN numbers a ON a.address = src JOIN numbers b ON b.address = dst
    ) s ON (f.capture_number, f.src, f.dst, f.type, f.proto, f.sport, f.dport)
        = (s.capture_number, s.src, s.dst, s.type, s.proto, s.sport, s.dport)
    GROUP BY ALL
"""

_QUARTILES = ("q25", "median", "q75")


def deviation(value: str, where: str, *, grain: str = "1") -> str:
    """Write the standard deviation of whole numbers, by n, from sums of whole numbers.

    Sums of floating-point numbers depend on the order in which rows come; these do not. Values are divided by `grain`
    where the sums would not fit into 127 bits otherwise.
    """
    coarse = f"(({value})::HUGEINT // {grain})"
    n = f"count({value}) FILTER ({where})"
    first, second = f"sum({coarse}) FILTER ({where})", f"sum({coarse} * {coarse}) FILTER ({where})"
    return f"sqrt(({n} * {second} - {first} * {first})::DOUBLE) / nullif({n}, 0) * max({grain})"


def since_before(partition: str, order: str) -> str:
    """Write the time since the row before, in nanoseconds; null where it is none, or more than 292 years."""
    return f"try_cast(t::HUGEINT - lag(t) OVER (PARTITION BY {partition} ORDER BY {order}) AS BIGINT)"


def spread(name: str, value: str, where: str, suffix: str = "", *, grain: str = "1") -> list[str]:
    """Write mean, deviation and quartiles of a whole number, the last as one list."""
    return [
        f"avg({value}) FILTER ({where}) AS {name}_mean{suffix}",
        f"{deviation(value, where, grain=grain)} AS {name}_deviation{suffix}",
        f"quantile_cont({value}, [0.25, 0.5, 0.75]) FILTER ({where}) AS {name}_quartiles{suffix}",
    ]


def spread_columns(name: str, suffix: str = "", *, divided_by: float = 1.0) -> list[str]:
    """Take what `spread` gave apart, in another unit."""
    lists = f"{name}_quartiles{suffix}"
    whole = (f"{name}_mean{suffix}", f"{name}_deviation{suffix}")
    parts = [f"{lists}[{place}] / {divided_by} AS {name}_{part}{suffix}" for place, part in enumerate(_QUARTILES, 1)]
    return [*(f"{column} / {divided_by} AS {column}" for column in whole), *parts]


def entropy(name: str, where: str) -> str:
    """Write the entropy of counts ``n``, in bits."""
    total = f"sum(n) FILTER ({where})"
    # Of one value alone it is 0 and not -0 or a rounding's rest.
    return (
        f"CASE WHEN count(*) FILTER ({where}) = 1 THEN 0.0"
        f" ELSE log2({total}) - sum(n * log2(n)) FILTER ({where}) / {total} END AS {name}"
    )


def begun_columns(subject: str) -> str:
    """Write what is known of the connections that each subject began."""
    return f"""
        SELECT "window", {subject}, count(*) AS connections_begun, avg(failed::INTEGER) AS failed_share,
            avg(gap) / {SECOND_NS}.0 AS begin_gap_mean,
            {deviation("gap", "true", grain="grain")} / {SECOND_NS}.0 AS begin_gap_deviation
        FROM (
            SELECT *, {since_before(f'"window", {subject}', "t, dst, dport, sport")} AS gap
            FROM begun
        ) JOIN places ON "window" = place GROUP BY "window", {subject}
    """
