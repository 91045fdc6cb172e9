"""Which services there are: the rule of `batchgraph.graph.services` tells who serves, this one who counts."""

from __future__ import annotations

# A refused attempt is no service, and neither is a SYN that nobody answers, or a scan would make hundreds: over TCP an
# end serves that answers with more than a reset, or to which payload is sent (a capture of one direction).
SERVED = """
    SELECT host, type, port, client, packets, octets FROM (
        SELECT if(s.inward, s.dst, s.src) AS host, s.type, if(s.inward, s.dport, s.sport) AS port,
            if(s.inward, s.src, s.dst) AS client, f.packets, f.octets,
            bool_or(s.type <> 'TCP' OR s.load > 0
                OR (NOT s.inward AND NOT (coalesce(s.tcp_flags, 0) & 6) = 4)) OVER (
                PARTITION BY if(s.inward, s.dst, s.src), s.type, if(s.inward, s.dport, s.sport)) AS real
        FROM sides s JOIN read_parquet($flows) f
            ON (s.capture, s.src, s.dst, s.type, s.sport, s.dport)
                = (f.capture, f.src, f.dst, f.type, f.sport, f.dport) AND s.proto IS NOT DISTINCT FROM f.proto
    ) WHERE real
"""
"""Query over the table ``sides``: one row per flow of a service that counts, with its host and its client."""
