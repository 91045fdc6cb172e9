"""Measures batchgraph beside other programs, each in turn: ``python -m tests.bench.bench --help``.

CPU seconds are those of the process and all that it waited for, from the system's own accounting; medians over the
rounds are printed, per million packets, and the ratio to ``batchgraph extract`` by one process; then each aim.
A contestant that fails or takes too long is named, and the others are measured all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.aims import (
    CPU,
    EXTRACT,
    EXTRACT_2,
    EXTRACT_LARGE,
    FLOOR,
    GRAPHML,
    GRAPHML_NETWORKX,
    HELP,
    RUN,
    SECONDS,
    SMALL_RUN,
    WALL,
    aims_text,
)
from tests.bench.workload import write_workload

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"
LIMIT = 600.0
"""Wall seconds that one call may take."""

SCAPY_LOOP = """
import sys
from scapy.layers.l2 import Ether
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.utils import RawPcapReader
n = 0
for octets, _ in RawPcapReader(sys.argv[1]):
    n += IP in Ether(octets)
"""

DPKT_LOOP = """
import sys, dpkt
with open(sys.argv[1], "rb") as file:
    for time, octets in dpkt.pcap.Reader(file):
        try:
            dpkt.ethernet.Ethernet(octets)
        except dpkt.UnpackError:
            pass
