"""Conditions on edge records, as people write them, turned into SQL that can say nothing else.

The text is read by Python's own parser and every part of it is looked up in the tables here; what is in none of them
is refused. No word of the text reaches the SQL: columns are names of the schema, values are variables of the database.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Callable
from dataclasses import dataclass, field

from batchgraph.errors import UsageError
from batchgraph.graph.times import parse_instant
from batchgraph.schema import EDGE_COLUMNS, TIMESTAMP

MAX_CHARACTERS = 4_000
"""Longest condition that is read."""

_MAX_INTEGER = 2**48
_MOST_REPEATED = 80
"""Characters of a condition that a message repeats."""

_COMPARISONS: dict[type[ast.AST], str] = {
    ast.Eq: "=", ast.NotEq: "<>", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mod: "%", ast.BitAnd: "&", ast.BitOr: "|",
}  # fmt: skip
_SQL_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "IN": "in", "IS": "is", "NULL": "None", "TRUE": "True"}
_SQL_SIGNS = {"=": "==", "<>": "!="}
_KINDS = {
    column.name: "time" if column.type == TIMESTAMP else "number" if "int" in column.type else "text"
    for column in EDGE_COLUMNS
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as SQL.

    Parameters
    ----------
    sql
        An expression of type BOOLEAN over the columns of edge records, in a table ``source``.
    variables
        Values that it asks the database for by name (``getvariable``).
    """

    sql: str = "true"
    variables: dict[str, object] = field(default_factory=dict)


