"""The keys of a policy file, declared once: the validator and the JSON Schema for editors derive from them."""

from __future__ import annotations

from dataclasses import dataclass

FORMAT = 1
"""Version of the policy format; a reader refuses any other."""

LARGEST_COUNT = 2**48
"""No count in a policy is larger."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a policy file.

    Parameters
    ----------
    name
        As written in TOML.
    kind
        ``text``, ``texts`` (one or a list), ``labels``, ``ports``, ``numbers`` (from 0 to 255), ``count``, ``format``,
        ``non_ip``, ``tables`` (named lists of texts) or ``rules``.
    meaning
        One line for people.
    choices
        The only values; empty for any.
    required
        Whether it must be there.
    """

    name: str
    kind: str
    meaning: str
    choices: tuple[str, ...] = ()
    required: bool = False


_ENDS = "addresses, networks, groups, segments, names of hosts and globs such as app-*; `!` before one excludes it"

RULE_KEYS: tuple[Key, ...] = (
    Key("name", "text", "what reports call the rule; no other has the same", required=True),
    Key("action", "text", "what becomes of traffic that matches", ("allow", "deny", "require"), required=True),
    Key("src", "texts", f"who asks: {_ENDS}"),
    Key("dst", "texts", f"who serves: {_ENDS}"),
    Key("type", "labels", "protocol labels as in edge records (TCP, UDP, ICMP, ARP, ...), or none"),
    Key("proto", "numbers", "IANA protocol numbers, 0 to 255"),
    Key("port", "ports", "ports of the end that serves: numbers, ranges as in 8000-8099, or none"),
    Key("sport", "ports", "source ports of the packets themselves"),
    Key("dport", "ports", "destination ports of the packets themselves"),
    Key(
        "direction",
        "text",
        "conversation: src asks, dst serves, and replies match too; packet: src sends, dst receives; either: both ways",
        ("conversation", "packet", "either"),
    ),
    Key("time", "texts", "ranges of time A..B (ISO 8601, UTC), or of every day as in 08:00..18:00 (UTC)"),
    Key("max_packets", "count", "most packets of a capture that may match, counted as `per` says"),
    Key("max_octets", "count", "most octets on the wire that may match, counted as `per` says"),
    Key("max_rate", "count", "most packets that may match in any one second of the clock, counted as `per` says"),
    Key(
        "per",
        "text",
        "what a volume is counted over: all that matches, each src, each dst, each pair, or each service of a pair",
        ("rule", "src", "dst", "pair", "service"),
    ),
)
"""The keys of a rule."""

LIMITS = ("max_packets", "max_octets", "max_rate")

POLICY_KEYS: tuple[Key, ...] = (
    Key("format", "format", f"version of the policy format: {FORMAT}"),
    Key(
        "evaluate",
        "text",
        "first: the first rule that matches a packet decides; all: each rule that matches counts",
        ("first", "all"),
    ),
    Key("default", "text", "what becomes of traffic that no rule decides on", ("allow", "deny")),
    Key("non_ip", "non_ip", "what becomes of packets without network addresses: ignore, deny, or labels that may be"),
    Key("groups", "tables", "named lists of addresses, networks, names and globs"),
    Key("segments", "tables", "named lists like groups; both ends of every packet must be in one of them"),
    Key("rules", "rules", "the rules, in order"),
)
"""The keys at the top of a policy."""

OWN_NAMES = ("default", "segments", "non_ip")
"""What reports call what is no rule of its own."""
