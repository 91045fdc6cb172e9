"""A communication policy, read and valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges of numbers, of which -1 is none; empty for any."""

Ends = tuple[str, ...]
"""Addresses, networks, names and globs, some behind ``!``; empty for any."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A window of time that holds its start and not its end, in nanoseconds since 1970 or, daily, midnight UTC."""

    start_ns: int | None
    end_ns: int | None
    daily: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; the keys are those of `batchgraph.policy.keys.RULE_KEYS`."""

    name: str
    action: str
    src: Ends = ()
    dst: Ends = ()
    types: tuple[str, ...] = ()
    proto: Ranges = ()
    port: Ranges = ()
    sport: Ranges = ()
    dport: Ranges = ()
    direction: str = "conversation"
    windows: tuple[TimeWindow, ...] = ()
    max_packets: int | None = None
    max_octets: int | None = None
    max_rate: int | None = None
    per: str = "rule"

    @property
    def is_limited(self) -> bool:
        """Whether traffic may be, up to a volume."""
        return any(limit is not None for limit in (self.max_packets, self.max_octets, self.max_rate))

    @property
    def can_break(self) -> bool:
        """Whether traffic that the rule decides on may be a violation."""
        return self.action == "deny" or self.is_limited


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy; the keys are those of `batchgraph.policy.keys.POLICY_KEYS`.

    Parameters
    ----------
    non_ip
        The labels, in lower case, that packets without network addresses may have; None: any.
    host_names
        Names and globs that only the names of hosts can tell the addresses of, each with where it stands.
    """

    rules: tuple[Rule, ...] = ()
    evaluate: str = "first"
    default: str = "allow"
    non_ip: tuple[str, ...] | None = None
    segments: Mapping[str, Ends] = field(default_factory=dict)
    host_names: Mapping[str, str] = field(default_factory=dict)

    def rule_name(self, number: int) -> str:
        """Name a rule by its number, or what is no rule of its own."""
        own = {self.default_number: "default", self.segments_number: "segments", self.non_ip_number: "non_ip"}
        return own.get(number) or self.rules[number].name

    @property
    def default_number(self) -> int:
        """The number of what decides where no rule does: after all rules."""
        return len(self.rules)

    @property
    def segments_number(self) -> int:
        """The number of what says that both ends are in segments."""
        return len(self.rules) + 1

    @property
    def non_ip_number(self) -> int:
        """The number of what says which packets without network addresses may be."""
        return len(self.rules) + 2
