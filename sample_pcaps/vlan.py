"""Join a TAP device to a VLAN of an Ethernet interface, for kernels built without 802.1Q.

    vlan.py INTERFACE TAP VLAN_ID

What the kernel sends into TAP leaves INTERFACE with an 802.1Q tag (IEEE 802.1Q, 9.6: EtherType 0x8100, then
priority, drop eligibility and the 12 bits of the VLAN identifier), and frames with that tag come out of TAP
without it. `record.sh` runs it inside its own namespaces and ends it.
"""

import fcntl
import os
import select
import signal
import socket
import struct
import sys

# linux/if_tun.h and linux/if_packet.h; Python's socket module does not have them.
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 0x10
ETH_P_ALL = 0x0003
MAX_FRAME_OCTETS = 2048


def open_tap(name: str) -> int:
    """Open the TAP device of this name and give its file descriptor."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return descriptor


def open_interface(name: str) -> socket.socket:
    """Open a packet socket that tells each frame's VLAN tag, which the kernel cuts out on arrival."""
    interface = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    interface.bind((name, ETH_P_ALL))
    interface.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    return interface


def receive_tagged(interface: socket.socket) -> tuple[bytes, int | None]:
    """Receive one frame without its tag, and its VLAN identifier or None."""
    frame, ancillary, _, address = interface.recvmsg(MAX_FRAME_OCTETS, socket.CMSG_SPACE(20))
    if address[2] == socket.PACKET_OUTGOING:
        return frame, None
    for level, kind, octets in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            # struct tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid.
            status, _, _, _, _, control, _ = struct.unpack("IIIHHHH", octets[:20])
            return frame, control & 0x0FFF if status & TP_STATUS_VLAN_VALID else None
    return frame, None


def relay(interface: socket.socket, tap: int, vlan: int) -> None:
    """Carry frames both ways until the process is ended."""
    tag = struct.pack(">HH", 0x8100, vlan)
    while True:
        ready, _, _ = select.select([interface.fileno(), tap], [], [])
        if tap in ready:
            frame = os.read(tap, MAX_FRAME_OCTETS)
            interface.send(frame[:12] + tag + frame[12:])
        if interface.fileno() in ready:
            frame, found = receive_tagged(interface)
            if found == vlan:
                os.write(tap, frame)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    relay(open_interface(sys.argv[1]), open_tap(sys.argv[2]), int(sys.argv[3]))
