"""The vocabulary in which protocols are declared: `Space`, `Bits`, `Address`, `Header`.

A protocol is a record. `batchgraph.decode.program` flattens the records into integers and one small compiled kernel
interprets them; `batchgraph show protocols` prints them. How the kernel reads a record is said here, because here is
where one is written:

1. A header is entered at some octet of a packet. Its first `min_octets` must lie before the logical end (else the
   packet is ``malformed``) and must have been captured (else ``truncated``); of a short header the columns that are
   there are filled all the same, unless it is an IP header or an `extension` of one. After a
   `transport` header, whose ports are a hint and no more, too few octets before the logical end mean that there is no
   such header: the packet is ``ok``.
2. Every `confirm` must hold (else the header is not this protocol at all: decoding ends before it, and the packet is
   ``ok``), and every `require` (else it is `otherwise`, if all that one requires holds, or ``malformed``).
3. Its length is `length`, or `min_octets`. Less than `min_octets`, or more than there are octets, is ``malformed``.
4. `end` moves the logical end of the packet, so that padding is not payload.
5. Its columns are filled. The first header to fill a column wins (so VLAN and Ethernet addresses are the outermost);
   an IP header (`network`) first forgets all columns of the IP header before it (so addresses and ports are the
   innermost), and an `extension` replaces what its IP header said. Of ``type``, the last label before an IP header
   wins, and the first after it.
6. If one of `stop` is not 0, decoding ends here, ``ok``.
7. The next header is `then`, or what is registered under the first of `next` that is registered, in the first of the
   spaces that knows it. Where none does, the packet is ``unsupported``, or ``ok`` if the header is `open_ended`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from batchgraph.schema import EDGE_COLUMNS

ANY = -1
"""A code under which a header is found where its space has no other for the number at hand."""


class Space(Enum):
    """A registry in which a number names the next header.

    A record may also use a private space, which is any string, to tell variants of one header apart.
    """

    LINK_TYPE = "LINKTYPE_ numbers"
    ETHERTYPE = "IEEE 802 EtherTypes"
    LLC_SAP = "IEEE 802.2 destination service access points"
    IP_PROTOCOL = "IANA protocol numbers"
    IPV6_EXTENSION = "IANA protocol numbers that are headers only after IPv6"
    IP_VERSION = "IP version, the first four bits of a packet"
    PPP_PROTOCOL = "IANA PPP protocol numbers"
    NLPID = "ISO/IEC TR 9577 network layer protocol identifiers"
    UDP_PORT = "UDP ports of tunnels"


AnySpace = Space | str


@dataclass(frozen=True, slots=True)
class Bits:
    """An unsigned number in a header: ``((word & mask) >> shift) * scale + bias``.

    Parameters
    ----------
    octet
        Where the word begins, in octets from the start of the header. Below 0: in the header before this one.
    octets
        Length of the word, 1 to 7.
    mask, shift, scale, bias
        As in the formula; the mask is all ones by default.
    little
        Whether the word is little-endian.
    """

    octet: int
    octets: int = 1
    mask: int | None = None
    shift: int = 0
    scale: int = 1
    bias: int = 0
    little: bool = False

    @property
    def whole_mask(self) -> int:
        """The mask, with its default resolved."""
        return (1 << 8 * self.octets) - 1 if self.mask is None else self.mask


class AddressKind(Enum):
    """How the octets of an address are written as text; the value is its length in octets."""

    MAC = 6
    IPV4 = 4
    IPV6 = 16


@dataclass(frozen=True, slots=True)
class Address:
    """An address in a header, for the columns that hold text."""

    octet: int
    kind: AddressKind

    @property
    def octets(self) -> int:
        """Length of the address."""
        return self.kind.value


@dataclass(frozen=True, slots=True)
class Test:
    """Whether a number in a header has one value (or, with `equals` None, is not 0)."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    bits: Bits
    equals: int | None = None


@dataclass(frozen=True, slots=True)
class When:
    """A column that is filled only where a test holds."""

    value: Bits | Address
    test: Test


ColumnSource = Bits | Address | When


