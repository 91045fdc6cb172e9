"""Write captures of frames that ordinary programs do not send, octet by octet.

    python3 write.py

Writes `oddities.pcap`, `sections.pcapng` and `raw-ip.pcap` beside this file, the same octets each time. A frame is a
literal: its fields in their order, its checksums included, with the section that lays it out. Addresses are those
for documentation (RFC 5737, RFC 3849), link-layer addresses locally administered.
"""

import pathlib
import struct
from typing import NamedTuple


class Frame(NamedTuple):
    """One frame: its octets as hexadecimal digits, and its length on the wire where it was snapped."""

    digits: str
    wire_len: int | None = None

    @property
    def octets(self) -> bytes:
        """The octets captured."""
        return bytes.fromhex(self.digits)


ODDITIES = [
    # IEEE 802.3, 3.2.6: a length, not an EtherType; IEEE 802.1D, 9.3.1: configuration BPDU after LLC 42 42 03.
    Frame("""0180c2000000 022100000001 0026 42 42 03  0000 00 00 00 8000022100000001 00000000 8000022100000001
        8001 0000 1400 0200 0f00  0000000000000000"""),
    # RFC 1042: IPv4 in LLC (aa aa 03) and SNAP (000000, then the EtherType); 6 octets of padding after it.
    Frame("""022100000002 022100000001 0028 aa aa 03 000000 0800
        45 00 0020 0002 0000 40 11 f6c7 c0000201 c0000202  c001 0009 000c e6e8 736e6170  000000000000"""),
    # IEEE 802.1Q, 9.6: service tag 88a8 with VLAN 100, priority 3, around customer tag 8100 with VLAN 200.
    Frame("""022100000002 022100000001 88a8 6064 8100 00c8 0800
        45 00 0020 0003 0000 40 11 f6c6 c0000201 c0000202  c001 0009 000c dbec 71696e71"""),
    # RFC 826: request, then reply, each padded to 60 octets.
    Frame("""ffffffffffff 022100000001 0806 0001 0800 06 04 0001 022100000001 c0000201 000000000000 c0000202
        000000000000000000000000000000000000"""),
    Frame("""022100000001 022100000002 0806 0001 0800 06 04 0002 022100000002 c0000202 022100000001 c0000201
        000000000000000000000000000000000000"""),
    # RFC 8200, 4.1: hop-by-hop options, fragment header (offset 0, M 1), destination options, UDP.
    Frame("""022100000002 022100000001 86dd 60000000 0028 00 40 20010db8000000000000000000000001
        20010db8000000000000000000000002  2c 00 01 04 00000000  3c 00 0001 00000b06  11 00 01 04 00000000
        c001 0009 0014 b7f1 6672616731736978"""),
    # RFC 8200, 4.5: the rest of it, offset 3 * 8; no destination options and no ports here.
    Frame("""022100000002 022100000001 86dd 60000000 0014 00 40 20010db8000000000000000000000001
        20010db8000000000000000000000002  2c 00 01 04 00000000  3c 00 0018 00000b06  656e6421"""),
    # RFC 791, 3.1: first fragment (MF), then the later one (offset 3 * 8), which has no ports.
    Frame("""022100000002 022100000001 0800 45 00 002c 0008 2000 40 11 d6b5 c0000201 c0000202
        c001 0009 001c e132 66697273742066726167 6d656e742034"""),
    Frame("""022100000002 022100000001 0800 45 00 0018 0008 0003 40 11 f6c6 c0000201 c0000202  656e6421"""),
    # RFC 791, 3.1, and RFC 2113: IHL 7, options router alert, three no-operations, end of list.
    Frame("""022100000002 022100000001 0800 47 00 0028 000a 0000 40 11 5eb2 c0000201 c0000202  94 04 0000 01 01 01 00
        c001 0009 000c d7e3 6f707473"""),
    # RFC 9293, 3.1, and RFC 3540, 9: NS is the lowest bit of octet 12; flags 0x110, NS and ACK.
    Frame("""022100000002 022100000001 0800 45 00 002c 000b 4000 40 06 b6bd c0000201 c0000202
        c001 0050 00000001 00000002 51 10 ffff 8da5 0000  6e6f6e63"""),
    # RFC 9260, 3.1 and 3.3.2: common header (checksum CRC32c, low octet first), INIT chunk.
    Frame("""022100000002 022100000001 0800 45 00 0034 000c 0000 40 84 f636 c0000201 c0000202
        0b58 0b59 00000000 cf378b47  01 00 0014 00000001 00010000 000a 000a 00000001"""),
    # RFC 2236, 2: version 2 membership report; router alert and a time to live of 1; 14 octets of padding.
    Frame("""01005e00013c 022100000001 0800 46 00 0020 000d 0000 01 02 818d c0000201 e000013c  94 04 0000
        16 00 08c3 e000013c  0000000000000000000000000000"""),
    # RFC 792: port unreachable, quoting the IPv4 header and 8 octets of the UDP datagram from 192.0.2.1.
    Frame("""022100000001 022100000002 0800 45 00 0038 000e 0000 40 01 f6b3 c0000202 c0000201  03 03 3ce6 00000000
        45 00 0020 0aaa 0000 40 11 ec1f c0000201 c0000202  c001 0009 000c 0000"""),
    # RFC 4861, 4.3: neighbour solicitation with the source link-layer address option, hop limit 255.
    Frame("""3333ff000002 022100000001 86dd 60000000 0020 3a ff 20010db8000000000000000000000001
        ff0200000000000000000001ff000002  87 00 1c06 00000000 20010db8000000000000000000000002
        01 01 022100000001"""),
    # RFC 9542, B.2: EtherType 88b5 is for local experiments.
    Frame("""022100000002 022100000001 88b5 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
        00112233445566778899aabbccdd"""),
    # RFC 3692, 2.1: IP protocol 253 is for experiments.
    Frame("022100000002 022100000001 0800 45 00 001c 0011 0000 40 fd f5d0 c0000201 c0000202  6578706572696d74"),
    # RFC 894: 6 octets of padding after an IPv4 packet of 40; the TCP segment has no payload.
    Frame("""022100000002 022100000001 0800 45 00 0028 0012 4000 40 06 b6ba c0000201 c0000202
        c001 0050 00000005 00000002 50 10 ffff 6b78 0000  000000000000"""),
    # RFC 9293, 3.1: snapped after 10 of the 20 octets of the TCP header; 1514 octets were on the wire.
    Frame(
        """022100000002 022100000001 0800 45 00 05dc 0013 4000 40 06 b105 c0000201 c0000202
        c001 0050 00000005 0000""",
        wire_len=1514,
    ),
    # RFC 791, 3.1: an IHL of 3 is malformed, a header has at least 5 words.
    Frame("""022100000002 022100000001 0800 43 00 0020 0014 0000 40 11 0000 c0000201 c0000202
        c001 0009 000c 0000 62616421"""),
    # RFC 2784 and RFC 2890: GRE with key 7 and sequence number 1, an Ethernet frame (6558) inside.
    Frame("""022100000002 022100000001 0800 45 00 004a 0015 0000 40 2f f66c c0000201 c0000202
        3000 6558 00000007 00000001  022200000002 022200000001 0800
        45 00 001c 0001 0000 40 01 2676 c6336401 c6336402  08 00 f7fd 0001 0001"""),
    # RFC 3032, 2.1: label 16 with S 0, label 17 with S 1, then IPv4 without a word that says so.
    Frame("""022100000002 022100000001 8847 00010040 00011140
        45 00 001c 0016 0000 3f 01 2761 c6336401 c6336402  08 00 f7fc 0001 0002"""),
    # RFC 2516, 4: PPPoE session 1; RFC 1661, 2: PPP protocol 0021 is IPv4.
    Frame("""022100000002 022100000001 8864 11 00 0001 001e 0021
        45 00 001c 0017 0000 40 01 2660 c6336401 c6336402  08 00 f7fb 0001 0003"""),
    # RFC 8926, 3.4: GENEVE with one option of 8 octets, VNI 5, an Ethernet frame inside; UDP without a checksum.
    Frame("""022100000002 022100000001 0800 45 00 0056 0018 0000 40 11 f67b c0000201 c0000202
        c001 17c1 0042 0000  02 00 6558 000005 00  0100 01 01 00000000  022200000002 022200000001 0800
        45 00 001c 0002 0000 40 01 2675 c6336401 c6336402  08 00 f7fa 0001 0004"""),
]