"""

TSHARK_FIELDS = ("frame.number", "frame.time_epoch", "frame.len", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
                 "ip.proto", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.flags",
                 "ip.ttl")  # fmt: skip


NFSTREAM_LOOP = """
import sys
from nfstream import NFStreamer
print(sum(1 for flow in NFStreamer(source=sys.argv[1], n_meters=1, n_dissections=0)))
"""


@dataclass(frozen=True)
class Contestant:
    """A program to measure: how it is called for a capture and a folder to write to, and on which share of it.

    One that `times_itself` prints what it took, as JSON, where only a part of what it does counts. Of one that
    `starts`, and does little else, the seconds count; its share is `FEW` packets.
    """

    name: str
    command: Callable[[str, str], list[str]]
    needs: str | None = None
    share: float = 1.0
    times_itself: bool = False
    starts: bool = False


FEW = 100
"""Packets of a capture that is no work."""


def _python(code: str) -> Callable[[str, str], list[str]]:
    return lambda capture, out: [sys.executable, "-c", code, capture]


def _ours(stage: str, workers: int) -> Callable[[str, str], list[str]]:
    return lambda capture, out: [sys.executable, "-m", "batchgraph", stage, capture, "--out", out, "--quiet",
                                 "--workers", str(workers)]  # fmt: skip


def _graphml(writer: str) -> Callable[[str, str], list[str]]:
    return lambda capture, out: [sys.executable, "-m", "tests.bench.graphml", writer, capture, out]


CONTESTANTS = (
    Contestant(EXTRACT, _ours("extract", 0)),
    Contestant(EXTRACT_2, _ours("extract", 2)),
    Contestant(RUN, _ours("run", 0)),
    Contestant("batchgraph run, 2 workers", _ours("run", 2)),
    Contestant(FLOOR,
               lambda capture, out: [sys.executable, "-m", "tests.bench.floor", capture, out], times_itself=True),
    Contestant(EXTRACT_LARGE, _ours("extract", 0), share=10),
    Contestant(GRAPHML, _graphml("batchgraph"), share=0.04, times_itself=True),
    Contestant(GRAPHML_NETWORKX, _graphml("networkx"), share=0.04, times_itself=True),
    Contestant(HELP, lambda capture, out: [sys.executable, "-m", "batchgraph", "--help"], starts=True),
    Contestant(SMALL_RUN, lambda capture, out: [sys.executable, "-m", "batchgraph", "run", capture, "--out", out,
               "--quiet"], starts=True),
    Contestant("capinfos -c", lambda capture, out: ["capinfos", "-c", capture], "capinfos"),
    Contestant("tcpdump -nq", lambda capture, out: ["tcpdump", "-nq", "-r", capture], "tcpdump"),
    Contestant("nfpcapd", lambda capture, out: ["nfpcapd", "-r", capture, "-w", out], "nfpcapd"),
    Contestant("softflowd", lambda capture, out: ["softflowd", "-r", capture, "-n", "127.0.0.1:9"], "softflowd"),
    Contestant("tshark -T fields", lambda capture, out: ["tshark", "-n", "-r", capture, "-T", "fields",
               *(word for field in TSHARK_FIELDS for word in ("-e", field))], "tshark", 0.05),
    Contestant("nfstream", _python(NFSTREAM_LOOP), "import nfstream", 0.1),
    Contestant("pcaptoparquet", lambda capture, out: ["pcaptoparquet", "-i", capture, "-o", f"{out}/packets.parquet"],
               "pcaptoparquet", 0.01),
    Contestant("dpkt loop", _python(DPKT_LOOP), "import dpkt", 0.05),
    Contestant("scapy loop", _python(SCAPY_LOOP), "import scapy", 0.005),
)  # fmt: skip


def is_there(contestant: Contestant) -> bool:
    """Tell whether a contestant is installed."""
    if contestant.needs is None:
        return True
    if contestant.needs.startswith("import "):
        return (
            subprocess.run([sys.executable, "-c", contestant.needs], capture_output=True, check=False).returncode == 0
        )
    return shutil.which(contestant.needs) is not None


class NotMeasuredError(Exception):
    """A contestant failed, or took longer than it may."""


def measure(command: list[str], *, times_itself: bool = False, limit: float = LIMIT) -> tuple[float, float, float]:
    """Run a command; give CPU seconds, wall seconds and peak memory in MiB.

    Raises
    ------
    NotMeasuredError
        If it fails, or takes longer than `limit` wall seconds, after which it is ended.
    """
    with tempfile.TemporaryFile() as told:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            stdout=told if times_itself else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # what it started is ended with it
        )
        timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            timer.cancel()
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if wall >= limit:
            raise NotMeasuredError(f"took longer than {limit:g} s")
        if process.returncode != 0:
            raise NotMeasuredError(f"exit code {process.returncode}")
        if times_itself:
            told.seek(0)
            own = json.load(told)
            return own["cpu"], own["wall"], own["peak_mib"]
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def measure_all(
    contestants: Sequence[Contestant], folder: Path, *, packets: int, rounds: int, seed: int, limit: float = LIMIT
) -> list[dict[str, Any]]:
    """Measure contestants in turn, round by round; gives a record for each, of medians per million packets.

    One that cannot be measured is not asked again; its record has a ``problem``.
    """
    captures = {}
    for number in {_packets(contestant, packets) for contestant in contestants}:
        captures[number] = folder / f"{number}.pcap"
        write_workload(captures[number], SAMPLES, packets=number, seed=seed)
    samples: dict[str, list[tuple[float, float, float]]] = {contestant.name: [] for contestant in contestants}
    problems: dict[str, str] = {}
    for _ in range(rounds + 1):  # the first round warms caches and is not counted
        for contestant in contestants:
            if contestant.name in problems:
                continue
            out = folder / "out"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            command = contestant.command(str(captures[_packets(contestant, packets)]), str(out))
            try:
                samples[contestant.name].append(measure(command, times_itself=contestant.times_itself, limit=limit))
            except NotMeasuredError as error:
                problems[contestant.name] = str(error)
    return [
        {"name": contestant.name, "problem": problems[contestant.name]}
        if contestant.name in problems
        else _medians(contestant, samples[contestant.name][1:], packets)
        for contestant in contestants
    ]


def _packets(contestant: Contestant, packets: int) -> int:
    return FEW if contestant.starts else int(packets * contestant.share)


def _medians(contestant: Contestant, samples: list[tuple[float, float, float]], packets: int) -> dict[str, Any]:
    number = _packets(contestant, packets)
    cpu, wall, memory = (statistics.median(column) for column in zip(*samples, strict=True))
    record = {"name": contestant.name, "packets": number, "peak_mib": memory}
    if contestant.starts:
        return {**record, SECONDS: wall}
    return {**record, CPU: cpu / (number / 1e6), WALL: wall / (number / 1e6)}


def table_of(records: list[dict[str, Any]]) -> str:
    """Lay the records out as a table with ratios to `EXTRACT`."""
    ours = next((record[CPU] for record in records if record["name"] == EXTRACT and CPU in record), float("nan"))
    lines = [f"{'per million packets':38s} {'CPU s':>9s} {'wall s':>9s} {'MiB':>7s} {'CPU ratio':>10s}"]
    lines += [
        f"{r['name']:38s} {r.get('problem') or f'{r[SECONDS]:.2f} s in all'}"
        if CPU not in r
        else f"{r['name']:38s} {r[CPU]:9.3f} {r[WALL]:9.3f} {r['peak_mib']:7.0f} {r[CPU] / ours:10.2f}"
        for r in records
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds that one call may take")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--large", action="store_true", help="measure on ten times as many packets too")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names")
    parser.add_argument("--json", type=Path, help="also write the records here")
    arguments = parser.parse_args()
    offered = [c for c in CONTESTANTS if arguments.large or c.share <= 1]
    wanted = [c for c in offered if c.name == EXTRACT or not arguments.only or any(w in c.name for w in arguments.only)]
    missing = [contestant.name for contestant in wanted if not is_there(contestant)]
    with tempfile.TemporaryDirectory() as folder:
        there = [contestant for contestant in wanted if contestant.name not in missing]
        records = measure_all(
            there,
            Path(folder),
            packets=arguments.packets,
            rounds=arguments.rounds,
            seed=arguments.seed,
            limit=arguments.limit,
        )
    sys.stdout.write(f"{table_of(records)}\n\n{aims_text(records)}\n")
    if missing:
        sys.stdout.write(f"not installed: {', '.join(missing)}\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(records, indent=1) + "\n")


if __name__ == "__main__":
    main()
