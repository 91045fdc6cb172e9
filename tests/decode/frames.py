"""Random frames, built by scapy, for tests that hold decoders against each other.

Every frame comes from a seed alone. Most are sound; some are cut by a snapshot length or on the wire, padded, or have
one octet damaged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from scapy.contrib.chdlc import CHDLC
from scapy.layers.dot11 import Dot11
from scapy.layers.l2 import (
    LLC,
    SNAP,
    CookedLinux,
    CookedLinuxV2,
    Dot1AD,
    Dot1Q,
    Dot3,
    Ether,
    LoopbackOpenBSD,
)
from scapy.layers.ppp import PPP

from tests.decode.frames_packets import arp, ip, mac, other
from tests.decode.frames_tunnels import tunnelled


class Frame(NamedTuple):
    """A frame as a capture would have it."""

    octets: bytes
    link_type: int
    wire_len: int


def frames(seed: int, n_frames: int, *, sound: bool = False) -> Iterator[Frame]:
    """Give random frames.

    Parameters
    ----------
    seed
        Decides everything.
    n_frames
        How many.
    sound
        Leave out frames that are cut or damaged.
    """
    for number in range(n_frames):
        yield frame(random.Random(f"{seed}/{number}"), sound=sound)


def frame(rng: random.Random, *, sound: bool = False) -> Frame:
    """Give one random frame."""
    ethertype, network = rng.choice((arp, other) if rng.random() < 0.08 else (ip,))(rng)
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        if ethertype in {0x0800, 0x86DD}:
            ethertype, network = tunnelled(rng, ethertype, network)
    link_type, octets = link(rng, ethertype, network)
    return Frame(octets, link_type, len(octets)) if sound else harmed(rng, octets, link_type)


def harmed(rng: random.Random, octets: bytes, link_type: int) -> Frame:
    """Cut or damage a frame, or leave it as it is."""
    choice = rng.random()
    if choice < 0.12:  # by the snapshot length
        return Frame(octets[: rng.randrange(len(octets) + 1)], link_type, len(octets))
    if choice < 0.20:  # before it was captured
        octets = octets[: rng.randrange(len(octets) + 1)]
    elif choice < 0.40 and octets:
        place = rng.randrange(min(len(octets), 120))
        octets = octets[:place] + bytes([octets[place] ^ rng.randrange(1, 256)]) + octets[place + 1 :]
    wire_len = len(octets)
    if rng.random() < 0.05:
        octets = octets[: rng.randrange(len(octets) + 1)]
    return Frame(octets, link_type, wire_len)


def link(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    """Give a link type and a frame of it."""
    kinds: list[Callable[[random.Random, int, bytes], tuple[int, bytes]]] = [ethernet] * 8 + [snap, sll, sll2, wireless]
    if ethertype in {0x0800, 0x86DD}:
        kinds += [raw, null, ppp, chdlc]
    return rng.choice(kinds)(rng, ethertype, network)


def ethernet(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    for tag, code in rng.choice(((), (), (), ((Dot1Q, 0x8100),), ((Dot1Q, 0x8100), (Dot1AD, 0x88A8)))):
        network = bytes(tag(vlan=rng.randrange(4096), type=ethertype)) + network
        ethertype = code
    octets = bytes(Ether(src=mac(rng), dst=mac(rng), type=ethertype)) + network
    return 1, octets.ljust(60, b"\0") if rng.random() < 0.5 else octets


def snap(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    payload = bytes(LLC(dsap=0xAA, ssap=0xAA, ctrl=3)) + bytes(SNAP(OUI=0, code=ethertype)) + network
    octets = bytes(Dot3(src=mac(rng), dst=mac(rng), len=min(len(payload), 1500))) + payload
    return 1, octets.ljust(60, b"\0")


def sll(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    header = CookedLinux(lladdrtype=1, lladdrlen=rng.choice((6, 0)), src=rng.randbytes(8), proto=ethertype)
    return 113, bytes(header) + network


def sll2(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    header = CookedLinuxV2(lladdrtype=1, lladdrlen=rng.choice((6, 0)), src=rng.randbytes(8), proto=ethertype)
    return 276, bytes(header) + network


def raw(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    return rng.choice((101, 228 if ethertype == 0x0800 else 229)), network


def null(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    family = 2 if ethertype == 0x0800 else rng.choice((10, 24, 28, 30))
    octets = bytes(LoopbackOpenBSD(type=family))
    return rng.choice((0, 108)), (octets if rng.random() < 0.5 else octets[::-1]) + network


def ppp(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    number = 0x21 if ethertype == 0x0800 else 0x57
    return 9, rng.choice((bytes(PPP(proto=number)), b"\xff\x03" + bytes(PPP(proto=number)), bytes([number]))) + network


def chdlc(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    octets = bytes(CHDLC(proto=ethertype)) + network
    return rng.choice(((104, octets), (9, octets)))


def wireless(rng: random.Random, ethertype: int, network: bytes) -> tuple[int, bytes]:
    """Give a frame of IEEE 802.11, mostly with data, perhaps after radiotap."""
    kind, subtype = rng.choice(((2, 0), (2, 8), (2, 8), (2, 4), (0, 8), (1, 13)))
    header = Dot11(type=kind, subtype=subtype, FCfield=rng.choice((0, 1, 2, 3, 0x40, 0x81)), addr1=mac(rng),
                   addr2=mac(rng), addr3=mac(rng), addr4=mac(rng))  # fmt: skip
    control = bytes(2) if subtype & 8 and kind == 2 else b""
    if control and header.FCfield & 0x80:
        control += bytes(4)
    octets = bytes(header) + control + bytes(LLC(dsap=0xAA, ssap=0xAA, ctrl=3)) + bytes(SNAP(OUI=0, code=ethertype))
    octets += network
    return rng.choice(((105, octets), (127, bytes([0, 0, 13, 0, 4, 0, 0, 0]) + bytes(5) + octets)))
