"""Features as SQL over the table ``packets``: whole columns at a time, hosts by their numbers.

Several captures are worked on at once: ``window`` is here the number of a row of ``places``, which is one window of
one capture, or a whole capture.
"""

from __future__ import annotations

SECOND_NS = 1_000_000_000

_COUNTED = "src IS NOT NULL AND dst IS NOT NULL {timed} AND trust::VARCHAR IN (FROM trusts)"

TRUSTS = "CREATE TABLE trusts AS SELECT unnest($trust::VARCHAR[]) AS trust"
"""Values of the column ``trust`` whose packets count."""

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

# Of all packets, for who serves follows from those too that do not count: they are in no window.
PACKETS = """
    CREATE TABLE packets AS
    SELECT place AS "window", list_position(getvariable('captures'), source.capture::VARCHAR) AS capture_number, frame,
        epoch_ns(time) AS t, a.number AS src, b.number AS dst, type::VARCHAR AS type, proto, sport, dport, tcp_flags,
        wire_len AS size, coalesce(load, 0) AS load, trust::VARCHAR IN (FROM trusts) AS trusted
    FROM source JOIN numbers a ON a.address = src JOIN numbers b ON b.address = dst
        LEFT JOIN places ON places.capture = source.capture
            AND start = if(trust::VARCHAR IN (FROM trusts), {window}, NULL)
"""

PAIRS = """
    SELECT "window", src, dst, count(*) AS packets FROM packets
    WHERE "window" IS NOT NULL AND src % $ranges = $range GROUP BY "window", src, dst
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