# Without a link layer: IPv4 or IPv6 from the first octet (LINKTYPE_RAW, 101).
RAW_IP = [
    # RFC 9293, 3.1: SYN with a maximum segment size; RFC 791, 3.1.
    Frame("""45 00 002c 0001 4000 40 06 4e94 c0000201 c6336402
        c002 01bb 00000001 00000000 60 02 ffff ea30 0000 02 04 05b4"""),
    # RFC 768 over RFC 8200, 3.
    Frame("""60000000 000c 11 40 20010db8000000000000000000000001 20010db8000000000000000000000002
        c002 0009 000c fabd 72617736"""),
    # RFC 792: echo request.
    Frame("45 00 001c 0002 0000 40 01 8ea8 c0000201 c6336402  08 00 f7fc 0002 0001"),
    # RFC 4443, 4.1: echo request.
    Frame("""60000000 0008 3a 40 20010db8000000000000000000000001 20010db8000000000000000000000002
        80 00 2445 0002 0001"""),
]

# BSD's loopback: an address family in the byte order of the machine, then the packet (LINKTYPE_NULL, 0). This
# machine was big-endian: 2 is IPv4, 30 is IPv6 as Darwin numbers it.
NULL_LOOPBACK = [
    Frame("00000002  45 00 0020 0003 0000 40 11 7cc8 7f000001 7f000001  c003 0009 000c 66e5 6e756c6c"),
    Frame("""0000001e  60000000 000c 11 40 00000000000000000000000000000001 00000000000000000000000000000001
        c003 0009 000c 651c 6e756c36"""),
]

START_SECONDS = 1_700_000_000


