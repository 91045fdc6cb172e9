"""The values of options in a file: of the right type, and such that the command can use them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from batchgraph.commands.options import split_commas
from batchgraph.errors import UsageError

TOO_MANY = 40
"""More names than a message lists."""

_NUMBERS_TOO = ("max_bad",)
"""Options that are text, since they may be a number or a share."""


def to_argument(parameter: Any, value: Any) -> Any:  # noqa: ANN401 - an option of Typer's own click, a value of TOML
    """Give a value of TOML or JSON as the command line would give it.

    Raises
    ------
    UsageError
        If it is of another type.
    """
    if parameter.is_flag:
        return _required(bool, value, "must be true or false")
    if parameter.type_descriptor.annotation is int:
        return _required(int, value, "must be a whole number")
    if parameter.type_descriptor.annotation is float:
        return _required((int, float), value, "must be a number")
    if parameter.name in _NUMBERS_TOO and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and ("," in (parameter.metavar or "") or parameter.multiple):
        words = [_required(str, word, "must be a list of texts") for word in value]
        return words if parameter.multiple else ",".join(words)
    text = _required(str, value, "must be a text")
    return [text] if parameter.multiple else text


def _required(kind: type | tuple[type, ...], value: Any, what: str) -> Any:  # noqa: ANN401 - of this kind
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{what}, not {json.dumps(value, default=str)}")
    return value


def check_meaning(command: str, name: str, value: Any) -> None:  # noqa: ANN401 - as `to_argument` gives it
    """Refuse a text that the command could not use.

    Raises
    ------
    UsageError
        If it means nothing to the command.
    """
    check = _CHECKS.get((command, name)) or _CHECKS.get(("", name))
    if check is not None:
        check(value)


def _trust(value: str) -> None:
    from batchgraph.stages.merge import MergeOptions

    MergeOptions(trust=split_commas(value))


def _map_formats(value: str) -> None:
    from batchgraph.stages.report_options import ReportOptions

    ReportOptions(formats=split_commas(value))


def _max_bad(value: str) -> None:
    from batchgraph.exit_codes import most_bad

    most_bad(value, 0)


def _fail_on_of_diff(value: str) -> None:
    from batchgraph.difference.fail_on import parse_fail_on

    parse_fail_on(value)


def _duration(value: str) -> None:
    from batchgraph.graph.times import parse_duration

    parse_duration(value)


def _graph(name: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        from batchgraph.stages.graphs import GraphOptions

        given: Any = split_commas(value) if name in ("formats", "hosts") else value
        GraphOptions(**{name: given})

    return check


_CHECKS: Mapping[tuple[str, str], Callable[[str], None]] = {
    ("run", "trust"): _trust,
    ("merge", "trust"): _trust,
    ("run", "formats"): _map_formats,
    ("report", "formats"): _map_formats,
    ("diff", "fail_on"): _fail_on_of_diff,
    **{("graph", name): _graph(name) for name in ("by", "formats", "where", "hosts", "time")},
    ("", "max_bad"): _max_bad,
    **{("", name): _duration for name in ("window", "tcp_timeout", "udp_timeout", "other_timeout")},
}
"""What is checked of a text, by command (any, where none is named) and option, beyond what the command line checks."""
