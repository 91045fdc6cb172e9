"""What batchgraph aims at beside other programs, as ratios within one run of the benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXTRACT, EXTRACT_2 = "batchgraph extract, 1 process", "batchgraph extract, 2 workers"
RUN, FLOOR = "batchgraph run, 1 process", "floor: fields read, table written"
EXTRACT_LARGE = "batchgraph extract, ten times as much"
GRAPHML, GRAPHML_NETWORKX = "GraphML as merge writes it", "networkx.write_graphml"
HELP, SMALL_RUN = "batchgraph --help", "batchgraph run, 100 packets"
CPU, WALL = "cpu_seconds_per_million", "wall_seconds_per_million"
SECONDS = "wall_seconds"


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


@dataclass(frozen=True)
class StartAim:
    """A bound on the wall seconds of a contestant that does next to nothing."""

    of: str
    seconds: float

    def line(self, records: Mapping[str, Mapping[str, Any]]) -> str:
        """Say whether the aim is kept; `records` are those of contestants that were measured, by name."""
        begin = f"{self.of + ', wall seconds':48s} <= {self.seconds:<6g}"
        if self.of not in records:
            return f"{begin} {'-':>8s} not measured: {self.of}"
        seconds = records[self.of][SECONDS]
        return f"{begin} {seconds:8.2f} {'kept' if seconds <= self.seconds else 'missed'}"


AIMS = (
    Aim("extract to nfpcapd, CPU", EXTRACT, "nfpcapd", CPU, 1.0),
    Aim("extract by 2 workers to nfpcapd, wall", EXTRACT_2, "nfpcapd", WALL, 0.6),
    Aim("extract to the floor, CPU", EXTRACT, FLOOR, CPU, 1.25),
    Aim("tshark -T fields to extract, CPU", "tshark -T fields", EXTRACT, CPU, 80, is_least=True),
    Aim("nfstream to extract, CPU", "nfstream", EXTRACT, CPU, 30, is_least=True),
    Aim("a scapy loop to extract, CPU", "scapy loop", EXTRACT, CPU, 600, is_least=True),
    Aim("run to extract, CPU", RUN, EXTRACT, CPU, 1.6),
    Aim("extract by 1 process to 2 workers, wall", EXTRACT, EXTRACT_2, WALL, 1.8, is_least=True),
    Aim("extract of ten times as much, CPU per packet", EXTRACT_LARGE, EXTRACT, CPU, 1.1),
    Aim("networkx.write_graphml to merge's, CPU", GRAPHML_NETWORKX, GRAPHML, CPU, 20, is_least=True),
    StartAim(HELP, 0.4),
    StartAim(SMALL_RUN, 2.5),
)


def aims_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Say of every aim which ratio was measured, and whether it keeps its bound."""
    measured = {record["name"]: record for record in records if "problem" not in record}
    return "\n".join(aim.line(measured) for aim in AIMS)
