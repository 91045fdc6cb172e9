"""One thing that differs, and all of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One host, service, pair or protocol that is new, gone or changed in volume.

    Parameters
    ----------
    kind
        ``host``, ``service``, ``pair`` or ``protocol``.
    change
        ``new``, ``gone`` or ``volume``.
    host, peer, type, port
        Which one: a host; host, type and port of a service; host (sender), peer and type of a pair; a type.
    baseline, new
        Packets and octets on the wire in either run.
    percent
        By how much the volume changed, in per cent of the baseline's; None where there is nothing to compare.
    allowed, fails
        Whether it is in the file of what may differ; whether it makes the comparison fail.
    """

    kind: str
    change: str
    host: str
    peer: str
    type: str
    port: int
    baseline: tuple[int, int]
    new: tuple[int, int]
    percent: float | None = None
    allowed: bool = False
    fails: bool = False

    @property
    def word(self) -> str:
        """What ``--fail-on`` calls it."""
        return "volume" if self.change == "volume" else f"{self.change}-{self.kind}"

    @property
    def name(self) -> str:
        """Which host, service, pair or protocol, as the file of ``--allow`` writes it."""
        if self.kind == "protocol":
            return self.type
        if self.kind == "service":
            return f"{self.host} {self.type}/{self.port}"
        return f"{self.host} > {self.peer} {self.type}" if self.kind == "pair" else self.host


@dataclass(frozen=True, slots=True)
class Difference:
    """What `batchgraph.compare` found, in the order of kind, change and name.

    Parameters
    ----------
    spans
        Seconds that the captures of the baseline and of the new run cover, gaps between captures left out.
    by_rate
        Whether octets per second were compared, and not octets.
    """

    findings: tuple[Finding, ...]
    spans: tuple[float, float]
    by_rate: bool
    match: str
    percent: float

    @property
    def failed(self) -> bool:
        """Whether something was found that the comparison was asked to fail on."""
        return any(finding.fails for finding in self.findings)

    def of(self, kind: str, change: str) -> Iterator[Finding]:
        """Give the findings of one kind and change that are not allowed."""
        return (f for f in self.findings if f.kind == kind and f.change == change and not f.allowed)
