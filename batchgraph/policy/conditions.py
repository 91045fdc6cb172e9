"""Rules as SQL: which talks (flows with their ends in their roles) a rule speaks of, and at which times."""

from __future__ import annotations

from collections.abc import Sequence

from batchgraph.policy.policy import Ends, Policy, Ranges, Rule, TimeWindow

_DAY_NS = 86_400 * 10**9


def speaks_of(rule: Rule, ends: Sequence[Ends]) -> str:
    """Write when a rule speaks of a row of ``talks``, its windows of time left out.

    Parameters
    ----------
    rule
        Which one.
    ends
        As `batchgraph.policy.members.all_ends` gives them.
    """
    # What costs least and leaves most away comes first.
    pieces = [
        _any_of("port", rule.port),
        _any_of("proto", rule.proto),
        _any_of("sport", rule.sport),
        _any_of("dport", rule.dport),
    ]
    if rule.types:
        labels = ", ".join("'" + label.replace("'", "''") + "'" for label in rule.types)
        pieces.append(f"coalesce(lower(type), 'none') IN ({labels})")
    pieces.append(_at_ends(rule, ends))
    return " AND ".join(piece for piece in pieces if piece) or "true"


def _at_ends(rule: Rule, ends: Sequence[Ends]) -> str:
    def both(src: str, dst: str) -> str:
        asked = [_among(side, ends.index(named)) for side, named in ((src, rule.src), (dst, rule.dst)) if named]
        return " AND ".join(asked)

    if not (rule.src or rule.dst):
        return ""
    if rule.direction == "either":
        return f"(({both('src', 'dst')}) OR ({both('dst', 'src')}))"
    return both("src", "dst") if rule.direction == "packet" else both("client", "server")


def _among(column: str, *numbers: int) -> str:
    return f"{column} IN (SELECT address FROM members WHERE ends IN ({', '.join(map(str, numbers))}))"


def _any_of(column: str, ranges: Ranges) -> str:
    ways = (f"coalesce({column}, -1) BETWEEN {first} AND {last}" for first, last in ranges)
    return f"({' OR '.join(ways)})" if ranges else ""


def outside(policy: Policy, ends: Sequence[Ends]) -> str:
    """Write when an end of a row of ``talks`` is in no segment."""
    numbers = [ends.index(segment) for segment in policy.segments.values()]
    return f"NOT ({_among('src', *numbers)} AND {_among('dst', *numbers)})"


def holds_now(policy: Policy) -> str:
    """Write whether a packet's time (``time_ns``) is in a window of ``rule``; without a time it is in none."""
    timed = {number: rule for number, rule in enumerate(policy.rules) if rule.windows}
    cases = " ".join(
        f"WHEN {number} THEN coalesce({' OR '.join(map(_window, rule.windows))}, false)"
        for number, rule in timed.items()
    )
    return f"CASE rule {cases} ELSE true END" if cases else "true"


def _window(window: TimeWindow) -> str:
    start, end = window.start_ns, window.end_ns
    if window.daily and start is not None and end is not None:
        now = f"(((time_ns % {_DAY_NS}) + {_DAY_NS}) % {_DAY_NS})"
        return f"({now} >= {start} {'AND' if start < end else 'OR'} {now} < {end})"
    pieces = [f"time_ns >= {start}"] if start is not None else []
    pieces += [f"time_ns < {end}"] if end is not None else []
    return f"({' AND '.join(pieces)})"


def breaks(policy: Policy) -> list[int]:
    """List the numbers of what may be broken when it decides."""
    numbers = [number for number, rule in enumerate(policy.rules) if rule.action != "require" and rule.can_break]
    return [*numbers, *([policy.default_number] if policy.default == "deny" else [])]


def broken(policy: Policy) -> str:
    """Write whether the sums (``packets``, ``octets``, ``rate``) of a violation of ``rule`` are one."""
    cases = []
    for number, rule in enumerate(policy.rules):
        limits = (("packets", rule.max_packets), ("octets", rule.max_octets), ("rate", rule.max_rate))
        over = " OR ".join(f"{column} > {limit}" for column, limit in limits if limit is not None)
        cases += [f"WHEN {number} THEN {over}"] if over else []
    return f"CASE rule {' '.join(cases)} ELSE true END" if cases else "true"
