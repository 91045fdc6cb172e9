"""Options in a file: ``--config``, a TOML file or the ``run.json`` of an earlier run; the command line wins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer

from batchgraph.commands.config_values import TOO_MANY, check_meaning, to_argument
from batchgraph.commands.options import CONFIG_ERROR
from batchgraph.errors import UsageError

STAGES_OF: Mapping[str, tuple[str, ...]] = {"run": ("extract", "merge", "report")}
"""Which options of ``run.json`` are a command's own, where they are not those of its name."""

ANALYSIS = ("run", "extract", "merge", "report")
"""Commands that what stands above all tables is meant for; others may have it too, in a file without their table."""

DESTINATIONS = ("out", "json", "junit")
"""Options of places that are of other files in other commands: what is meant for `ANALYSIS` is not for these."""

Parameters = dict[str, Any]
"""The options of a command by their long names, without dashes."""


def use_config(ctx: typer.Context, value: Path | None) -> Path | None:
    """Take the options that a file has for this command as its defaults.

    Of a wrong file the command is told by `CONFIG_ERROR`: it is read before ``--json`` is, which decides how to end.
    """
    if value is None or ctx.resilient_parsing:
        return value
    try:
        ctx.default_map = {**(ctx.default_map or {}), **options_from(value, ctx)}
    except UsageError as error:
        ctx.meta[CONFIG_ERROR] = error
    return value