@dataclass(frozen=True, slots=True)
class Header:
    """A protocol's header.

    Parameters
    ----------
    name
        Unique, lower case; appears in ``stopped_in``.
    codes
        Where it is found: the numbers under which each space knows it.
    min_octets
        Octets that must be there for it to be read at all.
    length
        Its length in octets; several numbers are added up. None: `min_octets`. The number 0 makes it a peek, which
        looks at octets that the next header then reads.
    align
        The length is rounded up to a multiple of this.
    end
        Where what it holds ends, in octets from its start; None, or a word of 0 on the wire: where the packet ends.
    next, next_space
        The number of the next header and its registry, of several the first that fits.
    open_ended
        Whether a number that no registry has is simply the end of what is decoded.
    then
        Name of the header that always follows, instead of `next`.
    require, confirm
        What must hold of a header that is not malformed; what must hold for it to be this protocol.
    otherwise
        Name of the header that it is instead, where not every `require` holds but every one of that header's.
    stop
        Numbers of which one other than 0 says that nothing decodable follows.
    columns
        Edge columns that it fills.
    type
        What the column ``type`` says of a packet that carries it.
    tunnel
        Its label in the column ``tunnel``, where it is a tunnel's header.
    network
        Whether it is an IP header.
    extension
        Whether it belongs to the IP header before it.
    transport
        Whether the column ``load`` counts what follows it.
    source
        The standard that defines it.
    """

    name: str
    codes: Mapping[AnySpace, tuple[int, ...]] = field(default_factory=dict)
    min_octets: int = 0
    length: Bits | tuple[Bits, ...] | int | None = None
    align: int = 1
    end: Bits | None = None
    next: Bits | tuple[Bits, ...] = ()
    next_space: AnySpace | tuple[AnySpace, ...] = ()
    open_ended: bool = False
    then: str | None = None
    require: tuple[Test, ...] = ()
    confirm: tuple[Test, ...] = ()
    otherwise: str | None = None
    stop: tuple[Bits, ...] = ()
    columns: Mapping[str, ColumnSource] = field(default_factory=dict)
    type: str | None = None
    tunnel: str | None = None
    network: bool = False
    extension: bool = False
    transport: bool = False
    source: str = ""

    def length_terms(self) -> tuple[Bits, ...]:
        """The numbers that add up to the length; none where it is fixed."""
        if isinstance(self.length, Bits):
            return (self.length,)
        return self.length if isinstance(self.length, tuple) else ()

    def next_terms(self) -> tuple[Bits, ...]:
        """The numbers that may name the next header, in order."""
        return (self.next,) if isinstance(self.next, Bits) else self.next

    def spaces(self) -> tuple[AnySpace, ...]:
        """The spaces that are asked for the next header, in order."""
        return self.next_space if isinstance(self.next_space, tuple) else (self.next_space,)

    def reads(self) -> Iterator[Bits | Address]:
        """Every number and address that the record declares, tests of columns included."""
        yield from self.length_terms()
        yield from self.next_terms()
        yield from self.stop
        yield from (test.bits for test in (*self.require, *self.confirm))
        if self.end is not None:
            yield self.end
        for source in self.columns.values():
            if isinstance(source, When):
                yield source.test.bits
                yield source.value
            else:
                yield source


def space_name(space: AnySpace) -> str:
    """Give a space's name for people."""
    return space.name if isinstance(space, Space) else space


class TableError(ValueError):
    """A protocol record, or the table of them, contradicts itself."""


def check(headers: tuple[Header, ...]) -> None:
    """Prove from the records alone that every read lies inside `min_octets` and every reference is known.

    Raises
    ------
    TableError
        With the header and what is wrong with it.
    """
    names = [header.name for header in headers]
    for header in headers:
        if names.count(header.name) > 1:
            raise TableError(f"header {header.name}: declared twice")
        for other in (header.then, header.otherwise):
            if other is not None and other not in names:
                raise TableError(f"header {header.name}: refers to {other}, which is not declared")
        if header.next_terms() and not header.spaces():
            raise TableError(f"header {header.name}: names a next header but no space")
        for read in header.reads():
            if not 1 <= read.octets <= (7 if isinstance(read, Bits) else 16):
                raise TableError(f"header {header.name}: a number of {read.octets} octets cannot be read")
            if read.octet + read.octets > header.min_octets:
                raise TableError(
                    f"header {header.name}: reads octets {read.octet} to {read.octet + read.octets - 1},"
                    f" but only {header.min_octets} are sure to be there"
                )
        _check_columns(header)
    _check_alternatives(headers)
    _check_codes(headers)


def _check_columns(header: Header) -> None:
    """Prove that every number fits its column: the kernel looks protocol numbers up by it."""
    types = {column.name: column.type for column in EDGE_COLUMNS}
    for name, source in header.columns.items():
        value = source.value if isinstance(source, When) else source
        if not isinstance(value, Bits) or not types.get(name, "").startswith("uint"):
            continue
        most = (value.whole_mask >> value.shift) * value.scale + value.bias
        if value.bias < 0 or most >> int(types[name].removeprefix("uint")):
            raise TableError(f"header {header.name}: column {name} holds {types[name]}, not {value.bias} to {most}")
    if header.network and not all(isinstance(header.columns.get(name), Address) for name in ("src", "dst")):
        raise TableError(f"header {header.name}: an IP header fills src and dst, whatever it holds")


def _check_alternatives(headers: tuple[Header, ...]) -> None:
    """Prove that what an `otherwise` requires can be read where the header that refers to it is."""
    records = {header.name: header for header in headers}
    for header in headers:
        if header.otherwise is None:
            continue
        first = min([0, *(read.octet for read in header.reads())])
        for test in records[header.otherwise].require:
            if test.bits.octet < first or test.bits.octet + test.bits.octets > header.min_octets:
                raise TableError(
                    f"header {header.name}: {header.otherwise} requires octets {test.bits.octet} to"
                    f" {test.bits.octet + test.bits.octets - 1}, but only {header.min_octets} are sure to be there"
                )


def _check_codes(headers: tuple[Header, ...]) -> None:
    owners: dict[tuple[AnySpace, int], str] = {}
    for header in headers:
        for space, codes in header.codes.items():
            for code in codes:
                owner = owners.setdefault((space, code), header.name)
                if owner != header.name:
                    raise TableError(f"{space_name(space)} {code:#x} is claimed by both {owner} and {header.name}")
