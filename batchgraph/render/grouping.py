"""Which hosts without a circle of their own are folded together: all of them, those of a network, or communities."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

GROUPS = ("auto", "subnet", "community")
"""How hosts are folded. ``auto``: into one circle; ``subnet``: by network; ``community``: by whom they talk to most."""

MAX_GROUPS = 8
"""Circles of groups: those with the most octets; hosts of the others are folded into one."""

_SEED = 20180101

_MOST_COMMUNAL = 3_000
"""Hosts among which communities are looked for; each of the others joins that of the host it exchanges most with."""


def add_groups(connection: duckdb.DuckDBPyConnection, *, by: str) -> None:
    """Add to the table ``ranked`` the group that each host would be folded into, null where it has none.

    Parameters
    ----------
    connection
        From `results_database`, with the tables ``ranked`` and ``pairs`` of a map.
    by
        One of `GROUPS`.
    """
    connection.execute("ALTER TABLE ranked ADD COLUMN grp VARCHAR")
    if by == "subnet":
        connection.execute("UPDATE ranked SET grp = network_of(host)")
    elif by == "community":
        _add_communities(connection)


def _names_query(shown: int, *, others: str) -> str:
    """Write the query for the circle of every host: ``host``, ``rank`` and ``name``.

    Hosts up to the rank `shown` have their own; of the others, each group of several has one, and the
    rest share one that is called `others`.
    """
    return f"""
        WITH sums AS (
            SELECT grp, sum(octets) AS octets FROM ranked WHERE rank > {shown} AND grp IS NOT NULL GROUP BY grp
            HAVING count(*) > 1 ORDER BY octets DESC, grp LIMIT {MAX_GROUPS}
        )
        SELECT host, rank, if(rank <= {shown}, host, coalesce(s.grp, '{others}')) AS name
        FROM ranked r LEFT JOIN sums s ON r.grp = s.grp
    """


def grouped_arrows_query(shown: int, *, others: str) -> str:
    """Write the query for the arrows between circles: ``src``, ``dst``, ``type``, ``packets`` and ``octets``."""
    return f"""
        WITH named AS ({_names_query(shown, others=others)})
        SELECT s.name AS src, d.name AS dst, type, sum(packets)::BIGINT AS packets, sum(p.octets)::BIGINT AS octets
        FROM pairs p JOIN named s ON p.src = s.host JOIN named d ON p.dst = d.host GROUP BY ALL
    """


def grouped_hosts_query(shown: int, *, others: str) -> str:
    """Write the query for the circles of several hosts: name, octets, how many they are; by octets, `others` last."""
    return f"""
        WITH named AS ({_names_query(shown, others=others)}), ends AS (
            SELECT s.name AS src, d.name AS dst, p.octets
            FROM pairs p JOIN named s ON p.src = s.host JOIN named d ON p.dst = d.host
        ), sums AS (
            SELECT name, sum(octets)::BIGINT AS octets
            FROM (SELECT src AS name, octets FROM ends UNION ALL SELECT dst, octets FROM ends WHERE dst <> src)
            GROUP BY name
        )
        SELECT name, any_value(octets) AS octets, count(*) FROM named JOIN sums USING (name)
        WHERE rank > {shown} GROUP BY name ORDER BY name = '{others}', octets DESC, name
    """


def _add_communities(connection: duckdb.DuckDBPyConnection) -> None:
    """Find communities by modularity (Blondel, Guillaume, Lambiotte and Lefebvre, 2008).

    A pair weighs as many bits as its octets need: otherwise one large transfer would decide, and sums of floating-point
    numbers would depend on the machine.
    """
    import networkx as nx
    import pyarrow as pa

    edges = connection.execute(
        f"""
        SELECT least(s.rank, d.rank) AS a, greatest(s.rank, d.rank) AS b,
            length(format('{{:b}}', sum(p.octets)::BIGINT)) AS weight
        FROM pairs p JOIN ranked s ON p.src = s.host JOIN ranked d ON p.dst = d.host
        WHERE s.rank <> d.rank AND greatest(s.rank, d.rank) <= {_MOST_COMMUNAL}
        GROUP BY a, b ORDER BY a, b
        """
    ).fetchall()
    graph = nx.Graph()
    graph.add_weighted_edges_from(edges)
    groups = nx.community.louvain_communities(graph, seed=_SEED) if edges else []
    ranks = [(rank, min(group)) for group in groups for rank in sorted(group)]
    columns = {
        "rank": pa.array([rank for rank, _ in ranks], pa.int64()),
        "first": pa.array([first for _, first in ranks], pa.int64()),
    }
    connection.register("communities", pa.table(columns))
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE joined AS
        WITH known AS (
            SELECT r.host, r.rank, f.host AS first FROM communities c
            JOIN ranked r ON r.rank = c.rank JOIN ranked f ON f.rank = c.first
        ), ends AS (
            SELECT src AS host, dst AS peer, octets FROM pairs UNION ALL SELECT dst, src, octets FROM pairs
        ), nearest AS (
            SELECT e.host, k.first,
                row_number() OVER (PARTITION BY e.host ORDER BY sum(e.octets) DESC, k.first) AS place
            FROM ends e JOIN known k ON k.host = e.peer WHERE e.host NOT IN (SELECT host FROM known)
            GROUP BY e.host, k.first
        )
        SELECT host, first FROM known UNION ALL SELECT host, first FROM nearest WHERE place = 1
        """
    )
    connection.execute("UPDATE ranked SET grp = 'around ' || j.first FROM joined j WHERE j.host = ranked.host")