def options_from(path: Path, ctx: typer.Context) -> dict[str, Any]:
    """Read the options that a file has for a command.

    Parameters
    ----------
    path
        A TOML file, or a ``run.json``.
    ctx
        Of the command.

    Returns
    -------
    values
        By parameter name, as the command line would give them.

    Raises
    ------
    UsageError
        If the file cannot be read, or has a key or a value that cannot be: with line, key, and the nearest name.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    file = _File(path, text)
    return _from_manifest(file, ctx) if text.lstrip().startswith("{") else _from_toml(file, ctx)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    text: str

    def error(self, section: str, key: str, what: str) -> UsageError:
        """Say what is wrong with a key."""
        name = f"{section}.{key}" if section else key
        return UsageError(f"{self.path}, line {self._line(section, key)}, key {name}: {what}")

    def _line(self, section: str, key: str) -> int:
        """Find the line of a key, for TOML's and JSON's readers do not tell; of its section, where it is not plain."""
        start, inside = 1, not section
        for number, line in enumerate(self.text.splitlines(), 1):
            words = line.strip().replace('"', "").replace("'", "")
            if words.startswith("[") and "=" not in words:
                inside = words.strip("[] \t").partition("]")[0].strip() == section
                start = number if inside else start
            name = words.partition(":" if line.strip().startswith('"') and '":' in line else "=")[0].strip()
            if (inside and name == key) or (section and name == f"{section}.{key}"):
                return number
            if name == section and words != section:  # of JSON, or an inline table
                start, inside = number, True
        return start


def _from_toml(file: _File, ctx: typer.Context) -> dict[str, Any]:
    import tomllib

    try:
        content = tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        where = str(error).replace("at end of document", f"at the end, line {len(file.text.splitlines())}")
        raise UsageError(f"{file.path}: no TOML: {where}") from None
    commands: dict[str, Any] = getattr(ctx.find_root().command, "commands", {})
    name = str(ctx.info_name)
    own, of_run = parameters_of(ctx.command), parameters_of(commands["run"])
    # `--format` of graph and `--fail-on` of diff are not those of run.
    has_its_own_table = name not in ANALYSIS and isinstance(content.get(name), dict)
    values: dict[str, Any] = {}
    tables: dict[str, dict[str, Any]] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            if key not in commands:
                raise file.error("", key, f"is no command{_nearest(key, commands)}")
            tables[key] = value
        elif key in own and not has_its_own_table and not _goes_elsewhere(key, own, of_run):
            values[own[key].name] = _value(file, ctx, name, own[key], ("", key, value))
        elif key in of_run:
            _value(file, ctx, "run", of_run[key], ("", key, value))  # for another stage, and right all the same
        else:
            raise file.error("", key, f"is no option of `batchgraph {name}`{_nearest(key, {**of_run, **own})}")
    for command, table in tables.items():
        checked = _table(file, ctx, command, parameters_of(commands[command]), table)
        values.update(checked if command == name else {})
    return values


def _goes_elsewhere(key: str, own: Parameters, of_run: Parameters) -> bool:
    return key in DESTINATIONS and key in of_run and own[key].help != of_run[key].help


def _table(file: _File, ctx: typer.Context, command: str, known: Parameters, table: dict[str, Any]) -> dict[str, Any]:
    values = {}
    for key, value in table.items():
        if key not in known:
            raise file.error(command, key, f"is no option of `batchgraph {command}`{_nearest(key, known)}")
        values[known[key].name] = _value(file, ctx, command, known[key], (command, key, value))
    return values


def _from_manifest(file: _File, ctx: typer.Context) -> dict[str, Any]:
    from batchgraph.results import known_manifest

    try:
        manifest = known_manifest(json.loads(file.text), place=str(file.path))
        recorded = manifest["options"]
        name = str(ctx.info_name)
        chosen = {stage: dict(recorded[stage]) for stage in STAGES_OF.get(name, (name,)) if stage in recorded}
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file.path}: no run.json that can be used: {error}") from None
    if not chosen:
        raise UsageError(f"{file.path}: has no options of `batchgraph {name}`")
    by_name = {parameter.name: parameter for parameter in parameters_of(ctx.command).values()}
    values = {}
    for stage, options in chosen.items():
        for key, value in options.items():
            if (stage, key) == ("features", "labels"):
                continue  # whether there were labels, not where
            if key == "anonymized":
                what = (
                    "run.json does not hold the key that addresses were renamed by: write the options into a TOML file"
                )
                raise file.error(stage, key, f"{what}, with anonymize = KEYFILE")
            if key not in by_name:
                raise file.error(stage, key, "is no option that this version knows")
            if (given := _as_given(key, value)) is not None:
                values[key] = _value(file, ctx, name, by_name[key], (stage, key, given))
    return values


def _as_given(key: str, value: Any) -> Any:  # noqa: ANN401 - each option has a type of its own
    """Give a value of ``run.json`` as the command line has it."""
    if key != "split":
        return value
    return "never" if value is None else f"{value}B"


def parameters_of(command: Any) -> Parameters:  # noqa: ANN401 - a command of Typer's own click
    """Give the options of a command that a file can have."""
    return {
        flag.removeprefix("--"): parameter
        for parameter in command.params
        for flag in parameter.opts
        if flag.startswith("--") and flag not in ("--help", "--config")
    }


def _value(
    file: _File,
    ctx: typer.Context,
    command: str,
    parameter: Any,  # noqa: ANN401 - an option of Typer's own click
    entry: tuple[str, str, Any],
) -> Any:  # noqa: ANN401 - each option has a type of its own
    section, key, value = entry
    try:
        argument = to_argument(parameter, value)
        parameter.process_value(ctx, argument)
        check_meaning(command, parameter.name, argument)
    except typer.BadParameter as error:
        choices = [str(choice) for choice in parameter.type_descriptor.choices or ()]
        what = error.message.removeprefix("Value error, ").rstrip(".")
        raise file.error(section, key, f"{what}{_nearest(str(value), choices)}") from None
    except UsageError as error:
        raise file.error(section, key, str(error)) from None
    return argument


def _nearest(word: str, known: Any) -> str:  # noqa: ANN401 - any collection of names
    near = get_close_matches(word.replace("_", "-"), list(known), n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(sorted(known))}" if 0 < len(known) <= TOO_MANY else ""
