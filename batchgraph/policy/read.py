"""Read a policy file: what is wrong in it is said with line, key and remedy."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from batchgraph.errors import UsageError
from batchgraph.policy import values
from batchgraph.policy.groups import Groups
from batchgraph.policy.keys import FORMAT, LIMITS, OWN_NAMES, POLICY_KEYS, RULE_KEYS, Key
from batchgraph.policy.place import line_of
from batchgraph.policy.policy import Ends, Policy, Rule

_FIELDS = {"type": "types", "time": "windows"}
_READERS: dict[str, Callable[[Any], Any]] = {
    "count": values.count,
    "labels": values.labels,
    "ports": values.ports,
    "numbers": values.numbers,
    "non_ip": values.non_ip,
}


def read_policy(path: Path) -> Policy:
    """Read and validate a policy.

    Raises
    ------
    UsageError
        If it cannot be read or is not valid; names the file, the line, the key and the remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    return parse_policy(text, name=str(path))


def parse_policy(text: str, *, name: str = "policy") -> Policy:
    """Read a policy from its text; `name` stands for it in messages."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        where = str(error).replace("at end of document", f"at the end, line {len(text.splitlines())}")
        raise UsageError(f"{name}: no TOML: {where}") from None
    return _Reader(text, name).policy(document)


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.groups = Groups({})
        self.host_names: dict[str, str] = {}

    def fail(self, reason: str, table: str, key: str, number: int = 0, *, entry: str = "") -> UsageError:
        line = line_of(self.text, [word for word in (table, key) if word], number=number, entry=entry)
        where = ".".join(word for word in (table, key) if word)
        return UsageError(f"{self.name}, line {line}, key {where}: {reason}")

    def policy(self, document: dict[str, Any]) -> Policy:
        self.check_keys(document, POLICY_KEYS, "", 0)
        if document.get("format", FORMAT) != FORMAT or isinstance(document.get("format"), bool):
            raise self.fail(f"{document['format']!r} is not known; write format = {FORMAT}", "", "format")
        groups, segments = (self.named(document.get(key, {}), key) for key in ("groups", "segments"))
        for name in groups.keys() & segments.keys():
            raise self.fail("a segment is called the same; choose another name", "groups", name)
        self.groups = Groups({**segments, **groups})
        for key, table in (("groups", groups), ("segments", segments)):
            for name, ends in table.items():
                self.resolve(ends, key, name, 0, within=(name,))
        chosen = {key.name: self.choice(document, key, "", 0) for key in POLICY_KEYS if key.choices}
        return Policy(
            rules=self.rules(document.get("rules", [])),
            segments={name: self.resolve(ends, "segments", name, 0) for name, ends in segments.items()},
            non_ip=self.value(values.non_ip, document.get("non_ip", "ignore"), "", "non_ip", 0),
            host_names=self.host_names,
            **{name: value for name, value in chosen.items() if value is not None},
        )

    def check_keys(self, table: Mapping[str, object], keys: Iterable[Key], name: str, number: int) -> None:
        known = {key.name: key for key in keys}
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"write {near[0]}" if near else f"the keys are {', '.join(known)}"
                raise self.fail(f"not known; {hint}", name, key, number)
        for key, declared in known.items():
            if declared.required and key not in table:
                raise self.fail(f"missing; it says {declared.meaning}", name, key, number)

    def choice(self, table: Mapping[str, Any], key: Key, name: str, number: int) -> str | None:
        value = table.get(key.name)
        if value is not None and value not in key.choices:
            raise self.fail(f"{value!r} is not possible; write one of {', '.join(key.choices)}", name, key.name, number)
        return value

    def value(self, read: Callable[[Any], Any], value: object, name: str, key: str, number: int) -> Any:  # noqa: ANN401
        try:
            return read(value)
        except values.ValueRefusedError as error:
            raise self.fail(str(error), name, key, number, entry=error.entry) from None

    def named(self, table: object, name: str) -> dict[str, Ends]:
        if not isinstance(table, dict):
            raise self.fail(f'must be a table: [{name}], and below it lines as servers = ["10.0.1.0/24"]', "", name)
        for key in table:
            if values.is_network(key) or key.startswith("!") or "*" in key:
                raise self.fail("this name would be taken for an address or a glob; choose another", name, key)
        return {key: self.value(_ends, value, name, key, 0) for key, value in table.items()}

    def resolve(self, ends: Ends, table: str, key: str, number: int, *, within: tuple[str, ...] = ()) -> Ends:
        """Put what groups and segments hold in the place of their names, and note which names are hosts'."""
        try:
            found, host_names = self.groups.resolve(ends, within=within)
        except values.ValueRefusedError as error:
            raise self.fail(str(error), table, key, number, entry=error.entry) from None
        for word in host_names:
            line = line_of(self.text, (table, key), number=number, entry=word)
            self.host_names.setdefault(word, f"{self.name}, line {line}, key {table}.{key}")
        return found

    def rules(self, tables: object) -> tuple[Rule, ...]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self.fail("rules are tables of their own; write [[rules]] above each", "", "rules")
        rules: dict[str, Rule] = {}
        for number, table in enumerate(tables):
            rule = self.rule(table, number)
            if rule.name in rules or rule.name in OWN_NAMES:
                raise self.fail(f"the name {rule.name!r} is taken; choose another", "rules", "name", number)
            rules[rule.name] = rule
        return tuple(rules.values())

    def rule(self, table: dict[str, Any], number: int) -> Rule:
        self.check_keys(table, RULE_KEYS, "rules", number)
        fields: dict[str, Any] = {
            _FIELDS.get(key.name, key.name): self.rule_value(key, table, number)
            for key in RULE_KEYS
            if key.name in table
        }
        rule = Rule(**fields)
        limit = next((key for key in table if key in LIMITS), None)
        if limit and rule.action != "allow":
            raise self.fail('only an allow rule has a limit; write action = "allow"', "rules", limit, number)
        if "per" in table and not limit:
            raise self.fail(f"it counts nothing; add one of {', '.join(LIMITS)}", "rules", "per", number)
        return rule

    def rule_value(self, key: Key, table: dict[str, Any], number: int) -> object:
        if key.choices:
            return self.choice(table, key, "rules", number)
        read = _READERS.get(key.kind) or {"time": values.windows, "name": _name}.get(key.name, _ends)
        value = self.value(read, table[key.name], "rules", key.name, number)
        return self.resolve(value, "rules", key.name, number) if read is _ends else value


def _ends(value: object) -> Ends:
    return tuple(values.end(text) for text in values.texts(value))


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise values.ValueRefusedError('it must be a text, as in name = "no telnet"')
    return value
