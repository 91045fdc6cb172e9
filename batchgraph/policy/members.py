"""Which addresses the ends of a policy mean: decided once for every address, as a table of the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network

import duckdb
import pyarrow as pa

from batchgraph.graph.database import BATCH_ROWS
from batchgraph.policy.policy import Ends, Policy
from batchgraph.policy.values import is_network

_SCHEMA = pa.schema([("ends", pa.int32()), ("address", pa.string())])


def all_ends(policy: Policy) -> list[Ends]:
    """List the different ends that rules and segments name; their places are what ``members`` speaks of."""
    named = [ends for rule in policy.rules for ends in (rule.src, rule.dst) if ends]
    return list(dict.fromkeys([*named, *policy.segments.values()]))


def create_members(connection: duckdb.DuckDBPyConnection, ends: Sequence[Ends], names: Mapping[str, str]) -> None:
    """Create a table ``members``: which addresses of ``flows`` (``address``) are in which of `ends` (``ends``).

    Parameters
    ----------
    connection
        With the table ``flows``.
    ends
        As `all_ends` gives them.
    names
        What hosts are called, by address.
    """
    connection.execute("CREATE OR REPLACE TABLE found (ends INTEGER, address VARCHAR)")
    if ends:
        index = _Index(ends)
        writing = connection.cursor()
        addresses = connection.sql("SELECT src AS address FROM flows UNION SELECT dst FROM flows")
        for batch in addresses.to_arrow_reader(BATCH_ROWS):
            pairs = [pair for address in batch["address"].to_pylist() for pair in index.pairs(address, names)]
            columns = zip(*pairs, strict=True) if pairs else ((), ())
            writing.register("batch", pa.Table.from_arrays(list(map(pa.array, columns, _SCHEMA.types)), schema=_SCHEMA))
            writing.execute("INSERT INTO found FROM batch")
            writing.unregister("batch")
    # In order, the rows of one list lie together and a query for it reads no others.
    connection.execute("CREATE OR REPLACE TABLE members AS FROM found ORDER BY ends, address")
    connection.execute("DROP TABLE found")


class _Index:
    """Tells the lists that an address is in, without going through all of them."""

    def __init__(self, ends: Sequence[Ends]) -> None:
        self._wanted = _Side((number, end) for number, one in enumerate(ends) for end in one if not end.startswith("!"))
        self._excluded = _Side((number, end[1:]) for number, one in enumerate(ends) for end in one if end[0] == "!")
        # What only excludes wants all others.
        self._any = {number for number, one in enumerate(ends) if all(end.startswith("!") for end in one)}

    def pairs(self, address: str, names: Mapping[str, str]) -> Iterator[tuple[int, str]]:
        name = names.get(address)
        found = (self._any | self._wanted.lists(address, name)) - self._excluded.lists(address, name)
        return ((number, address) for number in found)


class _Side:
    def __init__(self, ends: Iterable[tuple[int, str]]) -> None:
        self._all: set[int] = set()
        self._globs: dict[str, set[int]] = defaultdict(set)
        self._networks: dict[tuple[int, int], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for number, end in ends:
            if end == "*":
                self._all.add(number)
            elif is_network(end):
                network = ip_network(end)
                shift = network.max_prefixlen - network.prefixlen
                self._networks[network.version, shift][int(network.network_address) >> shift].add(number)
            else:
                self._globs[end.lower()].add(number)

    def lists(self, address: str, name: str | None) -> set[int]:
        found = set(self._all)
        if name is not None:
            for glob, numbers in self._globs.items():
                if fnmatchcase(name.lower(), glob):
                    found |= numbers
        try:
            parsed = ip_address(address)
        except ValueError:  # an address of another sort than IP's, as ARP for other networks has
            return found
        value = int(parsed)
        for (version, shift), networks in self._networks.items():
            if version == parsed.version:
                found |= networks.get(value >> shift, set())
        return found
