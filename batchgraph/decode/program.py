"""The protocol table, flattened into integers that the kernel interprets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchgraph import wire
from batchgraph.wire.spec import (
    ANY,
    Address,
    AddressKind,
    AnySpace,
    Bits,
    ColumnSource,
    Header,
    Space,
    TableError,
    Test,
    When,
    check,
)

ADDRESS_SLOTS = ("eth_src", "eth_dst", "src", "dst", "outer_src", "outer_dst")
"""Columns whose values are addresses, interned by the kernel."""

SLOTS = (
    *ADDRESS_SLOTS,
    "tunnel",
    "type",
    "stopped_in",
    "vlan",
    "ttl",
    "proto",
    "sport",
    "dport",
    "tcp_flags",
    "icmp_type",
    "icmp_code",
    "load",
    "frag_offset",
)
"""The columns that the kernel fills and that may be null; the number of each is its row in `values`."""

SLOT = {name: number for number, name in enumerate(SLOTS)}

FORGOTTEN = tuple(
    name for name in SLOTS if name not in ("eth_src", "eth_dst", "outer_src", "outer_dst", "tunnel", "vlan")
)
"""The columns that an IP header takes from the one before it."""

_DERIVED = frozenset(("outer_src", "outer_dst", "tunnel", "type", "stopped_in", "load"))
"""Of the slots, those that are told from the walk through a packet's headers."""

STATUS_NAMES = ("ok", "truncated", "malformed", "unsupported")
OK, TRUNCATED, MALFORMED, UNSUPPORTED = range(4)

ADDRESS_KINDS = (AddressKind.MAC, AddressKind.IPV4, AddressKind.IPV6)
"""Their numbers in the program, and in `Interning.kind`, are their places here plus 1; 0 is a plain number."""

LINK = "link"
"""What ``stopped_in`` says of a packet whose link type is not known."""

NONE = -1

MAX_HEADERS = 64
"""Headers of one packet that are decoded, at most; the rest of a packet with more is ``unsupported``."""


class Program(NamedTuple):
    """The table as arrays; the kernel's documentation is the meaning of each field in `batchgraph.wire.spec`.

    Attributes
    ----------
    headers
        int64, shape (n_headers, len(HEADER_FIELDS)).
    reads
        int64, shape (n_reads, 8): octet, octets, mask, shift, scale, bias, little, octet after the last.
    columns
        int64, shape (n_columns, 5): slot, kind, read, read of the test or `NONE`, value of the test or `NONE`.
    tests
        int64, shape (n_tests, 2): read, value or `NONE` for "not 0".
    lists
        int64: numbers of reads, in the order in which headers refer to them.
    code_keys, code_headers
        int64 and int32, shape (a power of two): an open-addressed table from space and code to a header.
    protocol_types
        int32, shape (256,): label of each IP protocol number, or `NONE`.
    """

    headers: NDArray[np.int64]
    reads: NDArray[np.int64]
    columns: NDArray[np.int64]
    tests: NDArray[np.int64]
    lists: NDArray[np.int64]
    code_keys: NDArray[np.int64]
    code_headers: NDArray[np.int32]
    protocol_types: NDArray[np.int32]


HEADER_FIELDS = (
    "min_octets", "lookback", "fixed_length", "length_first", "length_stop", "align", "end_read", "next_first",
    "next_stop", "then", "space", "open_ended", "require_first", "require_stop", "confirm_first", "confirm_stop",
    "stop_first", "stop_stop", "column_first", "column_stop", "type", "tunnel", "network", "extension", "transport",
    "otherwise",
)  # fmt: skip
"""The columns of `Program.headers`."""


@dataclass(frozen=True, slots=True)
class Table:
    """A program and what its numbers mean.

    Attributes
    ----------
    program
        For the kernel.
    is_standard
        Whether it begins with this package's own, names apart, so that what was generated from those is right for it.
    names
        Of the headers, by number, then `LINK`: what ``stopped_in`` can say.
    types
        Labels of the column ``type``, by number.
    tunnels
        Labels of the column ``tunnel``, by number, from 1 (0 is none).
    """

    program: Program
    is_standard: bool
    names: tuple[str, ...]
    types: tuple[str, ...]
    tunnels: tuple[str, ...]


CODE_FACTOR, CODE_SHIFT = 0x9E3779B1, 15
"""How the places of codes in the code table are scattered."""


def code_key(space: int, code: int) -> int:
    """Combine a space's number and a code into the key of the code table."""
    return space << 33 | (code + 1)


def code_slot(key: int, size: int) -> int:
    """Give where in a code table of `size` entries a key is looked for first."""
    return ((key * CODE_FACTOR & (1 << 64) - 1) >> CODE_SHIFT) & (size - 1)


