"""Who asks without an answer, and where logins can be read on the way."""

from __future__ import annotations

from batchgraph.render.page_tables import port_name
from batchgraph.render.text import format_count, safe_label

_IN_VAIN = 3
"""So many questions without an answer are more than one lost packet."""

_MANY = 15
"""Who asks in vain so often, of different hosts or ports, scans: another rule names it."""

_ANSWERING = (53, 88, 123)
"""Ports of UDP where every question has an answer: DNS, Kerberos and NTP."""

_CLEAR_PORTS = (21, 23, 25, 110, 143, 389, 512, 513, 514)
"""Where TCP passes logins as they are unless TLS is begun: FTP, Telnet, SMTP, POP3, IMAP, LDAP, rexec, rlogin, rsh."""

UNANSWERED_RULE = (
    f"{_IN_VAIN} or more packets by TCP, or to a name or time server, to which nothing but resets came back"
)

CLEAR_RULE = "data both ways at a port of FTP, Telnet, SMTP, POP3, IMAP, LDAP or rlogin, where logins may be read"

# A connection that was seen from its middle has an ACK (RFC 9293, 3.5). The answers are looked for among those that
# were asked alone, so that they are few.
UNANSWERED = f"""
    WITH asked AS MATERIALIZED (
        SELECT capture, src, dst, type, dport, sum(packets)::BIGINT AS packets FROM flows
        WHERE (type = 'TCP' AND (tcp_flags & 18) = 2 OR type = 'UDP' AND dport IN {_ANSWERING} AND sport <> dport)
            AND dport IS NOT NULL AND src <> dst
        GROUP BY ALL HAVING sum(packets) >= {_IN_VAIN}
    ), answers AS MATERIALIZED (
        SELECT f.capture, f.dst AS src, f.src AS dst, f.type, f.sport AS dport,
            bool_and(f.type = 'TCP' AND (f.tcp_flags & 6) = 4 AND f.load = 0) AS only_resets
        FROM flows f SEMI JOIN asked a
            ON (f.capture, f.dst, f.src, f.type, f.sport) = (a.capture, a.src, a.dst, a.type, a.dport)
        GROUP BY ALL
    ), vain AS (
        SELECT a.*, only_resets FROM asked a LEFT JOIN answers USING (capture, src, dst, type, dport)
        WHERE coalesce(only_resets, true)
        QUALIFY count(*) OVER (PARTITION BY capture, src) < {_MANY}
    )
    SELECT capture, src, dst, type, dport, packets, only_resets IS NOT NULL AS is_refused
    FROM vain ORDER BY packets DESC, capture, src, dst, type, dport
"""
"""Who asks whom for which port how often, and whether resets came back: the most often first."""

CLEAR = f"""
    WITH served AS MATERIALIZED (
        SELECT DISTINCT capture, src AS host, sport AS port, dst AS client FROM flows
        WHERE type = 'TCP' AND sport IN {_CLEAR_PORTS} AND load > 0 AND src <> dst
    ), used AS (
        SELECT DISTINCT capture, host, port, client FROM served s WHERE EXISTS (
            FROM flows f WHERE f.type = 'TCP' AND f.load > 0
            AND (f.capture, f.src, f.dst, f.dport) = (s.capture, s.client, s.host, s.port))
    )
    SELECT capture, host, port, count(*) AS clients FROM used GROUP BY ALL
    ORDER BY clients DESC, capture, host, port
"""
"""Who serves by a protocol without encryption, and how many hosts: the most first."""


def unanswered_text(peer: str, label: str, port: int, packets: int, is_refused: bool) -> str:
    """Say whom a host asks in vain, as the end of a sentence that begins with the host."""
    end = "and was refused" if is_refused else "and no answer was captured"
    return f"asks {safe_label(peer)} {label} {_port_words(port)} by {format_count(packets, 'packet')}, {end}"


def clear_text(port: int, clients: int) -> str:
    """Say what a host serves to how many, as the end of a sentence that begins with the host."""
    words = f"serves TCP {_port_words(port)} to {format_count(clients, 'host')}"
    return f"{words}: logins can be read there, unless TLS is begun within"


def _port_words(port: int) -> str:
    name = port_name(str(port))
    return f"port {port} ({name})" if name else f"port {port}"
