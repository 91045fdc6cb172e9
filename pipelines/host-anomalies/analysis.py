"""Which hosts behave unlike the others: distances between them in a space of a few features, by scikit-learn."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

LEAST_CONNECTIONS = 5
"""A host that began fewer connections shows no behaviour of its own."""

NEIGHBOURS = 3

FAR = 5
"""A host as many times farther from its neighbours than the median host is flagged."""


def behaviour(hosts: pd.DataFrame) -> pd.DataFrame:
    """Choose from the table what clients differ in; numbers that span decades by their logarithm."""
    return pd.DataFrame(
        {
            "services": np.log1p(hosts["services_contacted"]),
            "failures": hosts["failed_share"],
            "port_entropy": hosts["port_entropy_out"],
            "irregularity": np.log(hosts["begin_gap_deviation"] / hosts["begin_gap_mean"]),
            "connections": np.log(hosts["connections_begun"]),
        },
        index=hosts.index,
    )


def ranking(hosts: pd.DataFrame) -> pd.DataFrame:
    """Rank hosts by their mean distance from their nearest neighbours, the farthest first, and say what is oddest."""
    chosen = behaviour(hosts)
    scaled = StandardScaler().fit_transform(chosen)
    distances, _ = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(scaled).kneighbors()
    ranked = hosts[["capture", "host", "label"]].astype(object)
    ranked["distance"] = distances.mean(axis=1)
    ranked["flagged"] = ranked["distance"] > FAR * ranked["distance"].median()
    ranked["odd"] = [chosen.columns[place] for place in np.abs(scaled).argmax(axis=1)]
    ranked["odd_by"] = scaled[np.arange(len(scaled)), np.abs(scaled).argmax(axis=1)]
    ranked = ranked.sort_values(["distance", "capture", "host"], ascending=[False, True, True])
    ranked.insert(0, "rank", range(1, len(ranked) + 1))
    return ranked


def main() -> None:
    """Read a table of features and write a ranking of its hosts, and what it was made of."""
    parser = argparse.ArgumentParser(description="Rank hosts by how far their behaviour is from the others'.")
    parser.add_argument("features", type=Path)
    parser.add_argument("tables", type=Path)
    arguments = parser.parse_args()
    hosts = pd.read_parquet(arguments.features)
    clients = hosts[hosts["connections_begun"] >= LEAST_CONNECTIONS].reset_index(drop=True)
    arguments.tables.mkdir(parents=True, exist_ok=True)
    tables = {"ranking": ranking(clients), "behaviour": clients[["capture", "host"]].join(behaviour(clients))}
    for name, table in tables.items():
        # As many digits as are the same on every machine.
        table.to_csv(arguments.tables / f"{name}.csv", index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    main()
