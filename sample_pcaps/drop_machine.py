"""Take the recording machine's processor and kernel names out of a pcapng file that dumpcap wrote.

    drop_machine.py FILE

Only options are dropped, all packets stay as they are. Little-endian files only, which is what dumpcap writes on
the machines that `record.sh` runs on; anything else is refused.
"""

import pathlib
import struct
import sys

SECTION_HEADER, INTERFACE_DESCRIPTION = 0x0A0D0D0A, 0x00000001
# draft-ietf-opsawg-pcapng, 4.1: shb_hardware 2, shb_os 3; 4.2: if_os 12, if_hardware 15. Fixed part in octets.
MACHINE_OPTIONS = {SECTION_HEADER: (16, {2, 3}), INTERFACE_DESCRIPTION: (8, {12, 15})}


def kept_options(options: bytes, dropped: set[int]) -> bytes:
    """Give the option list without the options whose codes are in `dropped`."""
    kept, offset = b"", 0
    while offset < len(options):
        code, length = struct.unpack_from("<HH", options, offset)
        end = offset + 4 + (length + 3) // 4 * 4
        if code not in dropped:
            kept += options[offset:end]
        offset = end
    return kept


def nameless_blocks(octets: bytes) -> bytes:
    """Give the file's blocks, section headers and interface descriptions without the machine's names."""
    if octets[8:12] != struct.pack("<I", 0x1A2B3C4D):
        raise ValueError(f"byte order magic is {octets[8:12].hex()}, expected 4d3c2b1a: not little-endian pcapng")
    blocks, offset = [], 0
    while offset < len(octets):
        kind, length = struct.unpack_from("<II", octets, offset)
        body = octets[offset + 8 : offset + length - 4]
        if kind in MACHINE_OPTIONS:
            n_fixed, dropped = MACHINE_OPTIONS[kind]
            body = body[:n_fixed] + kept_options(body[n_fixed:], dropped)
        total = struct.pack("<I", len(body) + 12)
        blocks.append(struct.pack("<I", kind) + total + body + total)
        offset += length
    return b"".join(blocks)


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1])
    path.write_bytes(nameless_blocks(path.read_bytes()))
