"""The least that extraction could cost: reading a capture, reading all header fields, and writing the same table.

``python -m tests.bench.floor CAPTURE OUT`` extracts the capture first, then measures and prints, as JSON, what it takes
to read the file and every header field of its packets by a compiled loop without any check, and to write the rows
that were extracted once more. Getting the rows back for that is not measured.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import numba
import numpy as np
import pyarrow.parquet as pq

import batchgraph
from batchgraph.results import ResultsDirectory
from batchgraph.stages.edges import opened_writer
from tests.bench.clock import Clock


@numba.njit(cache=False, nogil=True)
def read_fields(octets: np.ndarray) -> tuple[int, int]:
    """Read the header fields of every packet of a classic little-endian Ethernet pcap; gives packets and their sum."""
    at, packets, total = 24, 0, 0
    while at + 16 <= len(octets):
        for i in range(at, at + 16, 4):
            total += octets[i] | octets[i + 1] << 8 | octets[i + 2] << 16 | octets[i + 3] << 24
        length = octets[at + 8] | octets[at + 9] << 8 | octets[at + 10] << 16
        at += 16
        end = at + length
        for i in range(at, min(at + 14, end)):
            total += octets[i]
        if end >= at + 34 and octets[at + 12] == 8 and octets[at + 13] == 0:
            header = 4 * (octets[at + 14] & 15)
            for i in range(at + 14, min(at + 14 + header + 14, end)):
                total += octets[i]
        elif end >= at + 54 and octets[at + 12] == 0x86 and octets[at + 13] == 0xDD:
            for i in range(at + 14, min(at + 14 + 40 + 14, end)):
                total += octets[i]
        packets += 1
        at = end
    return packets, total


def main(capture: Path, out: Path) -> None:
    """Measure the floor for one capture, and print it."""
    batchgraph.extract([capture], out, options=batchgraph.ExtractOptions(split=None))
    read_fields(np.zeros(24, np.uint8))
    clock = Clock()
    octets = clock.measure(np.fromfile, capture, np.uint8)
    packets, _ = clock.measure(read_fields, octets)
    del octets
    [part] = ResultsDirectory(out).edge_parts(next((out / "edges").iterdir()).name)
    with (
        pq.ParquetFile(part, pre_buffer=False) as source,
        opened_writer(out / "floor.parquet", source.schema_arrow) as writer,
    ):
        if packets != source.metadata.num_rows:
            raise SystemExit(f"{packets} packets were read, {source.metadata.num_rows} extracted")
        for number in range(source.num_row_groups):
            group = source.read_row_group(number).combine_chunks()
            clock.measure(writer.write_table, group, group.num_rows)
        clock.measure(writer.close)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"cpu": clock.cpu, "wall": clock.wall, "peak_mib": peak}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
