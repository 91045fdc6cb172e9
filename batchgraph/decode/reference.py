"""The reference decoder: the columns of the edge records by scapy, packet by packet.

It is the oracle that the tests hold the compiled decoder against, what ``--decoder scapy`` runs, and the fallback for
link types that the protocol table lacks. It knows nothing of the table: where the fields of a header are is scapy's
knowledge, what follows what and what becomes a column is written down here a second time.

Only the modules named ``reference*`` import scapy, whose licence is GPL-2.0-only, and only who asks for them loads it.
"""

from __future__ import annotations

import logging
from typing import Literal

logging.getLogger("scapy").setLevel(logging.ERROR)  # it warns about routes and optional packages while it is imported

from batchgraph.decode import (  # noqa: E402
    reference_links,
    reference_network,
    reference_numbers,
    reference_serial,
    reference_tunnels,
    reference_wireless,
)
from batchgraph.decode.reference_walk import (  # noqa: E402
    COLUMNS,
    MAX_HEADERS,
    Kind,
    Layer,
    StoppedError,
    Walk,
    step,
)

LAYERS: dict[Kind, Layer] = {
    **reference_links.LAYERS,
    **reference_serial.LAYERS,
    **reference_wireless.LAYERS,
    **reference_network.LAYERS,
    **reference_tunnels.LAYERS,
}

LACKS = frozenset(
    {
        *reference_numbers.WITHOUT_LAYER.values(),  # EtherTypes: scapy has no dissector
        *reference_tunnels.PORTS_WITHOUT_LAYER.values(),  # tunnels in UDP: scapy has no dissector
        "gre.cmd",  # Cisco MetaData in GRE: scapy has no dissector
        "ipv6.shim6",  # RFC 5533: scapy has no dissector
    }
)
"""What ``stopped_in`` says, with the status ``unsupported``, of packets that only the table takes any further."""

__all__ = ["COLUMNS", "LACKS", "ReferenceDecoder"]


class ReferenceDecoder:
    """Decodes packets one at a time by scapy.

    Parameters
    ----------
    tunnels
        ``inner``: a row describes the innermost IP header; ``outer``: tunnels are not entered.
    """

    def __init__(self, *, tunnels: Literal["inner", "outer"] = "inner") -> None:
        self._only_outer = tunnels == "outer"

    def knows(self, link_type: int) -> bool:
        """Tell whether packets of a LINKTYPE_ can be decoded.

        Of those that scapy dissects and this decoder does not (Bluetooth, CAN, IEEE 802.15.4, USB), none carries IP as
        it is.
        """
        return link_type in reference_numbers.LINK_TYPES

    def decode(self, octets: bytes, *, link_type: int | None, wire_len: int) -> dict[str, object]:
        """Give the decoded columns of a packet, None where one has no value.

        Parameters
        ----------
        octets
            As captured.
        link_type
            LINKTYPE_ number; None where the capture does not say.
        wire_len
            Octets on the wire; those that were captured are on the wire in any case.
        """
        walk = Walk(octets, wire_len, only_outer=self._only_outer)
        try:
            self._walk(walk, link_type)
        except StoppedError as stopped:
            return walk.finish(stopped.status, stopped.header or walk.name)
        return walk.finish("ok", None)

    def _walk(self, walk: Walk, link_type: int | None) -> None:
        if link_type is None or link_type not in reference_numbers.LINK_TYPES:
            raise StoppedError("unsupported")
        kind: Kind | None = reference_numbers.LINK_TYPES[link_type]
        for _ in range(MAX_HEADERS):
            if kind is None:
                return
            kind = step(walk, kind, LAYERS)
        if kind is not None:
            raise StoppedError("unsupported", LAYERS[kind].name)
