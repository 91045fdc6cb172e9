"""Random protocol tables: whatever record `batchgraph.wire.spec.check` lets pass, kernels must stay within packets."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import TypeVar

from batchgraph.decode.program import ADDRESS_SLOTS, SLOTS
from batchgraph.wire.spec import ANY, Address, AddressKind, AnySpace, Bits, Header, Space, TableError, Test, When, check
from tests.decode.frames import Frame
from tests.fuzz import guarded
from tests.fuzz.frame_cases import FrameCheck
from tests.fuzz.guarded import PAGE

T = TypeVar("T")

N_FRAMES = 100
LINK_TYPES = range(60_000, 60_004)
_SPACES: tuple[AnySpace, ...] = ("one", "two", Space.UDP_PORT)
_NUMBERS = tuple(name for name in SLOTS[len(ADDRESS_SLOTS) :] if name not in ("tunnel", "type", "stopped_in", "load"))
_COLUMNS = (*_NUMBERS, "proto", "proto", *(name for name in ADDRESS_SLOTS if not name.startswith("outer")))
_OCTETS = (0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 16, 20, 0x45, 0x60, 0x7F, 0x80, 0xFF)


def headers(rng: random.Random) -> tuple[Header, ...]:
    """Give a table that passes the check; most records that are drawn do not, and are drawn again."""
    names = [f"header{number}" for number in range(rng.randrange(1, 7))]
    made: tuple[Header, ...] = ()
    for name in names:
        made = (*made, _until_it_passes(lambda name=name, made=made: _header(rng, name, made), made))  # type: ignore[misc]
    return made


def _until_it_passes(draw: Callable[[], Header], made: tuple[Header, ...]) -> Header:
    while True:
        header = draw()
        try:
            check((*made, header))
        except TableError:
            continue
        return header


def _header(rng: random.Random, name: str, made: tuple[Header, ...]) -> Header:
    least = rng.choice((0, 1, 2, 4, 8, 20))
    others = [*(header.name for header in made), name]

    def some(most: int, draw: Callable[[], T]) -> tuple[T, ...]:
        return tuple(draw() for _ in range(rng.randrange(most + 1)))

    def bits() -> Bits:
        return _bits(rng, least)

    def test() -> Test:
        return Test(Bits(rng.randrange(-2, max(least, 1))), rng.choice((None, 0, 1, 2)))

    def draw_column() -> str:
        return rng.choice(_COLUMNS)

    columns = {"src": Address(0, AddressKind.IPV4), "dst": Address(4, AddressKind.IPV4)} if rng.random() < 0.4 else {}
    codes = {space: tuple(rng.sample((*range(8), ANY), rng.randrange(4))) for space in _SPACES}
    return Header(
        name=name,
        codes={**codes, Space.LINK_TYPE: tuple(rng.sample(LINK_TYPES, rng.randrange(1, 3)))} if not made else codes,
        min_octets=least,
        length=rng.choice((None, 0, least + 3, bits(), (bits(), bits()))),
        align=rng.choice((1, 1, 2, 4, 8)),
        end=rng.choice((None, bits())),
        next=some(2, bits),
        next_space=rng.choice(_SPACES),
        open_ended=rng.random() < 0.5,
        then=rng.choice((None, None, *others)),
        require=some(1, test),
        confirm=some(1, test),
        otherwise=rng.choice((None, *others)),
        stop=some(1, bits),
        columns={**columns, **{column: _column(rng, column, bits, test) for column in some(4, draw_column)}},
        type=rng.choice((None, "A", "B")) if made else "A",
        tunnel=rng.choice((None, None, "t", "u")),
        network=bool(columns),
        extension=rng.random() < 0.2,
        transport=rng.random() < 0.3,
    )


def _bits(rng: random.Random, least: int) -> Bits:
    """Give a number, now and then outside of the header, which the check should refuse."""
    octets = rng.choice((1, 1, 1, 2, 2, 4, 7))
    return Bits(
        octet=rng.randrange(-3, max(least - octets, 0) + 1),
        octets=octets,
        mask=rng.choice((None, 7, 0x0F, 0xF0)),
        shift=rng.choice((0, 0, 4)),
        scale=rng.choice((1, 1, 4, 1 << 20)),
        bias=rng.choice((0, 0, 8, -8)),
        little=rng.random() < 0.2,
    )


def _column(
    rng: random.Random, column: str, bits: Callable[[], Bits], test: Callable[[], Test]
) -> Bits | Address | When:
    kind = rng.choice(tuple(AddressKind))
    value = Address(rng.randrange(-2, 12), kind) if column in ADDRESS_SLOTS else bits()
    return When(value, test()) if rng.random() < 0.3 else value


def frames(rng: random.Random, n_frames: int) -> list[Frame]:
    """Give frames of octets such as stand in headers."""
    made = []
    for _ in range(n_frames):
        octets = bytes(rng.choice(_OCTETS) for _ in range(rng.choice((0, 1, 4, 20, 60))))
        made.append(Frame(octets, rng.choice(LINK_TYPES), len(octets) + rng.choice((0, 0, 5, 2**32 - 100))))
    return made


def case(seed: int, number: int) -> tuple[tuple[Header, ...], list[Frame]]:
    """Give a table and frames; the seed and the number decide everything."""
    rng = random.Random(f"tables/{seed}/{number}")
    return headers(rng), frames(rng, N_FRAMES)


class TableCheck:
    """Decodes the frames of cases by their tables, as `FrameCheck` does by the package's own."""

    def __init__(self) -> None:
        self._slots = guarded.Slots(N_FRAMES, PAGE)
        self._digest = hashlib.sha256()
        self.longest = 0.0
        self.seen: dict[str, set[int]] = {name: set() for name in ("stopped_in", "type", "tunnel")}

    @property
    def digest(self) -> str:
        """Of all rows so far: equal where compiled code and its source do the same."""
        return self._digest.hexdigest()[:16]

    def check(self, given: tuple[tuple[Header, ...], list[Frame]], number: int) -> list[str]:
        """Decode a case; give complaints."""
        one = FrameCheck(given[0], slots=self._slots)
        found = one.check(given[1], number)
        self._digest.update(one.digest.encode())
        self.longest = max(self.longest, one.longest)
        for name, seen in self.seen.items():
            seen.update(one.seen[name])
        return found
