"""A run whose inputs hold a payload in every field that can hold one, and everything that it wrote or printed.

Pcapng blocks and options by draft-ietf-opsawg-pcapng, sections 3.1, 3.5, 4.1, 4.2, 4.3 and 4.5.
"""

from __future__ import annotations

import csv
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from batchgraph import progress
from batchgraph.cli import app
from tests.decode.decoding import ETHERNET, ipv4, octets, udp

COMMENT, HARDWARE, SYSTEM, APPLICATION = 1, 2, 3, 4
IF_NAME, IF_DESCRIPTION, IF_FILTER, IF_SYSTEM, IF_HARDWARE = 2, 3, 11, 12, 15

HOSTS_PER_CAPTURE = 90
"""So that the comments of a capture's packets are all kept (`batchgraph.capture.notes.MAX_COMMENTS`)."""


@dataclass(frozen=True)
class Planted:
    """What came of it: printed streams by command, and the folder of all files."""

    printed: dict[str, tuple[str, str]]
    folder: Path


def plant(folder: Path, payloads: list[str]) -> Planted:
    """Write captures and labels that hold the payloads, and let every command at them."""
    captures, out = folder / "captures", folder / "out"
    _write_names(captures, payloads)
    hosts = _write_talkers(captures, payloads)
    _write_labels(folder / "labels.csv", hosts)
    (folder / "quiet").mkdir()
    _write_talkers(folder / "quiet", ["harmless"])
    commands = {
        "annotations": ("extract", captures, "--out", out, "--annotations", "github"),
        "json": ("extract", captures, "--out", out, "--json"),
        "junit": ("extract", captures, "--out", out, "--junit", folder / "junit.xml"),
        "run": ("run", captures, "--out", out, "--format", "svg"),
        "quiet": ("run", folder / "quiet", "--out", folder / "quiet-out", "--format", "svg"),
        "graph": ("graph", out, "--by", "pair", "--format", "graphml,gexf,csv", "--out", folder / "views"),
        "connections": ("connections", out),
        "features": ("features", out, "--labels", folder / "labels.csv"),
        "diff": ("diff", folder / "quiet-out", out, "--match", "name", "--markdown", folder / "diff.md"),
        "diff-gone": ("diff", out, folder / "quiet-out", "--match", "name", "--junit", folder / "diff.xml"),
        "diff-json": ("diff", folder / "quiet-out", out, "--match", "name", "--json", "-", "--fail-on", "never"),
    }
    return Planted({name: _printed(arguments) for name, arguments in commands.items()}, folder)


def _printed(arguments: tuple[str | Path, ...]) -> tuple[str, str]:
    alike, progress.MAX_ALIKE = progress.MAX_ALIKE, 10**6  # that every problem is printed
    workers = () if arguments[0] in ("graph", "connections", "diff") else ("--workers", "0")
    try:
        result = CliRunner().invoke(app, [*map(str, arguments), *workers])
    finally:
        progress.MAX_ALIKE = alike
    assert result.exit_code in (0, 3, 8), (arguments, result.output[-2000:])
    return result.stdout, result.stderr


def _write_names(folder: Path, payloads: list[str]) -> None:
    """Write a capture for each payload, named by it, every other one in a folder named by it; all are cut off."""
    for number, payload in enumerate(payloads):
        name = payload.replace("/", "\u2215")
        parent = folder / name if number % 2 else folder
        parent.mkdir(parents=True, exist_ok=True)
        (parent / f"{name}.pcapng").write_bytes(_head(payload) + b"\6\0\0\0\0\1\0\0")
    no_text = b"\xff\xed\xa0\x80"  # the second is a lone surrogate, as CESU-8 would write it
    (folder / os.fsdecode(no_text + b".pcapng")).write_bytes(_head("", raw=no_text + b"\0\x1b[2J"))


def _write_talkers(folder: Path, payloads: list[str]) -> dict[str, str]:
    """Write captures whose hosts are named by the payloads, as are their packets' comments; give names by address."""
    hosts = {}
    for first in range(0, len(payloads), HOSTS_PER_CAPTURE):
        some = payloads[first : first + HOSTS_PER_CAPTURE]
        addresses = [f"10.1.{number >> 8}.{number & 255}" for number in range(first, first + len(some))]
        hosts |= dict(zip(addresses, some, strict=True))
        names = b"".join(map(_name_record, addresses, some))
        blocks = [_head(some[0]), _block(4, names + bytes(4))]
        for address, payload in zip(addresses, some, strict=True):
            source = bytes(map(int, address.split("."))).hex()
            packet = octets(ETHERNET, "0800", ipv4(17, udp("61"), src=source))
            fixed = struct.pack("<IIIII", 0, 0, first, len(packet), len(packet)) + _padded(packet)
            blocks.append(_block(6, fixed + _option(COMMENT, payload.encode())))
        (folder / f"talkers-{first}.pcapng").write_bytes(b"".join(blocks))
    return hosts


def _write_labels(path: Path, hosts: dict[str, str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("host", "label"))
        writer.writerows(hosts.items())


def _head(payload: str, *, raw: bytes = b"") -> bytes:
    """Write a section header block and an interface description block, all of whose options are the payload."""
    text = raw or payload.encode()
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    section += b"".join(_option(code, text) for code in (COMMENT, HARDWARE, SYSTEM, APPLICATION))
    interface = struct.pack("<HHI", 1, 0, 0)
    codes = (COMMENT, IF_NAME, IF_DESCRIPTION, IF_FILTER, IF_SYSTEM, IF_HARDWARE)
    interface += b"".join(_option(code, b"\0" + text if code == IF_FILTER else text) for code in codes)
    return _block(0x0A0D0D0A, section + bytes(4)) + _block(1, interface + bytes(4))


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _name_record(address: str, name: str) -> bytes:
    value = bytes(map(int, address.split("."))) + name.encode() + b"\0"
    return struct.pack("<HH", 1, len(value)) + _padded(value)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)
