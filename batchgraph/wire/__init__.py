"""What octets mean: one record per protocol, one file per layer.

`HEADERS` holds every record of this package, `registered()` those and what was added from outside by `register`.
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
    check(_merged((*_added, header)))
    _added.append(header)


def registered() -> tuple[Header, ...]:
    """Give the table with what was registered."""
    return _merged(tuple(_added))


def _merged(added: tuple[Header, ...]) -> tuple[Header, ...]:
    """Put added records before the table's, and take the codes that they claim from records that only name."""
    claimed = {(space, code) for header in added for space, codes in header.codes.items() for code in codes}
    named = {header.name for header in names.HEADERS}
    return added + tuple(
        header
        for header in HEADERS
        if header.name not in named
        or not any((space, code) in claimed for space, codes in header.codes.items() for code in codes)
    )


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
    "check",
    "register",
    "registered",
]
