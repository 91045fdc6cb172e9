"""The JSON Schema of policy files, for editors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from batchgraph.policy.keys import FORMAT, LARGEST_COUNT, POLICY_KEYS, RULE_KEYS, Key

_TEXT: dict[str, Any] = {"type": "string", "pattern": r"\S"}


def _one_or_list(*values: dict[str, Any]) -> dict[str, Any]:
    one = values[0] if len(values) == 1 else {"anyOf": list(values)}
    return {"anyOf": [*values, {"type": "array", "items": one, "minItems": 1}]}


def _numbers(largest: int) -> tuple[dict[str, Any], dict[str, Any]]:
    whole = {"type": "integer", "minimum": 0, "maximum": largest}
    return whole, {"type": "string", "pattern": r"^\s*\d{1,5}\s*(-\s*\d{1,5}\s*)?$"}


_KINDS: dict[str, dict[str, Any]] = {
    "text": _TEXT,
    "texts": _one_or_list(_TEXT),
    "labels": _one_or_list(_TEXT),
    "ports": _one_or_list(*_numbers(65535), {"const": "none"}),
    "numbers": _one_or_list(*_numbers(255)),
    "count": {"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT},
    "format": {"const": FORMAT},
    "non_ip": {"anyOf": [{"enum": ["ignore", "deny"]}, {"type": "array", "items": _TEXT, "minItems": 1}]},
    "tables": {"type": "object", "additionalProperties": _one_or_list(_TEXT)},
}


def policy_schema_text() -> str:
    """Write the JSON Schema (draft 2020-12) of a policy file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "batchgraph communication policy",
        **_table(POLICY_KEYS),
    }
    return json.dumps(schema, indent=2)


def _table(keys: Iterable[Key]) -> dict[str, Any]:
    keys = tuple(keys)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [key.name for key in keys if key.required],
        "properties": {key.name: _value(key) for key in keys},
    }


def _value(key: Key) -> dict[str, Any]:
    if key.kind == "rules":
        return {"description": key.meaning, "type": "array", "items": _table(RULE_KEYS)}
    kind = {"enum": list(key.choices)} if key.choices else _KINDS[key.kind]
    return {"description": key.meaning, **kind}
