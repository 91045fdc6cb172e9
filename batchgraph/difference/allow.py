"""The file of ``--allow``: what may differ."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchgraph.difference.finding import Finding
from batchgraph.errors import UsageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

KEYS = ("addresses", "networks", "services", "pairs", "protocols")
"""The keys of the file; each is a list of texts."""

_SERVICE = re.compile(r"(?:(\S+) )?([^\s/]+)/(\d{1,5})")
_PAIR = re.compile(r"(\S+) > (\S+)(?: (\S+))?")
_NUMERIC = re.compile(r"[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may differ, as `read_allowed` read it; hosts are written as reports print them."""

    addresses: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    services: frozenset[tuple[str, str, int]] = frozenset()
    pairs: frozenset[tuple[str, str, str]] = frozenset()
    protocols: frozenset[str] = frozenset()

    def host(self, name: str) -> bool:
        """Whether a host may differ, and all that is its own with it."""
        if name in self.addresses:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return any(address in network for network in self.networks)

    def finding(self, finding: Finding) -> bool:
        """Whether a finding is about something that may differ."""
        if finding.kind == "protocol":
            return finding.type in self.protocols
        if self.host(finding.host) or (finding.kind == "pair" and self.host(finding.peer)):
            return True
        if finding.kind == "service":
            ends = (finding.host, "*")
            return any((end, finding.type, finding.port) in self.services for end in ends)
        return finding.kind == "pair" and any(
            (src, dst, type_) in self.pairs
            for src in (finding.host, "*")
            for dst in (finding.peer, "*")
            for type_ in (finding.type, "*")
        )


def read_allowed(path: Path) -> Allowed:
    """Read what may differ.

    Raises
    ------
    UsageError
        If the file cannot be read, is no TOML, or has a key or an entry that cannot be used: with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        where = str(error).replace("at end of document", f"at the end, line {len(text.splitlines())}")
        raise UsageError(f"{path}: no TOML: {where}") from None
    for key, value in content.items():
        if key not in KEYS:
            raise _error(path, text, key, "", f"is none of {', '.join(KEYS)}")
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise _error(path, text, key, "", "must be a list of texts")
    read = {key: [_entry(path, text, key, entry) for entry in content.get(key, [])] for key in KEYS}
    return Allowed(
        addresses=frozenset(read["addresses"]),
        networks=tuple(read["networks"]),
        services=frozenset(read["services"]),
        pairs=frozenset(read["pairs"]),
        protocols=frozenset(read["protocols"]),
    )


def _entry(path: Path, text: str, key: str, entry: str) -> Any:  # noqa: ANN401 - each key has a type of its own
    try:
        return _PARSERS[key](entry)
    except ValueError as error:
        raise _error(path, text, key, entry, f"{entry!r} {_EXPECTED[key]} ({error})") from None


def _host(entry: str) -> str:
    """Read a host: an address in its canonical text, a MAC, a name, or a role."""
    if _MAC.fullmatch(entry.lower()):
        return entry.lower()
    if _NUMERIC.fullmatch(entry):
        return str(ipaddress.ip_address(entry))
    if not entry.strip():
        raise ValueError("it is empty")
    return entry


def _service(entry: str) -> tuple[str, str, int]:
    match = _SERVICE.fullmatch(entry)
    if not match or int(match[3]) > 65535:
        raise ValueError("ports are 0 to 65535")
    return _host(match[1]) if match[1] else "*", match[2], int(match[3])


def _pair(entry: str) -> tuple[str, str, str]:
    match = _PAIR.fullmatch(entry)
    if not match:
        raise ValueError("`*` stands for any host")
    return _host(match[1]), _host(match[2]), match[3] or "*"


_PARSERS: dict[str, Callable[[str], Any]] = {
    "addresses": _host,
    "networks": ipaddress.ip_network,
    "services": _service,
    "pairs": _pair,
    "protocols": str,
}
_EXPECTED = {
    "addresses": "is no host",
    "networks": "is no network such as 10.0.0.0/8",
    "services": "is no service such as `TCP/443` or `10.0.0.1 TCP/443`",
    "pairs": "is no pair such as `10.0.0.1 > 10.0.0.2 TCP`",
    "protocols": "is no protocol",
}


def _error(path: Path, text: str, key: str, entry: str, what: str) -> UsageError:
    return UsageError(f"{path}, line {_line(text, key, entry)}, key {key}: {what}")


def _line(text: str, key: str, entry: str) -> int:
    """Find the line of an entry, or of its key: TOML's reader does not tell."""
    assigned = re.compile(rf"""^\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    lines = text.splitlines()
    start = next((index for index, line in enumerate(lines) if assigned.match(line)), 0)
    if entry:
        for index, line in enumerate(lines[start:], start):
            if f'"{entry}"' in line or f"'{entry}'" in line:
                return index + 1
    return start + 1
