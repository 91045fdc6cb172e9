"""What became of a policy: how often it was broken, and each violation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import duckdb

from batchgraph.graph.database import query_batches
from batchgraph.policy.display_filter import display_filter
from batchgraph.policy.keys import LIMITS
from batchgraph.policy.policy import Policy

# One row for each frame number that is remembered: no query holds all violations in memory.
_VIOLATIONS = """
    SELECT v.*, f.frame FROM ({chosen}) v JOIN frames f USING (id) ORDER BY place, rule, id, frame
"""


@dataclass(frozen=True, slots=True)
class Violation:
    """Packets of one capture that break one rule, between two hosts for one service where no volume is at stake.

    Parameters
    ----------
    rule
        Its name; ``default``, ``segments`` or ``non_ip`` where it is no rule of its own.
    reason
        What it says.
    capture, type, port
        As in edge records; `port` is the serving end's, or the destination's where a rule is about packets.
    src, dst
        Who asked and who serves, or who sent and who received; None for any.
    packets, octets
        All of them, octets on the wire.
    first_ns, last_ns
        Times since 1970.
    frames
        Numbers of the first packets (`batchgraph.policy.hit_sql.FRAMES_KEPT`), in order.
    display_filter, is_exact
        For Wireshark, and whether it selects exactly these packets or some more.
    """

    rule: str
    reason: str
    capture: str
    src: str | None
    dst: str | None
    type: str | None
    port: int | None
    packets: int
    octets: int
    first_ns: int | None
    last_ns: int | None
    frames: tuple[int, ...]
    display_filter: str
    is_exact: bool


class Verdict:
    """What became of a policy; violations are read from a database that is open as long as `judged` lasts.

    Attributes
    ----------
    unmet
        Names of ``require`` rules that no packet meets.
    packets, without_addresses
        How many packets were looked at, and how many of them have no network addresses.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        policy: Policy,
        unmet: tuple[str, ...],
        packets: int,
        without_addresses: int,
    ) -> None:
        self._connection = connection
        self.policy = policy
        self.unmet = unmet
        self.packets = packets
        self.without_addresses = without_addresses

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many violations there are of each rule that is broken, in order of the rules."""
        query = "SELECT rule, count(*) FROM violations GROUP BY rule ORDER BY rule"
        return {self.policy.rule_name(rule): count for rule, count in self._connection.execute(query).fetchall()}

    @property
    def n_violations(self) -> int:
        """How many violations there are."""
        return sum(self.counts.values())

    @property
    def is_kept(self) -> bool:
        """Whether nothing broke the policy."""
        return not self.counts and not self.unmet

    def violations(self, *, most: int | None = None, rule: int | None = None) -> Iterator[Violation]:
        """Give violations by capture, in order of the rules, then by hosts.

        Parameters
        ----------
        most
            No more than this; None for all.
        rule
            Only of this rule, by its number; None for all.
        """
        chosen = "FROM violations" if rule is None else f"FROM violations WHERE rule = {rule}"
        if most is not None:
            chosen += f" ORDER BY place, rule, id LIMIT {most}"
        batches = query_batches(self._connection, _VIOLATIONS.format(chosen=chosen), parameters={})
        rows = (row for batch in batches for row in batch.to_pylist())
        for _, group in groupby(rows, key=lambda row: row["id"]):
            yield self._violation(list(group))

    def _violation(self, rows: list[dict[str, Any]]) -> Violation:
        row, frames = rows[0], tuple(row["frame"] for row in rows)
        text, exact = display_filter(row, frames)
        same = ("capture", "type", "port", "packets", "octets", "first_ns", "last_ns")
        return Violation(
            rule=self.policy.rule_name(row["rule"]),
            reason=self._reason(row),
            src=row["client"],
            dst=row["server"],
            **{name: row[name] for name in same},
            frames=frames,
            display_filter=text,
            is_exact=exact,
        )

    def _reason(self, row: dict[str, Any]) -> str:
        number = row["rule"]
        if number == self.policy.default_number:
            return "no rule allows it"
        if number == self.policy.segments_number:
            return "outside of the segments"
        if number == self.policy.non_ip_number:
            return "no network addresses"
        rule = self.policy.rules[number]
        found = {"max_packets": row["packets"], "max_octets": row["octets"], "max_rate": row["rate"]}
        over = [
            f"{key} is {getattr(rule, key):,}, not {found[key]:,}"
            for key in LIMITS
            if getattr(rule, key) is not None and found[key] > getattr(rule, key)
        ]
        return ", ".join(over) or "denied"
