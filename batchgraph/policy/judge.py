"""Hold edge records against a policy, in DuckDB: packets stay there, only sums of them leave it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb

from batchgraph.graph.database import literal_path, open_database, reading_errors
from batchgraph.graph.services import create_sides
from batchgraph.policy import conditions, hit_sql, talk_sql
from batchgraph.policy.members import all_ends, create_members
from batchgraph.policy.policy import Ends, Policy
from batchgraph.policy.verdict import Verdict
from batchgraph.results import ResultsDirectory

_ALL = """
    CREATE TABLE violations (id BIGINT, place INTEGER, rule INTEGER, capture VARCHAR, one_way BOOLEAN, client VARCHAR,
        server VARCHAR, type VARCHAR, port INTEGER, packets BIGINT, octets BIGINT, first_ns BIGINT, last_ns BIGINT,
        first_frame UBIGINT, last_frame UBIGINT, clear BOOLEAN, rate BIGINT, plain BOOLEAN);
    CREATE TABLE frames (id BIGINT, frame UBIGINT);
"""


@contextmanager
def judged(
    results: ResultsDirectory,
    policy: Policy,
    *,
    groups: Iterable[Sequence[str]],
    trust: Sequence[str],
    names: Mapping[str, str],
    memory: int | None = None,
) -> Iterator[Verdict]:
    """Hold the packets of captures against a policy, and give the verdict, which is read while the block lasts.

    Parameters
    ----------
    results
        With edge records and flows.
    policy
        As read.
    groups
        Captures that are read together, all of them with packets.
    trust
        Which packets count, as `merge` took them.
    names
        What hosts are called, by address.
    memory
        As for `open_database`.

    Raises
    ------
    ResultsError
        If the results are not whole.
    """
    with open_database(memory=memory) as connection:
        judge = _Judge(connection, results, policy, list(trust), names)
        connection.execute(_ALL)
        for captures in groups:
            judge.hear(captures)
        unmet = [
            rule.name
            for number, rule in enumerate(policy.rules)
            if rule.action == "require" and number not in judge.met
        ]
        yield Verdict(connection, policy, tuple(unmet), judge.packets, judge.without_addresses)


@dataclass(slots=True)
class _Judge:
    connection: duckdb.DuckDBPyConnection
    results: ResultsDirectory
    policy: Policy
    trust: list[str]
    names: Mapping[str, str]
    packets: int = 0
    without_addresses: int = 0
    heard: int = 0
    met: set[int] = field(default_factory=set)

    def hear(self, captures: Sequence[str]) -> None:
        """Add what captures have that breaks the policy, and note which requirements they meet."""
        ends = all_ends(self.policy)
        create_talks(self.connection, self.results, captures=captures)
        with reading_errors():
            create_members(self.connection, ends, self.names)
        edges = {
            "edges": [literal_path(part) for capture in captures for part in self.results.edge_parts(capture)],
            "trust": self.trust,
        }
        with reading_errors():
            counts = self.connection.execute(talk_sql.COUNTS, edges).fetchall()[0]
            self.packets, self.without_addresses = self.packets + counts[0], self.without_addresses + counts[1]
            self._meet(ends, edges)
            self._match(ends)
            self._blame(edges)
            self._keep(captures, edges)
        self.heard += len(captures)

    def _meet(self, ends: Sequence[Ends], edges: Mapping[str, object]) -> None:
        for number, rule in enumerate(self.policy.rules):
            if rule.action != "require" or number in self.met:
                continue
            asked, speaks, parameters = "FROM talks WHERE", conditions.speaks_of(rule, ends), {}
            if rule.windows:
                asked = f"FROM (SELECT *, {number} AS rule FROM ({talk_sql.packets_of(speaks)})) WHERE"
                speaks, parameters = conditions.holds_now(self.policy), dict(edges)
            if self.connection.execute(f"SELECT 1 {asked} {speaks} LIMIT 1", parameters).fetchall():
                self.met.add(number)

    def _match(self, ends: Sequence[Ends]) -> None:
        """Create ``kept`` and ``outsiders``: what can decide on the packets of every talk."""
        run = self.connection.execute
        run(
            "CREATE OR REPLACE TABLE matches AS SELECT id AS talk, ?::INTEGER AS rule FROM flows",
            [len(self.policy.rules)],
        )
        for number, rule in enumerate(self.policy.rules):
            if rule.action != "require":
                run(f"INSERT INTO matches SELECT id, {number} FROM talks WHERE {conditions.speaks_of(rule, ends)}")
        run(hit_sql.kept(self.policy))
        run("DROP TABLE matches")
        outside = conditions.outside(self.policy, ends) if self.policy.segments else "false"
        run(f"CREATE OR REPLACE TABLE outsiders AS SELECT id AS talk FROM talks WHERE {outside}")

    def _blame(self, edges: Mapping[str, object]) -> None:
        """Create ``hits`` and ``blamed``: violations that may be, and the packets of them."""
        run = self.connection.execute
        run(hit_sql.keyed(self.policy))
        run(hit_sql.HITS)
        asked = talk_sql.packets_of("id IN (SELECT talk FROM keyed)")
        run(f"CREATE OR REPLACE TABLE packets AS {asked}", edges)
        run(hit_sql.blamed(self.policy))
        run("DROP TABLE packets")
        if self.policy.non_ip is not None:
            run(talk_sql.NON_IP, {**edges, "labels": list(self.policy.non_ip)})
            number = self.policy.non_ip_number
            run(
                f"INSERT INTO hits SELECT DISTINCT hit, {number}, capture, true, client, server, type, NULL::INTEGER"
                " FROM non_ip"
            )
            run("INSERT INTO blamed SELECT hit, frame, time_ns, wire_len, false FROM non_ip")

    def _keep(self, captures: Sequence[str], edges: Mapping[str, object]) -> None:
        """Add the violations among the hits to those of earlier captures."""
        run = self.connection.execute
        run(talk_sql.TUNNELS, edges)
        run(f"CREATE OR REPLACE TABLE found AS {hit_sql.found(self.policy)}")
        ((base,),) = run("SELECT coalesce(max(id), 0) FROM violations").fetchall()
        run(f"INSERT INTO frames SELECT hit + {base}, frame FROM ({hit_sql.FRAMES})")
        run(
            f"INSERT INTO violations SELECT hit + {base}, {self.heard} + list_position($captures::VARCHAR[], capture),"
            f" * EXCLUDE (hit) FROM ({hit_sql.PLAIN})",
            {"captures": list(captures)},
        )


def create_talks(connection: duckdb.DuckDBPyConnection, results: ResultsDirectory, *, captures: Sequence[str]) -> None:
    """Create a table ``flows`` of captures, and a view ``talks`` of it that says who asks and who serves."""
    connection.execute("DROP TABLE IF EXISTS sides")
    create_sides(connection, results, captures=captures)
    with reading_errors():
        connection.execute(talk_sql.FLOWS, {"flows": [literal_path(results.flows(capture)) for capture in captures]})
        connection.execute(talk_sql.TALKS)
        connection.execute("DROP TABLE sides")
