"""Display filters for Wireshark that select the packets of a violation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

_LAYERS = {"TCP": "tcp", "UDP": "udp", "ICMP": "icmp", "ICMPv6": "icmpv6"}


def display_filter(row: Mapping[str, Any], frames: Sequence[int]) -> tuple[str, bool]:
    """Write a display filter for the packets of a violation.

    Parameters
    ----------
    row
        With ``client``, ``server``, ``type``, ``port``, ``one_way``, ``packets``, ``last_frame``,
        ``clear`` and ``plain``, which says that hosts, label and port alone select these packets.
    frames
        Numbers of the first packets, in order.

    Returns
    -------
    filter, is_exact
        Where it is not exact it selects these packets and maybe others between the first and the last of them.
    """
    if row["plain"]:
        return _by_hosts(row), True
    if len(frames) == row["packets"]:
        return f"frame.number in {{{', '.join(_runs(frames))}}}", True
    between = f"frame.number >= {frames[0]} && frame.number <= {row['last_frame']}"
    # Only where Wireshark is known to see the same addresses: the filter must not select too little.
    hosts = row["client"] and row["server"] and row["clear"] and row["type"] not in (None, "ARP")
    return " && ".join([between, *([_addresses(row)] if hosts else [])]), False


def _by_hosts(row: Mapping[str, Any]) -> str:
    client, server = row["client"], row["server"]
    if row["type"] == "ARP":
        # RARP's requests and replies (RFC 903) are ARP to Wireshark.
        return f"arp.src.proto_ipv4 == {client} && arp.dst.proto_ipv4 == {server} && !(arp.opcode in {{3, 4}})"
    layer = _LAYERS[row["type"]]
    if layer.startswith("icmp"):
        return f"{layer} && {_addresses(row)}"
    ip = _version(client)
    asked = f"{ip}.src == {client} && {ip}.dst == {server} && {layer}.dstport == {row['port']}"
    answered = f"{ip}.src == {server} && {ip}.dst == {client} && {layer}.srcport == {row['port']}"
    # ICMP errors quote the packet they are about, and Wireshark finds what is quoted.
    return f"!icmp && !icmpv6 && {asked if row['one_way'] else f'(({asked}) || ({answered}))'}"


def _addresses(row: Mapping[str, Any]) -> str:
    client, server, ip = row["client"], row["server"], _version(row["client"])
    asked = f"{ip}.src == {client} && {ip}.dst == {server}"
    if row["one_way"]:
        return asked
    return f"(({asked}) || ({ip}.src == {server} && {ip}.dst == {client}))"


def _version(address: str) -> str:
    return "ipv6" if ":" in address else "ip"


def _runs(frames: Sequence[int]) -> list[str]:
    runs = [[frame for _, frame in run] for _, run in groupby(enumerate(frames), key=lambda place: place[1] - place[0])]
    return [f"{run[0]}..{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
