"""How commands are used: what stands at the end of each command's help."""

from __future__ import annotations

from collections.abc import Mapping

import typer

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "run": (
        "batchgraph run ./pcaps --out results/",
        "batchgraph run monday.pcap 'tuesday/*.pcap' --by pair --format svg",
        "batchgraph run ./pcaps --config analysis.toml --fail-on damaged --json",
    ),
    "extract": ("batchgraph extract ./pcaps --out results/ --workers 2",),
    "merge": ("batchgraph merge --out results/", "batchgraph merge --out results/ --by packet --trust sound"),
    "report": ("batchgraph report --out results/ --format svg,pdf --top 30",),
    "graph": (
        "batchgraph graph results/ --by service --window 60s",
        "batchgraph graph results/ --where 'dport == 443' --format csv --out https/",
        "batchgraph graph results/ --hosts 10.0.0.0/8 --by subnet:24,64",
    ),
    "connections": ("batchgraph connections results/", "batchgraph connections results/ --udp-timeout 30s"),
    "features": ("batchgraph features results/ --window 60s --labels labels.csv",),
    "diff": (
        "batchgraph diff baseline/ results/",
        "batchgraph diff monday.pcap tuesday.pcap --fail-on new-host,volume:50%",
        "batchgraph diff baseline/ results/ --allow allow.toml --json diff.json",
    ),
    "check": (
        "batchgraph check results/ policy.toml",
        "batchgraph check results/ policy.toml --junit check.xml",
        "batchgraph check --learn results/ --out policy.toml",
    ),
    "verify": (
        "batchgraph verify results/",
        "batchgraph verify results/ --again ./pcaps --junit verify.xml",
    ),
    "open": ("batchgraph open results/",),
    "warm-up": ("batchgraph warm-up",),
    "show": ("batchgraph show columns", "batchgraph show exit-codes"),
}
"""Command lines by command, one to three of each."""


def add_examples(app: typer.Typer) -> None:
    """End the help of every command with its examples, if there are any."""
    for command in app.registered_commands:
        if examples := EXAMPLES.get(command.name or ""):
            command.epilog = help_text(examples)


def help_text(examples: tuple[str, ...]) -> str:
    r"""Write examples so that help keeps each on a line of its own.

    A paragraph that begins with a line of ``\b`` alone is not wrapped (click's documentation, "Preventing Rewrapping").
    """
    title = "Example:" if len(examples) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {example}" for example in examples)])
