"""Whether a run keeps a communication policy: check."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import typer

from batchgraph.commands.app import app
from batchgraph.commands.job import ending, finish, require_config
from batchgraph.commands.options import (
    ConfigFile,
    Debug,
    FoldTo,
    JsonFile,
    JunitReport,
    Learn,
    LearntPolicy,
    MarkdownFile,
    Memory,
    PolicyFile,
    Quiet,
    ResultsFolder,
)
from batchgraph.errors import UsageError
from batchgraph.exit_codes import FOUND, OK
from batchgraph.memory import parse_memory
from batchgraph.messages import write_line
from batchgraph.progress import open_progress
from batchgraph.results import replacing
from batchgraph.signals import interruptible


@app.command("check")
def check_command(
    ctx: typer.Context,
    results: ResultsFolder,
    policy: PolicyFile = None,
    *,
    learn: Learn = False,
    fold: FoldTo = "",
    out: LearntPolicy = None,
    markdown: MarkdownFile = None,
    json_file: JsonFile = None,
    junit: JunitReport = None,
    memory: Memory = None,
    quiet: Quiet = False,
    debug: Debug = False,
    config: ConfigFile = None,
) -> None:
    """Hold a finished run against a communication policy, or learn one from it."""
    with ending(debug=debug, again="starts again") as end, interruptible():
        require_config(ctx)
        octets = parse_memory(memory)
        if learn:
            reports = [path for path in (policy, markdown, json_file, junit) if path]
            if reports:
                raise UsageError(f"--learn checks nothing: {reports[0]} has no place; --out says where the policy goes")
            end.closing = _learn(results, fold=fold, out=out, memory=octets)
            end.code = OK
        else:
            if policy is None or fold or out:
                words = "--fold and --out belong to --learn" if policy else "no policy is given, nor --learn"
                raise UsageError(f"{words}: `batchgraph check RESULTS policy.toml` checks")
            files = (markdown, json_file, junit)
            end.code, end.closing = _check(results, policy, files=files, memory=octets, quiet=quiet)
    finish(end)


def _check(
    results: Path,
    policy: Path,
    *,
    files: tuple[Path | None, Path | None, Path | None],
    memory: int | None,
    quiet: bool,
) -> tuple[int, str]:
    from batchgraph.policy.text import json_lines, junit_of, markdown_text, terminal_text
    from batchgraph.stages.check import checked

    markdown, json_file, junit = files
    with (
        open_progress(quiet=quiet) as progress,
        checked(results, policy, memory=memory, progress=progress) as verdict,
    ):
        for path, write in ((markdown, markdown_text), (junit, junit_of)):
            if path is not None:
                _write(path, [write(verdict)])
        if str(json_file) == "-":
            for line in json_lines(verdict):
                write_line(sys.stdout, line)
        elif json_file is not None:
            _write(json_file, (f"{line}\n" for line in json_lines(verdict)))
        if str(json_file) != "-" and not quiet:
            write_line(sys.stdout, terminal_text(verdict))
        words = f"done packets={verdict.packets} violations={verdict.n_violations} unmet={len(verdict.unmet)}"
        return OK if verdict.is_kept else FOUND, words


def _learn(results: Path, *, fold: str, out: Path | None, memory: int | None) -> str:
    from batchgraph.stages.check import learn_policy

    text = learn_policy(results, fold=fold, memory=memory)
    if out is None:
        write_line(sys.stdout, text.removesuffix("\n"))
    else:
        _write(out, [text])
    return f"done rules={text.count('[[rules]]')}"


def _write(path: Path, pieces: Iterable[str]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(pieces)
