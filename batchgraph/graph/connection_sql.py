"""Connections as SQL over edge records: which packets belong together, who began, and how it went.

A packet goes one of two ways, ``forward`` from the end that sorts first or back; what a side did is remembered as the
number of the frame in which it first did it (``s`` SYN, ``h`` SYN and ACK, ``d`` payload, ``f`` FIN, ``r`` RST, ``a``
ACK alone), from which the originator, the state and the history follow.
"""

from __future__ import annotations

LETTERS = "shdfra"

# Types that ask and answer each other, by their lower number (RFC 792, RFC 1256, RFC 4443, RFC 4861, RFC 4620, RFC
# 6275); Community ID has the same pairs.
_ICMP_PAIRS = {
    1: ((0, 8), (9, 10), (13, 14), (15, 16), (17, 18)),
    58: ((128, 129), (130, 131), (133, 134), (135, 136), (139, 140), (144, 145)),
}

_HOW = {
    "s": "proto = 6 AND (tcp_flags & 18) = 2",
    "h": "proto = 6 AND (tcp_flags & 18) = 18",
    "d": "load > 0 AND proto IN (6, 17)",
    "f": "proto = 6 AND (tcp_flags & 1) <> 0",
    "r": "proto = 6 AND (tcp_flags & 4) <> 0",
    "a": "proto = 6 AND (tcp_flags & 23) = 16 AND load = 0",
}
"""What a packet must be for each of `LETTERS`: bits of RFC 9293, section 3.1."""

_KEY = "capture, a, b, a_port, b_port, proto, talk"


def _talk() -> str:
    """Tell ICMP's questions and answers from messages that nobody answers, which have a direction."""
    cases = "".join(
        f" WHEN proto = {proto} AND icmp_type IN {pair} THEN {pair[0]}"
        for proto, pairs in _ICMP_PAIRS.items()
        for pair in pairs
    )
    one_way = "1000 + (icmp_type::INTEGER * 256 + coalesce(icmp_code, 0)) * 2 + forward::INTEGER"
    return f"CASE WHEN icmp_type IS NULL THEN -1{cases} ELSE {one_way} END"


_PACKETS = f"""
    SELECT if(forward, src, dst) AS a, if(forward, dst, src) AS b, if(forward, sport, dport) AS a_port,
        if(forward, dport, sport) AS b_port, {_talk()} AS talk, *
    FROM (
        SELECT capture::VARCHAR AS capture, frame, time,
            src::VARCHAR AS src, dst::VARCHAR AS dst, proto, type::VARCHAR AS type, sport, dport,
            icmp_type, icmp_code, tcp_flags, wire_len, load,
            (src::VARCHAR, coalesce(sport, 0)) <= (dst::VARCHAR, coalesce(dport, 0)) AS forward
        FROM read_parquet($paths)
        WHERE src IS NOT NULL AND dst IS NOT NULL AND proto IS NOT NULL AND trust IN (SELECT unnest($trust))
    )
"""


def _sums() -> str:
    """Add up what each side did, and when it first did what."""
    pieces = []
    for side, condition in (("f", "forward"), ("b", "NOT forward")):
        pieces += [
            f"count(*) FILTER ({condition}) AS {side}_packets",
            f"coalesce(sum(wire_len) FILTER ({condition}), 0)::BIGINT AS {side}_octets",
            f"coalesce(sum(load) FILTER ({condition}), 0)::BIGINT AS {side}_load",
            *(f"min(frame) FILTER ({condition} AND {_HOW[letter]}) AS {side}_{letter}" for letter in LETTERS),
        ]
    return f"""min(frame) AS first_frame, min(time) AS "first", max(time) AS "last",
        arg_min(forward, frame) AS first_forward, arg_min(type, frame) AS type, arg_min(icmp_type, frame) AS icmp_type,
        arg_min(icmp_code, frame) AS icmp_code, {", ".join(pieces)}"""


# Only where a pair of ends was silent for long, or began anew after an end, are its packets told apart in time; for
# all others the sums over the pair are those of its one connection.
PREPARE = f"""
    CREATE TABLE whole AS
        SELECT {_KEY}, {_sums()}, count(*) FILTER ({_HOW["s"]}) AS beginnings,
            count(*) FILTER ({_HOW["f"]} OR {_HOW["r"]}) AS endings,
            CASE proto WHEN 6 THEN $tcp_ns WHEN 17 THEN $udp_ns ELSE $other_ns END::BIGINT AS silence_ns
        FROM ({_PACKETS}) GROUP BY {_KEY};
"""

_SPLIT = """epoch_ns("last")::HUGEINT - epoch_ns("first") > silence_ns OR (beginnings > 1 AND endings > 0)"""

_SAME = " AND ".join(f"p.{name} IS NOT DISTINCT FROM w.{name}" for name in ("a_port", "b_port"))

_BEFORE = f"OVER (PARTITION BY {_KEY} ORDER BY frame ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"

