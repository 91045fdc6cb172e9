"""Check: whether the traffic of a finished run keeps a communication policy; or learn one from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from batchgraph.errors import ResultsError
from batchgraph.progress import NoProgress, Progress
from batchgraph.results import Manifest, ResultsDirectory
from batchgraph.stages.connections import groups_of_captures

if TYPE_CHECKING:
    from batchgraph.policy.policy import Policy
    from batchgraph.policy.verdict import Verdict


@contextmanager
def checked(
    out: Path, policy: Path, *, memory: int | None = None, progress: Progress | None = None
) -> Iterator[Verdict]:
    """Hold the packets of a results directory against a policy; nothing is written there.

    Parameters
    ----------
    out
        The results directory, as `merge` left it.
    policy
        A TOML file, as `batchgraph.policy.read.read_policy` reads it.
    memory
        As for `batchgraph.graph.database.open_database`.
    progress
        Told of what could not be checked.

    Yields
    ------
    verdict
        What became of the policy. Its violations can be read while the block lasts.

    Raises
    ------
    UsageError
        If the policy is not valid.
    ResultsError
        If `merge` has not been run, the results are not whole, or the policy names hosts and nothing tells their names.

    Notes
    -----
    A rule speaks of conversations: ``src`` is the end that asks and ``dst`` the end that serves, by the rule of the
    table of services (`batchgraph.graph.services`), and what is said of the questions holds for the replies. Packets
    without network addresses are no part of any conversation; ``non_ip`` says what becomes of them.
    """
    from batchgraph.graph.host_names import host_names
    from batchgraph.policy.judge import judged
    from batchgraph.policy.read import read_policy

    progress = progress or NoProgress()
    read = read_policy(policy)
    results, manifest = _merged(out)
    names = host_names(results, manifest) if read.host_names else {}
    _tell_of_names(read, names, results, progress)
    if "anonymized" in manifest["options"]["extract"]:
        progress.problem(f"{out}: addresses were renamed; addresses in the policy must be the new ones")
    for entry in manifest["inputs"]:
        if entry["status"] not in ("ok", "empty"):
            progress.problem(f"{out}: {entry['path']} is {entry['status']}; what it lacks is not checked")
    trust = manifest["options"]["merge"]["trust"]
    with judged(results, read, groups=_groups(manifest), trust=trust, names=names, memory=memory) as verdict:
        yield verdict


def learn_policy(out: Path, *, fold: str = "", memory: int | None = None) -> str:
    """Write a policy, as TOML, that the traffic of a results directory keeps.

    Parameters
    ----------
    out
        The results directory, as `merge` left it.
    fold
        Lengths of the prefixes of networks to allow instead of addresses, as in ``24,64``; empty: the addresses.
    memory
        As for `batchgraph.graph.database.open_database`.

    Raises
    ------
    UsageError
        If `fold` cannot be read.
    ResultsError
        If `merge` has not been run, the results are not whole, or there is too much for a policy.
    """
    from batchgraph.graph.selection import parse_kind
    from batchgraph.policy.learn import observe, put_together
    from batchgraph.policy.learnt_text import policy_text

    prefixes = parse_kind(f"subnet:{fold}").prefixes if fold else None
    results, manifest = _merged(out)
    trust = manifest["options"]["merge"]["trust"]
    traffic = observe(results, groups=_groups(manifest), trust=trust, fold=prefixes, memory=memory)
    return policy_text(put_together(traffic), traffic.labels)


def _groups(manifest: Manifest) -> Iterator[list[str]]:
    return ([entry["capture"] for entry in group] for group in groups_of_captures(manifest))


def _merged(out: Path) -> tuple[ResultsDirectory, Manifest]:
    results = ResultsDirectory(out)
    manifest = results.read_manifest()
    if "merge" not in manifest.get("options", {}) or not results.flows().is_file():
        raise ResultsError(f"the flows of {out} are not there: run `batchgraph merge` first")
    return results, manifest


def _tell_of_names(policy: Policy, names: dict[str, str], results: ResultsDirectory, progress: Progress) -> None:
    """Say which names of the policy no host has: a rule that speaks of nobody is always kept.

    Raises
    ------
    ResultsError
        If no host has a name at all.
    """
    known = [name.lower() for name in names.values()]
    for word, place in policy.host_names.items():
        if not known:
            raise ResultsError(
                f"{place}: {word!r} is no group, and nothing tells the names of hosts: write"
                f' {word} = ["10.0.0.1"] under [groups], or put {results.table("names")} there (address,name)'
            )
        if not any(fnmatchcase(name, word.lower()) for name in known):
            progress.problem(f"{place}: no host is called {word!r}")