def parse_condition(text: str) -> Condition:
    """Read a condition such as ``dport == 443 and (src == "10.0.0.1" or tcp_flags & 2 != 0)``.

    Parameters
    ----------
    text
        Comparisons of columns of edge records with values or with each other, joined by ``and``, ``or`` and ``not``,
        as in Python or as in SQL: ``==`` or ``=``, ``!=`` or ``<>``, ``<``, ``<=``, ``>``, ``>=``; ``in (...)`` and
        ``not in (...)``; ``is None`` and ``is not None``; of numbers also ``+ - % & |``. A time is compared with
        text such as ``"2024-05-01T12:00:00Z"``. A comparison with what is not there is neither true nor false, as in
        SQL, and such a packet is left out.

    Raises
    ------
    UsageError
        If the text is anything else.
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"a condition of {len(text):,} characters is longer than {MAX_CHARACTERS:,}")
    try:
        tree = ast.parse(_as_python(text), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        reason = error.args[0] if error.args else "it is nested too deeply"
        raise UsageError(f"the condition {_shortened(text)!r} cannot be read: {reason}") from None
    translation = _Translation()
    try:
        sql = translation.expect(tree.body, "condition")
    except RecursionError:
        raise UsageError("the condition is nested too deeply") from None
    return Condition(sql, translation.variables)


def _as_python(text: str) -> str:
    """Write SQL's words and signs as Python's, outside of quotes."""
    text = text.replace("\n", " ").strip()
    pieces = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            pieces.append(_SQL_WORDS.get(token.string.upper(), token.string))
        elif token.type == tokenize.OP:
            if token.string == ">" and pieces[-1:] == ["<"]:
                pieces[-1] = "!="  # the tokens of SQL's `<>`
                continue
            pieces.append(_SQL_SIGNS.get(token.string, token.string))
        elif token.type == tokenize.COMMENT:
            raise ValueError("it holds a comment")
        else:
            pieces.append(token.string)
    return " ".join(pieces).strip()


class _Translation:
    """Turns a syntax tree into SQL, collecting its values; each method gives a piece of SQL and its kind."""

    def __init__(self) -> None:
        self.variables: dict[str, object] = {}
        self._rules: dict[type[ast.AST], Callable[..., tuple[str, str]]] = {
            ast.Name: self._name,
            ast.Constant: self._constant,
            ast.BoolOp: self._joined,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._arithmetic,
            ast.Compare: self._compared,
        }

    def expect(self, node: ast.AST, kind: str) -> str:
        """Translate what must be of one kind."""
        sql, found = self._translate(node)
        if found != kind:
            raise UsageError(f"{_source(node)} is a {found} where a {kind} is needed")
        return sql

    def _translate(self, node: ast.AST) -> tuple[str, str]:
        rule = self._rules.get(type(node))
        if rule is None:
            raise UsageError(f"{_source(node)} cannot be said in a condition")
        return rule(node)

    def _name(self, node: ast.Name) -> tuple[str, str]:
        kind = _KINDS.get(node.id)
        if kind is None:
            raise UsageError(f"there is no column {_shortened(node.id)!r}; the columns are {', '.join(_KINDS)}")
        if kind == "time":
            return f'epoch_ns(source."{node.id}")', kind
        return (f'source."{node.id}"::BIGINT' if kind == "number" else f'source."{node.id}"::VARCHAR'), kind

    def _constant(self, node: ast.Constant) -> tuple[str, str]:
        value = node.value
        if isinstance(value, str):
            return self._bound(value, "VARCHAR"), "text"
        if isinstance(value, int) and not isinstance(value, bool) and value <= _MAX_INTEGER:
            return self._bound(value, "BIGINT"), "number"
        raise UsageError(
            f"{_shortened(repr(value))} cannot be compared with: only text in quotes and integers up to 2**48 can"
        )

    def _bound(self, value: object, kind: str) -> str:
        name = f"where_{len(self.variables)}"
        self.variables[name] = value
        return f"getvariable('{name}')::{kind}"

    def _joined(self, node: ast.BoolOp) -> tuple[str, str]:
        word = " AND " if isinstance(node.op, ast.And) else " OR "
        return f"({word.join(self.expect(value, 'condition') for value in node.values)})", "condition"

    def _unary(self, node: ast.UnaryOp) -> tuple[str, str]:
        if isinstance(node.op, ast.Not):
            return f"(NOT {self.expect(node.operand, 'condition')})", "condition"
        if isinstance(node.op, ast.USub):
            return f"(-{self.expect(node.operand, 'number')})", "number"
        raise UsageError(f"{_source(node)} cannot be said in a condition")

    def _arithmetic(self, node: ast.BinOp) -> tuple[str, str]:
        sign = _ARITHMETIC.get(type(node.op))
        if sign is None:
            raise UsageError(f"{_source(node)} cannot be said in a condition: of arithmetic there is + - % & |")
        return f"({self.expect(node.left, 'number')} {sign} {self.expect(node.right, 'number')})", "number"

    def _compared(self, node: ast.Compare) -> tuple[str, str]:
        sides = [node.left, *node.comparators]
        pairs = zip(sides, node.ops, sides[1:], strict=False)
        return f"({' AND '.join(self._comparison(*pair) for pair in pairs)})", "condition"

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        if isinstance(operator, ast.Is | ast.IsNot):
            return self._presence(left, operator, right)
        if isinstance(operator, ast.In | ast.NotIn):
            return self._membership(left, operator, right)
        (a, kind), (b, other) = self._alike(left, right)
        if kind != other or kind == "condition":
            raise UsageError(f"{_source(left)} is a {kind} and {_source(right)} a {other}: they cannot be compared")
        return f"({a} {_COMPARISONS[type(operator)]} {b})"

    def _presence(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        if not (isinstance(right, ast.Constant) and right.value is None and isinstance(left, ast.Name)):
            raise UsageError("`is` can only ask whether a column is None or is not None")
        word = "IS" if isinstance(operator, ast.Is) else "IS NOT"
        return f"({self._translate(left)[0]} {word} NULL)"

    def _membership(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        if not isinstance(right, ast.Tuple | ast.List | ast.Set | ast.Constant):
            raise UsageError(f"{_source(right)} is no list of values")
        values = [right] if isinstance(right, ast.Constant) else right.elts
        any_of = " OR ".join(self._comparison(left, ast.Eq(), value) for value in values) or "false"
        return f"({any_of})" if isinstance(operator, ast.In) else f"(NOT ({any_of}))"

    def _alike(self, left: ast.expr, right: ast.expr) -> tuple[tuple[str, str], tuple[str, str]]:
        """Translate both sides of a comparison, reading text as a time where the other side is one."""
        sides = (left, right)
        is_time = any(isinstance(side, ast.Name) and _KINDS.get(side.id) == "time" for side in sides)
        a, b = (self._time(side) if is_time else self._translate(side) for side in sides)
        return a, b

    def _time(self, node: ast.expr) -> tuple[str, str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._bound(parse_instant(node.value), "BIGINT"), "time"
        return self._translate(node)


def _source(node: ast.AST) -> str:
    return f"`{_shortened(ast.unparse(node))}`"


def _shortened(text: str) -> str:
    """Leave out the middle of what is too long to be repeated in a message of one line."""
    if len(text) <= _MOST_REPEATED:
        return text
    return f"{text[: _MOST_REPEATED - 20]} ... {text[-15:]}"