_SPLIT_PACKETS = f"""
    WITH several AS (
        SELECT p.*, w.silence_ns FROM ({_PACKETS}) p JOIN whole w
        ON (p.capture, p.a, p.b, p.proto, p.talk) = (w.capture, w.a, w.b, w.proto, w.talk) AND {_SAME}
        WHERE {_SPLIT.replace('"last"', 'w."last"').replace('"first"', 'w."first"')}
    ), marked AS (
        SELECT *, epoch_ns(time)::HUGEINT - max(epoch_ns(time)) {_BEFORE} > silence_ns AS after_silence,
            {_HOW["s"]} AND coalesce(max(frame) FILTER ({_HOW["f"]} OR {_HOW["r"]}) {_BEFORE}, 0)
                > coalesce(max(frame) FILTER ({_HOW["s"]}) {_BEFORE}, 0) AS after_end
        FROM several
    ), numbered AS (
        SELECT *, count(*) FILTER (after_silence OR after_end) OVER (PARTITION BY {_KEY} ORDER BY frame
            ROWS UNBOUNDED PRECEDING) AS number
        FROM marked
    )
    SELECT {_KEY}, {_sums()} FROM numbered GROUP BY {_KEY}, number
"""

# The sender of the first SYN; without one the receiver of the first SYN and ACK; else who is heard first.
_ORIGINATOR = """CASE
    WHEN f_s IS NOT NULL OR b_s IS NOT NULL THEN coalesce(f_s < b_s, f_s IS NOT NULL)
    WHEN f_h IS NOT NULL OR b_h IS NOT NULL THEN NOT coalesce(f_h < b_h, f_h IS NOT NULL)
    ELSE first_forward END"""


def _sides() -> str:
    names = ("packets", "octets", "load", *LETTERS)
    return ", ".join(
        f"if(outward, f_{name}, b_{name}) AS o_{name}, if(outward, b_{name}, f_{name}) AS r_{name}" for name in names
    )


# A RST after both sides sent FIN changes nothing. A side without SYN was found midstream or not at all.
_TCP_STATE = """CASE
    WHEN r_r IS NOT NULL AND NOT coalesce(greatest(o_f, r_f) < r_r AND o_f IS NOT NULL AND r_f IS NOT NULL, false)
        THEN CASE WHEN o_s IS NOT NULL AND r_h IS NULL AND o_f IS NULL THEN 'REJ'
            WHEN o_s IS NULL AND o_h IS NULL THEN 'RSTRH' ELSE 'RSTR' END
    WHEN o_r IS NOT NULL AND NOT coalesce(greatest(o_f, r_f) < o_r AND o_f IS NOT NULL AND r_f IS NOT NULL, false)
        THEN if(r_s IS NULL AND r_h IS NULL, 'RSTOS0', 'RSTO')
    WHEN o_f IS NOT NULL AND r_f IS NOT NULL THEN 'SF'
    WHEN o_f IS NOT NULL THEN if(r_s IS NULL AND r_h IS NULL, 'SH', 'S2')
    WHEN r_f IS NOT NULL THEN if(o_s IS NULL AND o_h IS NULL, 'SHR', 'S3')
    WHEN o_s IS NOT NULL AND r_packets = 0 THEN 'S0'
    WHEN o_s IS NOT NULL AND r_h IS NOT NULL THEN 'S1'
    ELSE 'OTH' END"""

_STATE = f"""CASE
    WHEN proto = 6 AND a_port IS NOT NULL THEN {_TCP_STATE}
    WHEN proto = 17 AND a_port IS NOT NULL THEN if(r_packets > 0, 'SF', 'S0')
    WHEN proto IN (1, 58) THEN 'OTH' END"""


def _history() -> str:
    """Order the letters by the frame in which each side earned them; of one frame in the order of `LETTERS`."""
    steps = ", ".join(
        f"{{'at': {side}_{letter}, 'rank': {rank}, 'letter': '{letter.upper() if side == 'o' else letter}'}}"
        for rank, letter in enumerate(LETTERS)
        for side in "or"
    )
    known = f"list_filter([{steps}], lambda step: step.at IS NOT NULL)"
    return f"nullif(array_to_string(list_transform(list_sort({known}), lambda step: step.letter), ''), '')"


CONNECTIONS = f"""
    WITH found AS (
        SELECT * EXCLUDE (beginnings, endings, silence_ns) FROM whole WHERE NOT coalesce({_SPLIT}, false)
        UNION ALL BY NAME
        {{split}}
    ), begun AS (
        SELECT *, {_ORIGINATOR} AS outward FROM found
    ), sided AS (
        SELECT *, {_sides()}, if(outward, a, b) AS orig, if(outward, b, a) AS resp,
            if(outward, a_port, b_port) AS orig_port, if(outward, b_port, a_port) AS resp_port
        FROM begun
    )
    SELECT capture, first_frame, "first", (epoch_ns("last")::HUGEINT - epoch_ns("first")) / 1e9 AS duration_seconds,
        orig, orig_port, resp, resp_port, type, proto, icmp_type, icmp_code, {_STATE} AS state,
        if(proto IN (6, 17), {_history()}, NULL) AS history, o_packets AS orig_packets, r_packets AS resp_packets,
        o_octets AS orig_octets, r_octets AS resp_octets, o_load AS orig_load, r_load AS resp_load
    FROM sided ORDER BY list_position($captures::VARCHAR[], capture), first_frame
""".replace("{split}", f"SELECT * FROM ({_SPLIT_PACKETS})")
"""The connections of captures, once `PREPARE` has been run, by capture and in the order in which they began."""
