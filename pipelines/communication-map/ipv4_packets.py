"""Copy from a capture the packets that the article would make edges of, as many as fit into one picture.

The article asks of each packet whether scapy found an IP layer in it (``IP in packet``): IPv4, so neither ARP nor IPv6.
SSH and HTTPS are left out as well: their packets, nearly half of all, all run between a few hosts, and a map shows at
most 400 arrows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether  # noqa: F401 - scapy dissects only the layers that were imported
from scapy.packet import Packet
from scapy.utils import PcapReader, wrpcap

LEFT_OUT = {22, 443}
"""TCP ports of SSH and HTTPS."""


def is_kept(packet: Packet) -> bool:
    """Say whether a packet becomes an edge."""
    if IP not in packet:
        return False
    return TCP not in packet or LEFT_OUT.isdisjoint((packet[TCP].sport, packet[TCP].dport))


def main() -> None:
    """Copy from the first file named to the second."""
    parser = argparse.ArgumentParser(description="Copy IPv4 packets that are neither SSH nor HTTPS.")
    parser.add_argument("capture", type=Path)
    parser.add_argument("copy", type=Path)
    arguments = parser.parse_args()
    arguments.copy.parent.mkdir(parents=True, exist_ok=True)
    with PcapReader(str(arguments.capture)) as packets:
        wrpcap(str(arguments.copy), [packet for packet in packets if is_kept(packet)])


if __name__ == "__main__":
    main()
