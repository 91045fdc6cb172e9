"""Large captures between many hosts, written fast: ``python -m tests.bench.many_hosts FILE --packets N --hosts H``.

Every record is Ethernet, IPv4 and TCP or UDP, 100 octets long, and follows from the seed alone. A host talks to few
others, a few hosts to very many, as in a network; so flows grow with packets and hosts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tests.bench.workload import PCAP_HEADER

PACKET_OCTETS = 100
_BATCH = 262_144
_FIRST_SECOND = 1_700_000_000
_SERVERS = 2_000
_PORTS = np.array([53, 80, 123, 443, 8080], np.uint16)

# libpcap's record header (draft-ietf-opsawg-pcap, section 5), RFC 894, RFC 791 and the ports of RFC 9293 and RFC 768.
_RECORD = np.dtype(
    [
        ("seconds", "<u4"),
        ("microseconds", "<u4"),
        ("cap_len", "<u4"),
        ("wire_len", "<u4"),
        ("ethernet", "V12"),
        ("ether_type", ">u2"),
        ("version", "u1"),
        ("service", "u1"),
        ("total_length", ">u2"),
        ("identification", ">u2"),
        ("fragment", ">u2"),
        ("ttl", "u1"),
        ("proto", "u1"),
        ("checksum", ">u2"),
        ("src", ">u4"),
        ("dst", ">u4"),
        ("sport", ">u2"),
        ("dport", ">u2"),
        ("rest", f"V{PACKET_OCTETS - 38}"),
    ]
)


def write_many_hosts(path: Path, *, packets: int, hosts: int, seed: int = 1) -> int:
    """Write a classic pcap file; gives its size in octets.

    Parameters
    ----------
    path
        The file.
    packets
        How many, each of `PACKET_OCTETS`.
    hosts
        Addresses from 10.0.0.0 on; each is an end of some packet if there are as many packets.
    seed
        Of the random numbers.
    """
    chance = np.random.default_rng(seed)
    with path.open("wb") as file:
        file.write(PCAP_HEADER)
        for first in range(0, packets, _BATCH):
            file.write(_records(chance, first, min(_BATCH, packets - first), hosts).tobytes())
    return path.stat().st_size


def _records(chance: np.random.Generator, first: int, count: int, hosts: int) -> np.ndarray:
    number = np.arange(first, first + count, dtype=np.int64)
    client = number % hosts
    # Nearly all peers are servers, of which the first have most of the traffic; one in eight is any host.
    server = (chance.random(count) ** 3 * min(_SERVERS, hosts)).astype(np.int64)
    peer = np.where(chance.random(count) < 0.125, chance.integers(0, hosts, count), server)
    outward = chance.random(count) < 0.5
    port = _PORTS[peer % len(_PORTS)]
    ephemeral = (49_152 + (client + number // hosts // 4) % 16_384).astype(np.uint16)
    tcp = peer % 3 != 0
    records = np.zeros(count, _RECORD)
    records["seconds"], records["microseconds"] = _FIRST_SECOND + number // 20_000, number % 20_000 * 50
    records["cap_len"], records["wire_len"] = PACKET_OCTETS, PACKET_OCTETS
    records["ether_type"], records["version"], records["ttl"] = 0x0800, 0x45, 64
    records["total_length"], records["identification"] = PACKET_OCTETS - 14, number & 0xFFFF
    records["proto"] = np.where(tcp, 6, 17)
    records["src"] = 0x0A000000 + np.where(outward, client, peer)
    records["dst"] = 0x0A000000 + np.where(outward, peer, client)
    records["sport"], records["dport"] = np.where(outward, ephemeral, port), np.where(outward, port, ephemeral)
    rest = np.zeros((count, PACKET_OCTETS - 38), np.uint8)
    rest[:, 8] = np.where(tcp, 0x50, 0)  # the header's length in TCP
    rest[:, 9] = np.where(tcp, 0x10, 0)  # ACK
    udp_length = PACKET_OCTETS - 34
    rest[~tcp, 0], rest[~tcp, 1] = udp_length >> 8, udp_length & 0xFF
    records["rest"] = rest.view(f"V{PACKET_OCTETS - 38}").reshape(count)
    return records


def main() -> None:
    """Write the file that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--packets", type=int, default=50_000_000)
    parser.add_argument("--hosts", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write_many_hosts(arguments.file, packets=arguments.packets, hosts=arguments.hosts, seed=arguments.seed)


if __name__ == "__main__":
    main()