def classic_capture(order: str, magic: int, link_type: int, frames: list[Frame]) -> bytes:
    """Give a classic pcap file, one frame each 1,000,001 ticks (draft-ietf-opsawg-pcap, 4 and 5)."""
    records = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link_type)]
    ticks_per_second = 1_000_000_000 if magic == 0xA1B23C4D else 1_000_000
    for index, frame in enumerate(frames):
        seconds, ticks = divmod(index * 1_000_001, ticks_per_second)
        lengths = len(frame.octets), frame.wire_len or len(frame.octets)
        records += struct.pack(order + "IIII", START_SECONDS + seconds, ticks, *lengths), frame.octets
    return b"".join(records)


class Section:
    """Writes the blocks of one pcapng section in its byte order (draft-ietf-opsawg-pcapng)."""

    def __init__(self, order: str) -> None:
        self.order = order

    def pack(self, layout: str, *values: int) -> bytes:
        """Pack numbers in the section's byte order."""
        return struct.pack(self.order + layout, *values)

    def padded(self, octets: bytes) -> bytes:
        """Give the octets, filled with zeros to a multiple of 4."""
        return octets + bytes(-len(octets) % 4)

    def options(self, values: dict[int, bytes]) -> bytes:
        """Give an option list from values by code (3.5: code, length, value, padding; code 0 ends the list)."""
        coded = [self.pack("HH", code, len(value)) + self.padded(value) for code, value in values.items()]
        return b"".join(coded) + self.pack("HH", 0, 0)

    def block(self, kind: int, *parts: bytes) -> bytes:
        """Give a block: type, total length, body, total length again (3.1)."""
        body = b"".join(parts)
        total = self.pack("I", len(body) + 12)
        return self.pack("I", kind) + total + body + total

    def header(self, length: int, options: bytes) -> bytes:
        """Give the section header block (4.1); a length of -1 means unknown."""
        return self.block(0x0A0D0D0A, self.pack("IHHq", 0x1A2B3C4D, 1, 0, length), options)

    def interface(self, link_type: int, options: bytes) -> bytes:
        """Give an interface description block (4.2)."""
        return self.block(1, self.pack("HHI", link_type, 0, 262_144), options)

    def packet(self, interface: int, ticks: int, frame: Frame, options: bytes = b"") -> bytes:
        """Give an enhanced packet block (4.3)."""
        size = len(frame.octets)
        fixed = self.pack("IIIII", interface, *divmod(ticks, 2**32), size, frame.wire_len or size)
        return self.block(6, fixed, self.padded(frame.octets), options)

    def simple_packet(self, frame: Frame) -> bytes:
        """Give a simple packet block (4.4): the first interface, no timestamp."""
        return self.block(3, self.pack("I", len(frame.octets)), self.padded(frame.octets))

    def obsolete_packet(self, interface: int, ticks: int, frame: Frame) -> bytes:
        """Give a packet block as it was before the enhanced one (appendix A), two packets dropped before it."""
        size = len(frame.octets)
        fixed = self.pack("HHIIII", interface, 2, *divmod(ticks, 2**32), size, size)
        return self.block(2, fixed, self.padded(frame.octets))


def little_endian_section() -> bytes:
    """Give Ethernet (nanoseconds) and raw IP (1/1024 s, counted from START_SECONDS) in one section."""
    section = Section("<")
    names = section.pack("HH", 1, 16) + section.padded(bytes([192, 0, 2, 1]) + b"one.example\0") + bytes(4)
    blocks = [
        section.header(-1, section.options({1: b"little-endian section", 4: b"write.py"})),
        section.interface(1, section.options({2: b"ethernet", 9: b"\x09"})),
        section.interface(101, section.options({2: b"raw", 9: b"\x8a", 14: section.pack("q", START_SECONDS)})),
        section.block(4, names),
        section.packet(0, START_SECONDS * 10**9 + 1, ODDITIES[3], section.options({1: b"an ARP request"})),
        section.block(0x80000B06, b"a block of no known type: skip me..."),
        section.packet(1, 512, RAW_IP[0]),
        section.obsolete_packet(1, 1024, RAW_IP[1]),
        section.simple_packet(ODDITIES[4]),
    ]
    return b"".join(blocks)


def big_endian_section() -> bytes:
    """Give null/loopback (microseconds, the default) in a section that tells its own length."""
    section = Section(">")
    start = (START_SECONDS + 2) * 10**6
    packets = [section.packet(0, start + index * 250_000, frame) for index, frame in enumerate(NULL_LOOPBACK)]
    blocks = section.interface(0, section.options({2: b"lo0"})) + b"".join(packets)
    return section.header(len(blocks), section.options({1: b"big-endian section"})) + blocks


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parent
    (here / "oddities.pcap").write_bytes(classic_capture(">", 0xA1B23C4D, 1, ODDITIES))
    (here / "raw-ip.pcap").write_bytes(classic_capture("<", 0xA1B2C3D4, 101, RAW_IP))
    (here / "sections.pcapng").write_bytes(little_endian_section() + big_endian_section())
