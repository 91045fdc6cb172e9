"""What octets mean: one record per protocol, one file per layer.

`HEADERS` holds every record of this package, `table()` those and what was added from outside by `register`.
"""

from batchgraph.wire import capture_headers, link, names, network, transport, tunnel, wireless
from batchgraph.wire.spec import ANY, Address, AddressKind, Bits, Header, Space, TableError, Test, When, check

HEADERS: tuple[Header, ...] = (
    *link.HEADERS,
    *network.HEADERS,
    *transport.HEADERS,
    *tunnel.HEADERS,
    *wireless.HEADERS,
    *capture_headers.HEADERS,
    *names.HEADERS,
)

_added: list[Header] = []


def register(header: Header) -> None:
    """Add a protocol to the table, for every run that begins in this process from now on.

    Parameters
    ----------
    header
        Its name and codes must be new, except that a protocol of which only the name was known may be replaced.

    Raises
    ------
    TableError
        If the record contradicts itself or the table.
    """
    if header in table():
        return  # the very same record is there: a program may register it each time that it runs
    check(_merged((*_added, header)))
    _added.append(header)


def added() -> tuple[Header, ...]:
    """Give what was registered, in order: what workers have to be told."""
    return tuple(_added)


def table(more: tuple[Header, ...] | None = None) -> tuple[Header, ...]:
    """Give the whole table.

    Parameters
    ----------
    more
        Protocols to add to those of this package; None: those that were registered.
    """
    return _merged(added() if more is None else more)


def _merged(more: tuple[Header, ...]) -> tuple[Header, ...]:
    """Put further records behind the table's, and drop the mere names whose codes they claim."""
    claimed = {(space, code) for header in more for space, codes in header.codes.items() for code in codes}
    named = {header.name for header in names.HEADERS}
    kept = (
        header
        for header in HEADERS
        if header.name not in named
        or not any((space, code) in claimed for space, codes in header.codes.items() for code in codes)
    )
    return *kept, *more


__all__ = [
    "ANY",
    "HEADERS",
    "Address",
    "AddressKind",
    "Bits",
    "Header",
    "Space",
    "TableError",
    "Test",
    "When",
    "added",
    "check",
    "register",
    "table",
]
