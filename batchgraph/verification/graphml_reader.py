"""Reading GraphML as a stream, by a parser that knows nothing of how it was written; no graph is ever held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from batchgraph.errors import ResultsError

_CHUNK_OCTETS = 1 << 16


class Head(NamedTuple):
    """What stands before the nodes: the keys as (id, for, name, type), and the attributes of the graph."""

    keys: tuple[tuple[str, str, str, str], ...]
    graph: Mapping[str, str]


class Item(NamedTuple):
    """A node or an edge: its attributes in the file (id, source, target), and its data by key."""

    kind: str
    attributes: Mapping[str, str]
    data: Mapping[str, str]


@dataclass(slots=True)
class _State:
    """What was read and not yet given, and what is being read."""

    ready: list[Head | Item] = field(default_factory=list)
    keys: list[tuple[str, str, str, str]] = field(default_factory=list)
    item: Item | None = None
    data: dict[str, str] = field(default_factory=dict)
    key: str = ""
    text: list[str] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "data":
            self.key, self.text = attributes.get("key", ""), []
        elif name in ("node", "edge"):
            self.data = {}
            self.item = Item(name, attributes, self.data)
        elif name == "key":
            wanted = ("id", "for", "attr.name", "attr.type")
            id_, owner, title, type_ = (attributes.get(word, "") for word in wanted)
            self.keys.append((id_, owner, title, type_))
        elif name == "graph":
            self.ready.append(Head(tuple(self.keys), attributes))

    def end(self, name: str) -> None:
        if name == "data":
            self.data[self.key] = "".join(self.text)
        elif name in ("node", "edge") and self.item is not None:
            self.ready.append(self.item)

    def characters(self, text: str) -> None:
        self.text.append(text)


def read_graphml(path: Path) -> Iterator[Head | Item]:
    """Read a GraphML file from front to back.

    Yields
    ------
    part
        First the `Head`, then each node and edge as an `Item`, as they stand in the file.

    Raises
    ------
    ResultsError
        If the file cannot be read or is no XML: with line and column. A document type is refused, for it could make
        a small file a huge one.
    """
    state = _State()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = state.start, state.end
    parser.CharacterDataHandler = state.characters
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_OCTETS):
                parser.Parse(chunk, False)
                yield from state.ready
                state.ready.clear()
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ResultsError(f"no XML: {error}") from None
    except OSError as error:
        raise ResultsError(str(error.strerror or error)) from None


def _refuse_document_type(*_: object) -> None:
    raise ResultsError("it declares a document type")