class _Builder:
    """Collects the parts of a program while the headers are walked."""

    def __init__(self, headers: Sequence[Header]) -> None:
        self.numbers = {header.name: number for number, header in enumerate(headers)}
        self.types = list(dict.fromkeys(header.type for header in headers if header.type))
        self.tunnels = list(dict.fromkeys(["", *(header.tunnel for header in headers if header.tunnel)]))
        self.reads: list[tuple[int, ...]] = []
        self.columns: list[tuple[int, ...]] = []
        self.tests: list[tuple[int, ...]] = []
        self.lists: list[int] = []
        self.spaces: dict[tuple[AnySpace, ...], int] = {(Space.LINK_TYPE,): 0}

    def read(self, source: Bits | Address) -> int:
        """Add a read and give its number."""
        if isinstance(source, Address):
            row = (source.octet, source.octets, -1, 0, 1, 0, 0, source.octet + source.octets)
        else:
            row = (source.octet, source.octets, _signed(source.whole_mask), source.shift, source.scale, source.bias,
                   int(source.little), source.octet + source.octets)  # fmt: skip
        self.reads.append(row)
        return len(self.reads) - 1

    def read_list(self, sources: Iterable[Bits]) -> tuple[int, int]:
        first = len(self.lists)
        self.lists += [self.read(source) for source in sources]
        return first, len(self.lists)

    def test_list(self, tests: Iterable[Test]) -> tuple[int, int]:
        first = len(self.tests)
        self.tests += [(self.read(test.bits), NONE if test.equals is None else test.equals) for test in tests]
        return first, len(self.tests)

    def column(self, name: str, source: ColumnSource) -> tuple[int, ...]:
        """Give one column's entry."""
        if name not in SLOT or name in _DERIVED:
            raise TableError(f"column {name}: headers cannot fill it")
        test, equals = NONE, NONE
        if isinstance(source, When):
            test = self.read(source.test.bits)
            equals = NONE if source.test.equals is None else source.test.equals
            source = source.value
        is_address = isinstance(source, Address)
        if is_address != (name in ADDRESS_SLOTS):
            raise TableError(f"column {name}: takes {'an address' if name in ADDRESS_SLOTS else 'a number'}")
        kind = ADDRESS_KINDS.index(source.kind) + 1 if isinstance(source, Address) else 0
        return SLOT[name], kind, self.read(source), test, equals

    def header(self, header: Header) -> tuple[int, ...]:
        """Give one header's row."""
        column_first = len(self.columns)
        self.columns += [self.column(name, source) for name, source in header.columns.items()]
        fixed = header.length if isinstance(header.length, int) else header.min_octets
        lookback = min([0, *(read.octet for read in header.reads())])
        space = self.spaces.setdefault(header.spaces(), len(self.spaces)) if header.next_terms() else NONE
        return (
            header.min_octets, lookback, fixed, *self.read_list(header.length_terms()), header.align,
            self.read(header.end) if header.end else NONE, *self.read_list(header.next_terms()),
            self.numbers[header.then] if header.then else NONE, space, int(header.open_ended),
            *self.test_list(header.require), *self.test_list(header.confirm), *self.read_list(header.stop),
            column_first, len(self.columns), self.types.index(header.type) if header.type else NONE,
            self.tunnels.index(header.tunnel) if header.tunnel else 0, int(header.network), int(header.extension),
            int(header.transport), self.numbers[header.otherwise] if header.otherwise else NONE,
        )  # fmt: skip

    def codes(self, headers: Sequence[Header]) -> dict[int, int]:
        """Give the header for each key; where a header asks several spaces, the first that knows a code wins."""
        codes: dict[int, int] = {}
        for spaces, number in self.spaces.items():
            for space in spaces:
                for header in headers:
                    for code in header.codes.get(space, ()):
                        codes.setdefault(code_key(number, code), self.numbers[header.name])
        return codes


def build(headers: tuple[Header, ...]) -> Table:
    """Flatten a table of headers.

    Raises
    ------
    TableError
        If the records contradict themselves or each other.
    """
    check(headers)
    builder = _Builder(headers)
    rows = [builder.header(header) for header in headers]
    keys, targets = _code_table(builder.codes(headers))
    program = Program(
        np.array(rows, np.int64),
        np.array(builder.reads, np.int64).reshape(-1, 8),
        np.array(builder.columns, np.int64).reshape(-1, 5),
        np.array(builder.tests, np.int64).reshape(-1, 2),
        np.array(builder.lists, np.int64),
        keys,
        targets,
        _protocol_types(headers, builder.types),
    )
    names = (*(header.name for header in headers), LINK)
    common = len(wire.HEADERS) - len(wire.names.HEADERS)
    is_standard = headers[:common] == wire.HEADERS[:common]
    # Scapy goes on to say the names that records from outside have replaced.
    types = dict.fromkeys((*builder.types, *(header.type for header in wire.names.HEADERS if header.type)))
    return Table(program, is_standard, names, tuple(types), tuple(builder.tunnels))


def _signed(mask: int) -> int:
    """Give a mask of up to 64 bits as the int64 with the same bits."""
    return mask - (1 << 64) if mask >= 1 << 63 else mask


def _code_table(codes: dict[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    size = 1 << max(4, (2 * len(codes)).bit_length())
    keys, targets = np.full(size, NONE, np.int64), np.full(size, NONE, np.int32)
    for key, target in codes.items():
        slot = code_slot(key, size)
        while keys[slot] != NONE:
            slot = (slot + 1) & (size - 1)
        keys[slot], targets[slot] = key, target
    return keys, targets


def _protocol_types(headers: Sequence[Header], types: list[str]) -> NDArray[np.int32]:
    """Give the label of each IP protocol number, for packets of which decoding ends before its header."""
    labels = np.full(256, NONE, np.int32)
    for header in headers:
        for code in header.codes.get(Space.IP_PROTOCOL, ()):
            if header.type and code != ANY:
                labels[code] = types.index(header.type)
    return labels
