"""Whether a fresh run over the captures gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchgraph.errors import ResultsError, UsageError
from batchgraph.progress import Progress, StageProgress
from batchgraph.results import Manifest, ResultsDirectory, program_version
from batchgraph.verification.checks import Check

if TYPE_CHECKING:
    from batchgraph.parallel import Pool

_CHUNK_OCTETS = 1 << 20


class _StagesOnly:
    """Shows how far the fresh run is; what is wrong with its captures was told when they were first read."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def stage(self, name: str, total: int) -> AbstractContextManager[StageProgress]:
        """Begin a stage of the fresh run."""
        return self._progress.stage(f"again: {name}", total)

    def problem(self, message: str) -> None:
        """Say nothing."""


def require_repeatable(results: ResultsDirectory) -> None:
    """Refuse what cannot be run again, before anything is looked at.

    Raises
    ------
    ResultsError
        If addresses were renamed.
    """
    if "anonymized" in results.read_manifest()["options"]["extract"]:
        raise ResultsError(
            f"{results.root}: addresses were renamed by a key that run.json does not hold: verify without --again,"
            " or run again with the same --anonymize into another folder, and compare by `diff -r`"
        )


def run_again(
    inputs: Sequence[str], folder: Path, *, like: ResultsDirectory, workers: int | Pool, progress: Progress
) -> tuple[str, ...]:
    """Do in a fresh folder what was done in a results directory, by the options that its ``run.json`` has.

    Parameters
    ----------
    inputs
        As for `batchgraph.run`.
    folder
        Where to do it.
    like
        The results directory.
    workers, progress
        As for `batchgraph.run`.

    Returns
    -------
    unrepeated
        What cannot be done again, each with its reason.

    Raises
    ------
    ResultsError
        If ``run.json`` has options that cannot be used.
    NoCapturesError
        If there are no captures among the inputs.
    """
    options: dict[str, dict[str, Any]] = like.read_manifest()["options"]
    steps = list(_steps(options, workers, _StagesOnly(progress)))
    _extract(inputs, folder, options, workers, _StagesOnly(progress))
    for step in steps:
        step(folder)
    unknown = [stage for stage in options if stage not in ("extract", *_STAGES)]
    left_out = [f"{stage} cannot be done again: this version does not know it" for stage in unknown]
    if options.get("features", {}).get("labels"):
        left_out.append("features/ cannot be made again: run.json does not tell where the labels were")
    return tuple(left_out)


def _extract(
    inputs: Sequence[str], out: Path, options: dict[str, dict[str, Any]], workers: int | Pool, progress: Progress
) -> None:
    from batchgraph.stages.capture_task import ExtractOptions
    from batchgraph.stages.extract import extract

    extract(inputs, out, options=_built(ExtractOptions, "extract", options["extract"]), workers=workers,
            progress=progress)  # fmt: skip


_STAGES = ("merge", "report", "connections", "features")


def _steps(
    options: dict[str, dict[str, Any]], workers: int | Pool, progress: Progress
) -> Iterator[Callable[[Path], Manifest]]:
    """Give what was done after extract, in that order, with its options checked."""
    from batchgraph.stages.connections import ConnectionOptions, make_connections
    from batchgraph.stages.features import FeatureOptions, make_features
    from batchgraph.stages.merge import MergeOptions, merge
    from batchgraph.stages.report import report
    from batchgraph.stages.report_options import ReportOptions

    fanned = {"workers": workers, "progress": progress}
    stages: dict[str, tuple[Callable[..., Any], Callable[..., Manifest], dict[str, Any]]] = {
        "merge": (MergeOptions, merge, fanned),
        "report": (ReportOptions, report, fanned),
        "connections": (ConnectionOptions, make_connections, {"progress": progress}),
        "features": (FeatureOptions, make_features, fanned),
    }
    for stage, values in options.items():
        if stage in stages and not (stage == "features" and values.get("labels")):
            kind, function, common = stages[stage]
            chosen = {name: value for name, value in values.items() if name != "labels"}
            yield partial(function, options=_built(kind, stage, chosen), **common)


def _built(kind: Callable[..., Any], stage: str, values: dict[str, Any]) -> Any:  # noqa: ANN401 - what `kind` makes
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return kind(**tuples)
    except (TypeError, UsageError) as error:
        raise ResultsError(f"run.json: the options of {stage} cannot be used again: {error}") from None


def check_again(results: ResultsDirectory, fresh: ResultsDirectory, places: set[str]) -> Check:
    """Compare all deliverables byte by byte, ``run.json`` first, then by path; the first that differs is named.

    Parameters
    ----------
    results, fresh
        The results, and those of the fresh run.
    places
        Files of either, relative to the directory.
    """
    remedy = "the captures, the options or the program are not those of the run: run `batchgraph run` again"
    if results.read_manifest().get("version") != program_version():
        remedy = f"the results are by batchgraph {results.read_manifest().get('version')}, this is {program_version()}"
    for place in sorted(places, key=lambda place: (place != "run.json", place)):
        if what := _difference(results.root / place, fresh.root / place):
            if place == "run.json":
                what = _manifest_difference(results.read_manifest(), fresh.read_manifest()) or what
            return Check("again", place, what, remedy)
    return Check("again", f"{len(places)} files")


def _difference(path: Path, other: Path) -> str | None:
    for one, where in ((path, "here"), (other, "in a fresh run")):
        if not one.is_file():
            return f"is not there {where}"
    offset = 0
    with path.open("rb") as found, other.open("rb") as wanted:
        while True:
            mine, fresh = found.read(_CHUNK_OCTETS), wanted.read(_CHUNK_OCTETS)
            if mine != fresh:
                at = next(i for i, (one, two) in enumerate(zip_longest(mine, fresh)) if one != two)
                return f"differs from octet {offset + at} on from what a fresh run gives"
            if not mine:
                return None
            offset += len(mine)


def _manifest_difference(manifest: Manifest, fresh: Manifest) -> str | None:
    """Say what of an input differs: where that is so, all else follows from it."""
    mine, other = ({entry["path"]: entry for entry in one["inputs"]} for one in (manifest, fresh))
    for path in sorted(mine.keys() | other.keys()):
        if path not in mine or path not in other:
            return f"input {path} is not there {'in a fresh run' if path in mine else 'here'}"
        for name in mine[path]:
            if mine[path].get(name) != other[path].get(name):
                return f"{name} of input {path} is {mine[path].get(name)!r}, a fresh run has {other[path].get(name)!r}"
    return None
