"""Finished runs for tests to spoil, and what verify says of them."""

import json
import shutil
from pathlib import Path

from batchgraph import ExtractOptions, MergeOptions, ReportOptions, make_connections, run
from batchgraph.results import STATE
from batchgraph.stages.verify import verify

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"


def make_run(folder, *, by="flow"):
    """Run three small captures: plain ones, one with packets of every status, one cut off."""
    captures = folder / "captures"
    captures.mkdir()
    for name in ("raw-ip.pcap", "oddities.pcap", "sections.pcapng"):
        shutil.copy(SAMPLES / name, captures)
    (captures / "cut.pcap").write_bytes((SAMPLES / "raw-ip.pcap").read_bytes()[:-3])
    out = folder / "results"
    run(
        [captures],
        out,
        extract_options=ExtractOptions(tunnels="outer"),
        merge_options=MergeOptions(by=by),
        report_options=ReportOptions(formats=("svg",), top=9),
    )
    make_connections(out)
    return captures, out


def without_receipts(out):
    shutil.rmtree(out / STATE)
    return out


def edit_manifest(out, edit):
    manifest = json.loads((out / "run.json").read_text())
    edit(manifest)
    (out / "run.json").write_text(json.dumps(manifest))


def entry_of(manifest, capture):
    return next(entry for entry in manifest["inputs"] if entry["capture"] == capture)


def failures(out, **options):
    """Give what fails, as (check, place)."""
    return [(check.name, check.place) for check in verify(out, **options).failures]


def what_fails(out, name, **options):
    """Give what is wrong by the first failing check of this name."""
    return next(check.what for check in verify(out, **options).failures if check.name == name)
