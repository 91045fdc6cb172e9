"""The block of data that the page's script draws its map and timeline from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchgraph.render.layout import CANVAS, Positions, completed_positions, stable_positions
from batchgraph.render.page_data import PageTraffic
from batchgraph.render.page_names import name_origins
from batchgraph.render.text import safe_label
from batchgraph.results import ResultsDirectory

_CROWD = 80
"""Hosts for which there is room on the canvas of a picture."""


def page_block(
    results: ResultsDirectory,
    traffic: PageTraffic,
    positions: Positions | None,
    *,
    names: Mapping[str, str],
    files: Mapping[str, str],
) -> dict[str, Any]:
    """Give what the script draws, by short names: it stands in the page once.

    Parameters
    ----------
    results
        With its tables written.
    traffic
        Of the run.
    positions
        Places of hosts that all maps share; None: the page lays its hosts out by itself.
    names, files
        Of hosts by address, and of captures' files by id, fit to be shown.
    """
    places = _places(traffic, positions)
    origins = name_origins(results, traffic.hosts, files)
    return {
        "hosts": [
            [safe_label(host), scope, *places.get(host, (0.0, 0.0)), names.get(host, ""), origins.get(host, "")]
            for host, scope in zip(traffic.hosts, traffic.scopes, strict=True)
        ],
        "folded": traffic.n_folded,
        "types": list(traffic.types),
        "captures": [safe_label(capture, limit=100) for capture in traffic.captures],
        "rows": traffic.rows,
        # Microseconds: a double holds those exactly, and nanoseconds not.
        "axis": [[p.start // 1000, p.width / 1000, p.bins, p.first_bin] for p in traffic.axis],
        "cells": traffic.cells,
    }


def _places(traffic: PageTraffic, positions: Positions | None) -> Positions:
    """Place the hosts: as on the pictures, or where those have no room for so many, on a larger canvas."""
    if len(traffic.hosts) > _CROWD:
        larger = (len(traffic.hosts) / _CROWD) ** 0.5
        return stable_positions(traffic.pairs(), canvas=(CANVAS[0] * larger, CANVAS[1] * larger))
    if positions is not None and all(host in positions for host in traffic.hosts):
        return positions
    return completed_positions(positions or {}, traffic.pairs())
