"""Features: tables of numbers about hosts and pairs of hosts in windows of time, for learning."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchgraph.claim import claimed
from batchgraph.errors import ClusterError, ResultsError
from batchgraph.parallel import Pool, WorkerLost, fan_out, memory_of
from batchgraph.progress import NoProgress, Progress
from batchgraph.results import Manifest, ResultsDirectory, output_errors
from batchgraph.stages.connections import groups_of_captures
from batchgraph.stages.standing import take_back, vouch

if TYPE_CHECKING:
    from batchgraph.features.build import FeatureCounts, FeatureTask
    from batchgraph.features.tables import Labels


@dataclass(frozen=True, slots=True)
class FeatureOptions:
    """Of what `make_features` computes features.

    Parameters
    ----------
    window
        A duration such as ``60s``: a row for each window of time that a host is seen in, the windows beginning at
        multiples of it since 1970. None: a row for the whole capture.
    labels
        A CSV file with the columns ``host`` and ``label``, and ``capture`` where a label is not for all captures;
        gives the hosts a column ``label``.

    Raises
    ------
    UsageError
        If `window` is no duration.
    """

    window: str | None = None
    labels: Path | None = None

    def __post_init__(self) -> None:
        self.window_ns()

    def window_ns(self) -> int | None:
        """Give the length of the windows in nanoseconds."""
        from batchgraph.graph.times import parse_duration

        return None if self.window is None else parse_duration(self.window)


def features_path(results: ResultsDirectory, name: str) -> Path:
    """Give the path of a table of features, ``hosts`` or ``pairs``."""
    return results.root / "features" / f"{name}.parquet"


def make_features(
    out: Path,
    *,
    options: FeatureOptions | None = None,
    workers: int | Pool = 0,
    progress: Progress | None = None,
) -> Manifest:
    """Write the features of hosts and of pairs of hosts (``features/hosts.parquet``, ``pairs.parquet``, and CSV).

    Parameters
    ----------
    out
        The results directory, as `merge` left it.
    options
        None: the defaults.
    workers
        As for `batchgraph.parallel.fan_out`.
    progress
        Told of every capture done, and of every measure left out.

    Returns
    -------
    manifest
        ``run.json`` as it is now.

    Raises
    ------
    UsageError
        If the labels cannot be read.
    ResultsError
        If `merge` has not been run, or the results are not whole.
    OutputError
        If something cannot be written.
    OutputBusyError
        If another run is using the directory.
    ClusterError
        If workers were lost.

    Notes
    -----
    What each feature is: `batchgraph.HOST_FEATURES` and `batchgraph.PAIR_FEATURES`. Measures of the pair graph that
    cost too much are sampled, or left null; the Parquet files' metadata (``batchgraph.features``) say which and why.
    """
    options = options or FeatureOptions()
    progress = progress or NoProgress()
    results = ResultsDirectory(out)
    results.read_manifest()
    labels = _labels(options)
    with claimed(out):
        manifest = _without_features(results.read_manifest())
        results.write_manifest(manifest)
        take_back(results, "features")
        with _parts_folder(results) as folder:
            tasks = _tasks(results, manifest, options, folder, memory_of(workers))
            counts = _build(tasks, workers, progress)
            _write(results, tasks, counts, options, labels)
        made = {"window": options.window, "labels": labels is not None}
        files = sorted(features_path(results, "hosts").parent.iterdir())
        vouch(results, manifest, "features", files=files, options=made)
        manifest["options"]["features"] = made
        results.write_manifest(manifest)
    return manifest


def _labels(options: FeatureOptions) -> Labels | None:
    from batchgraph.features.tables import read_labels

    return None if options.labels is None else read_labels(options.labels)


def _without_features(manifest: Manifest) -> Manifest:
    """Forget what this stage did, so that what is half rewritten is not taken for complete."""
    options = manifest.get("options", {})
    if "merge" not in options:
        raise ResultsError("the flows are not there: run `batchgraph merge` or `batchgraph run` first")
    return {**manifest, "options": {name: value for name, value in options.items() if name != "features"}}


@contextmanager
def _parts_folder(results: ResultsDirectory) -> Iterator[Path]:
    """Make a folder for the tables of single captures, which is gone at the end."""
    folder = features_path(results, "hosts").parent / ".spill-parts"
    with output_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tasks(
    results: ResultsDirectory, manifest: Manifest, options: FeatureOptions, folder: Path, memory: int | None
) -> Sequence[FeatureTask]:
    from batchgraph.features.build import FeatureTask

    return [
        FeatureTask(
            root=results.root,
            captures=tuple(entry["capture"] for entry in group),
            rows=sum(entry["rows"] for entry in group),
            trust=tuple(manifest["options"]["merge"]["trust"]),
            window_ns=options.window_ns(),
            hosts=folder / f"{number}-hosts.parquet",
            pairs=folder / f"{number}-pairs.parquet",
            memory=memory,
        )
        for number, group in enumerate(groups_of_captures(manifest))
    ]


def _build(tasks: Sequence[FeatureTask], workers: int | Pool, progress: Progress) -> list[FeatureCounts]:
    from batchgraph.features.build import build_features

    counts: list[FeatureCounts | None] = [None] * len(tasks)
    with progress.stage("features", sum(len(task.captures) for task in tasks)) as stage:
        for index, result in fan_out(build_features, tasks, workers=workers):
            captures = tasks[index].captures
            if isinstance(result, WorkerLost):
                raise ClusterError(f"features of {captures[0]} could not be computed: {result.reason}")
            counts[index] = result
            for (capture, name, reason), windows in result.left_out.items():
                progress.problem(f"{capture}: {name} was left out in {windows} windows: {reason}")
            stage.advance(captures[-1], len(captures))
    return [count for count in counts if count is not None]


def _write(
    results: ResultsDirectory,
    tasks: Sequence[FeatureTask],
    counts: Sequence[FeatureCounts],
    options: FeatureOptions,
    labels: Labels | None,
) -> None:
    from batchgraph.features.declared import HOST_FEATURES, PAIR_FEATURES
    from batchgraph.features.tables import write_table

    metadata = _metadata(counts, options)
    hosts, pairs = features_path(results, "hosts"), features_path(results, "pairs")
    write_table(hosts, [task.hosts for task in tasks], features=HOST_FEATURES, labels=labels, metadata=metadata)
    write_table(pairs, [task.pairs for task in tasks], features=PAIR_FEATURES, labels=None, metadata=metadata)


def _metadata(counts: Sequence[FeatureCounts], options: FeatureOptions) -> dict[str, Any]:
    from batchgraph.features import measures
    from batchgraph.features.centrality import SEED

    left_out = [
        {"capture": capture, "feature": name, "reason": reason, "windows": windows}
        for count in counts
        for (capture, name, reason), windows in count.left_out.items()
    ]
    return {
        "window": options.window,
        "left_out": left_out,
        "exact_up_to": {"hosts": measures.EXACT_HOSTS, "hosts_times_pairs": measures.EXACT_PAIR_STEPS},
        "none_above": {"hosts_and_pairs": measures.MOST_EDGES},
        "seed": SEED,
    }
