"""What batchgraph aims at beside other programs, as ratios within one run of the benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXTRACT, EXTRACT_2 = "batchgraph extract, 1 process", "batchgraph extract, 2 workers"
RUN, FLOOR = "batchgraph run, 1 process", "floor: fields read, table written"
CPU, WALL = "cpu_seconds_per_million", "wall_seconds_per_million"


@dataclass(frozen=True)
class Aim:
    """A bound on the ratio of what two contestants take.

    Parameters
    ----------
    name
        For people.
    of, to
        Names of the contestants.
    by
        What is compared: `CPU` or `WALL`.
    bound
        Of the ratio.
    is_least
        Whether the ratio shall be at least `bound`, and not at most.
    """

    name: str
    of: str
    to: str
    by: str
    bound: float
    is_least: bool = False

    def line(self, records: Mapping[str, Mapping[str, Any]]) -> str:
        """Say whether the aim is kept; `records` are those of contestants that were measured, by name."""
        sign = ">=" if self.is_least else "<="
        begin = f"{self.name:48s} {sign} {self.bound:<6g}"
        missing = [name for name in (self.of, self.to) if name not in records]
        if missing:
            return f"{begin} {'-':>8s} not measured: {', '.join(missing)}"
        ratio = records[self.of][self.by] / records[self.to][self.by]
        kept = ratio >= self.bound if self.is_least else ratio <= self.bound
        return f"{begin} {ratio:8.2f} {'kept' if kept else 'missed'}"


AIMS = (
    Aim("extract to nfpcapd, CPU", EXTRACT, "nfpcapd", CPU, 1.0),
    Aim("extract by 2 workers to nfpcapd, wall", EXTRACT_2, "nfpcapd", WALL, 0.6),
    Aim("extract to the floor, CPU", EXTRACT, FLOOR, CPU, 1.25),
    Aim("tshark -T fields to extract, CPU", "tshark -T fields", EXTRACT, CPU, 80, is_least=True),
    Aim("nfstream to extract, CPU", "nfstream", EXTRACT, CPU, 30, is_least=True),
    Aim("a scapy loop to extract, CPU", "scapy loop", EXTRACT, CPU, 600, is_least=True),
    Aim("run to extract, CPU", RUN, EXTRACT, CPU, 1.6),
    Aim("extract by 1 process to 2 workers, wall", EXTRACT, EXTRACT_2, WALL, 1.8, is_least=True),
)


def aims_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Say of every aim which ratio was measured, and whether it keeps its bound."""
    measured = {record["name"]: record for record in records if "problem" not in record}
    return "\n".join(aim.line(measured) for aim in AIMS)
