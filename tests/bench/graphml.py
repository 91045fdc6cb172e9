"""What writing a capture's graph takes: ``python -m tests.bench.graphml (batchgraph|networkx) CAPTURE OUT``.

Extracts and merges the capture first, which is not measured, and prints, as JSON, what it takes to write its graph as
GraphML: from the flows, as `batchgraph merge` does, or by ``networkx.write_graphml`` from a graph that is in memory.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import networkx

import batchgraph
from batchgraph.graph.database import open_database
from batchgraph.graph.graphml import write_graphml
from batchgraph.graph.source import GraphSource
from batchgraph.results import ResultsDirectory
from tests.bench.clock import Clock


def main(writer: str, capture: Path, out: Path) -> None:
    """Measure one writer, and print it."""
    batchgraph.extract([capture], out)
    manifest = batchgraph.merge(out)
    [name] = [entry["capture"] for entry in manifest["inputs"]]
    merged = manifest["options"]["merge"]
    clock = Clock()
    if writer == "networkx":
        graph = batchgraph.open_results(out).graph(name)
        clock.measure(networkx.write_graphml, graph, out / "graph.graphml")
    else:
        source = GraphSource(ResultsDirectory(out), name, merged["by"], (name,), tuple(merged["trust"]))
        with open_database() as connection:
            clock.measure(write_graphml, out / "graph.graphml", source, connection=connection)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"cpu": clock.cpu, "wall": clock.wall, "peak_mib": peak}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
