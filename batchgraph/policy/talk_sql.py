"""SQL of what rules are held against: talks, which are flows whose ends have roles, and their packets."""

from __future__ import annotations

_ANSWERS = "(f.proto = 1 AND f.icmp_type IN (0, 14, 16, 18)) OR (f.proto = 58 AND f.icmp_type IN (129, 140))"
"""Answers whose receiver asked (RFC 792, RFC 950, RFC 4443, RFC 4620); all else without ports has one direction."""

_KEY = ("type", "proto", "sport", "dport", "icmp_type", "icmp_code")


def _same(a: str, b: str) -> str:
    """Write that two rows are of one flow; nulls are as values of their own."""
    ends = " AND ".join(f"{a}.{name} = {b}.{name}" for name in ("capture", "src", "dst"))
    return f"{ends} AND " + " AND ".join(f"{a}.{name} IS NOT DISTINCT FROM {b}.{name}" for name in _KEY)


FLOWS = f"""
    CREATE OR REPLACE TABLE flows AS
    SELECT row_number() OVER () AS id, f.capture::VARCHAR AS capture, f.src::VARCHAR AS src, f.dst::VARCHAR AS dst,
        f.type::VARCHAR AS type, f.proto::INTEGER AS proto, f.sport::INTEGER AS sport, f.dport::INTEGER AS dport,
        f.icmp_type::INTEGER AS icmp_type, f.icmp_code::INTEGER AS icmp_code, f.packets,
        coalesce(s.inward, NOT ({_ANSWERS}), true) AS inward
    FROM read_parquet($flows) f LEFT JOIN sides s ON (f.capture, f.src, f.dst, f.sport, f.dport)
        = (s.capture, s.src, s.dst, s.sport, s.dport) AND f.type IS NOT DISTINCT FROM s.type
        AND f.proto IS NOT DISTINCT FROM s.proto
    WHERE f.src IS NOT NULL AND f.dst IS NOT NULL
"""

TALKS = """
    CREATE OR REPLACE VIEW talks AS
    SELECT *, if(inward, src, dst) AS client, if(inward, dst, src) AS server, if(inward, dport, sport) AS port
    FROM flows
"""

# Wireshark 4.0 decodes nothing behind the tags of switches (LINKTYPE_DSA_TAG_BRCM to LINKTYPE_DSA_TAG_EDSA).
_COLUMNS = """capture::VARCHAR AS capture, frame, epoch_ns(time) AS time_ns, wire_len, src::VARCHAR AS src,
    dst::VARCHAR AS dst, type::VARCHAR AS type, proto::INTEGER AS proto, sport::INTEGER AS sport,
    dport::INTEGER AS dport, icmp_type::INTEGER AS icmp_type, icmp_code::INTEGER AS icmp_code,
    frag_offset IS NULL AND tunnel IS NULL AND status = 'ok' AND coalesce(link_type, 1) NOT BETWEEN 281 AND 285
        AS clear"""

_TRUSTED = "FROM read_parquet($edges) WHERE trust IN (SELECT unnest($trust))"
_READ = f"SELECT {_COLUMNS} {_TRUSTED} AND src IS NOT NULL AND dst IS NOT NULL"

# A later fragment has no ports (RFC 791, 3.2): it goes the way of the last first fragment between the same hosts.
_PACKETS = f"""
    {_READ} AND coalesce(frag_offset, 0) = 0
    UNION ALL BY NAME
    SELECT l.* REPLACE (
        if(h.frame IS NULL, l.type, h.type) AS type, if(h.frame IS NULL, l.sport, h.sport) AS sport,
        if(h.frame IS NULL, l.dport, h.dport) AS dport, if(h.frame IS NULL, l.icmp_type, h.icmp_type) AS icmp_type,
        if(h.frame IS NULL, l.icmp_code, h.icmp_code) AS icmp_code)
    FROM ({_READ} AND frag_offset > 0) l ASOF LEFT JOIN ({_READ} AND frag_offset = 0) h
        ON l.capture = h.capture AND l.src = h.src AND l.dst = h.dst AND l.proto = h.proto AND l.frame >= h.frame
"""


def packets_of(talks: str) -> str:
    """Write the packets of some talks: ``talk``, ``frame``, ``time_ns``, ``wire_len`` and ``clear``.

    Parameters
    ----------
    talks
        A condition on talks.

    Notes
    -----
    ``clear`` says that Wireshark sees the same addresses and ports in a packet and no others.
    """
    return f"""
        SELECT t.id AS talk, p.frame, p.time_ns, p.wire_len, p.clear
        FROM ({_PACKETS}) p JOIN (SELECT * FROM talks WHERE {talks}) t ON {_same("p", "t")}
    """


COUNTS = f"SELECT count(*), count(*) FILTER (src IS NULL OR dst IS NULL) {_TRUSTED}"

TUNNELS = f"""
    CREATE OR REPLACE TABLE tunnels AS
    SELECT DISTINCT capture::VARCHAR AS capture {_TRUSTED} AND tunnel IS NOT NULL
"""

NON_IP = f"""
    CREATE OR REPLACE TABLE non_ip AS
    SELECT dense_rank() OVER (ORDER BY capture, client NULLS FIRST, server NULLS FIRST, type NULLS FIRST)
        + (SELECT coalesce(max(hit), 0) FROM hits) AS hit, *
    FROM (
        SELECT capture::VARCHAR AS capture, eth_src::VARCHAR AS client, eth_dst::VARCHAR AS server,
            type::VARCHAR AS type, frame, epoch_ns(time) AS time_ns, wire_len
        {_TRUSTED} AND (src IS NULL OR dst IS NULL)
            AND coalesce(lower(type), 'none') NOT IN (SELECT unnest($labels::VARCHAR[]))
    )
"""
"""Packets without network addresses that may not be, each with the number of its violation."""
