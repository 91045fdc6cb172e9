"""A learnt policy as TOML."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from batchgraph.policy.keys import FORMAT
from batchgraph.policy.learn import NO_PORT, Served

_HEAD = f"""# Learnt from traffic: what is not allowed here did not occur.
format = {FORMAT}
default = "deny"
"""


def policy_text(served: Iterable[Served], labels: Iterable[str]) -> str:
    """Write a policy that allows what was served, and packets without network addresses that have one of the labels."""
    served, labels = list(served), sorted(labels)
    with_ports = {one.label for one in served if one.ports != (NO_PORT,)}
    names: dict[str, int] = defaultdict(int)
    non_ip = f"non_ip = {_list(labels) if labels else json.dumps('deny')}\n"
    return _HEAD + non_ip + "".join(_rule(one, names, has_ports=one.label in with_ports) for one in served)


def _rule(served: Served, names: dict[str, int], *, has_ports: bool) -> str:
    base = " ".join([served.label, *(str(number) for number in (served.proto, served.ports[0]) if number >= 0)])
    names[base] += 1
    lines = [
        f"name = {json.dumps(base if names[base] == 1 else f'{base} ({names[base]})')}",
        'action = "allow"',
        f"type = {json.dumps(served.label)}",
        *([f"proto = {served.proto}"] if served.proto >= 0 else []),
        # Without the key, any port would do.
        *([f"port = {_ports(served.ports)}"] if has_ports else []),
        f"src = {_list(served.clients)}",
        f"dst = {_list(served.servers)}",
    ]
    return "\n[[rules]]\n" + "\n".join(lines) + "\n"


def _ports(ports: Sequence[int]) -> str:
    runs = [[port for _, port in run] for _, run in groupby(enumerate(ports), key=lambda place: place[1] - place[0])]
    words = [_port(run) if len(run) == 1 or run[0] >= 0 else f"{_port(run[:1])}, {_port(run[1:])}" for run in runs]
    return words[0] if len(words) == 1 and ", " not in words[0] else f"[{', '.join(words)}]"


def _port(run: Sequence[int]) -> str:
    if run[0] == NO_PORT:
        return '"none"'
    return f'"{run[0]}-{run[-1]}"' if len(run) > 1 else str(run[0])


def _list(texts: Sequence[str]) -> str:
    quoted = [json.dumps(text) for text in texts]
    one = f"[{', '.join(quoted)}]"
    return one if len(one) < 100 else "[\n" + "".join(f"    {text},\n" for text in quoted) + "]"
