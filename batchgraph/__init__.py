"""Turn packet captures into communication graphs.

Public names are loaded when they are first used (PEP 562), so that importing the package takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batchgraph.errors import BatchgraphError as BatchgraphError
    from batchgraph.features.declared import HOST_FEATURES as HOST_FEATURES
    from batchgraph.features.declared import PAIR_FEATURES as PAIR_FEATURES
    from batchgraph.graph.results_view import Results as Results
    from batchgraph.graph.results_view import open_results as open_results
    from batchgraph.progress import NoProgress as NoProgress
    from batchgraph.progress import Progress as Progress
    from batchgraph.schema import COMBINED_FLOW_COLUMNS as COMBINED_FLOW_COLUMNS
    from batchgraph.schema import EDGE_COLUMNS as EDGE_COLUMNS
    from batchgraph.schema import FLOW_COLUMNS as FLOW_COLUMNS
    from batchgraph.schema import Column as Column
    from batchgraph.stages.capture_task import ExtractOptions as ExtractOptions
    from batchgraph.stages.check import checked as checked
    from batchgraph.stages.check import learn_policy as learn_policy
    from batchgraph.stages.connections import ConnectionOptions as ConnectionOptions
    from batchgraph.stages.connections import make_connections as make_connections
    from batchgraph.stages.diff import DiffOptions as DiffOptions
    from batchgraph.stages.diff import compare as compare
    from batchgraph.stages.extract import extract as extract
    from batchgraph.stages.features import FeatureOptions as FeatureOptions
    from batchgraph.stages.features import make_features as make_features
    from batchgraph.stages.graphs import GraphOptions as GraphOptions
    from batchgraph.stages.graphs import make_graphs as make_graphs
    from batchgraph.stages.guard import Limits as Limits
    from batchgraph.stages.merge import MergeOptions as MergeOptions
    from batchgraph.stages.merge import merge as merge
    from batchgraph.stages.report import report as report
    from batchgraph.stages.report_options import ReportOptions as ReportOptions
    from batchgraph.stages.run import run as run
    from batchgraph.stages.verify import verify as verify
    from batchgraph.wire import register as register
    from batchgraph.wire.spec import Address as Address
    from batchgraph.wire.spec import AddressKind as AddressKind
    from batchgraph.wire.spec import Bits as Bits
    from batchgraph.wire.spec import Header as Header
    from batchgraph.wire.spec import Space as Space
    from batchgraph.wire.spec import Test as Test
    from batchgraph.wire.spec import When as When

    __version__: str

_MODULES = {
    "errors": ("BatchgraphError",),
    "features.declared": ("HOST_FEATURES", "PAIR_FEATURES"),
    "graph.results_view": ("Results", "open_results"),
    "progress": ("NoProgress", "Progress"),
    "schema": ("COMBINED_FLOW_COLUMNS", "EDGE_COLUMNS", "FLOW_COLUMNS", "Column"),
    "stages.check": ("checked", "learn_policy"),
    "stages.connections": ("ConnectionOptions", "make_connections"),
    "stages.diff": ("DiffOptions", "compare"),
    "stages.capture_task": ("ExtractOptions",),
    "stages.extract": ("extract",),
    "stages.features": ("FeatureOptions", "make_features"),
    "stages.graphs": ("GraphOptions", "make_graphs"),
    "stages.guard": ("Limits",),
    "stages.merge": ("MergeOptions", "merge"),
    "stages.report": ("report",),
    "stages.report_options": ("ReportOptions",),
    "stages.run": ("run",),
    "stages.verify": ("verify",),
    "wire": ("register",),
    "wire.spec": ("Address", "AddressKind", "Bits", "Header", "Space", "Test", "When"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - the keys of `_HOMES` are strings


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("batchgraph")
    elif name in _HOMES:
        value = getattr(import_module(f"batchgraph.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'batchgraph' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
