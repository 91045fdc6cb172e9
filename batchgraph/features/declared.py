"""Every feature, declared once: name, Arrow type, unit, where it comes from and what it is.

Whatever knows a feature's name or type derives it from here: the files, ``batchgraph show features``, the README.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batchgraph.schema import TEXT, TIMESTAMP, Column


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a table of features.

    Parameters
    ----------
    name
        As it stands in the files.
    type
        Arrow type, as for `batchgraph.schema.Column`.
    unit
        Empty where the type says it.
    source
        What computes it: ``duckdb``, ``rustworkx``, ``networkx``, ``scipy`` or ``labels``.
    definition
        One line for people.
    """

    name: str
    type: str
    unit: str
    source: str
    definition: str

    @property
    def column(self) -> Column:
        """The column in the files."""
        return Column(self.name, self.type, self.definition, self.unit, nullable=self.name not in _NEVER_NULL)


_NEVER_NULL = ("capture", "host", "src", "dst")

TCP_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
"""TCP flags (RFC 9293, section 3.1), from the lowest bit up."""

_QUANTILES = (("q25", "lower quartile"), ("median", "median"), ("q75", "upper quartile"))
_WAYS = (("out", "sent"), ("in", "received"))


def _sums() -> Iterator[Feature]:
    for name, meaning, unit in (
        ("packets", "packets", ""),
        ("octets", "sum of wire_len of packets", "octets"),
        ("load", "sum of load of packets", "octets"),
    ):
        for way, done in _WAYS:
            yield Feature(f"{name}_{way}", "int64", unit, "duckdb", f"{meaning} {done}")


def _entropies() -> Iterator[Feature]:
    for name, what in (
        ("port", "destination ports of packets with ports"),
        ("peer", "hosts at the other end of packets"),
        ("size", "wire_len of packets"),
    ):
        for way, done in _WAYS:
            yield Feature(f"{name}_entropy_{way}", "float64", "bits", "duckdb", f"entropy of the {what} {done}")


def _spread(name: str, what: str, unit: str, *, suffix: str = "") -> Iterator[Feature]:
    yield Feature(f"{name}_mean{suffix}", "float64", unit, "duckdb", f"mean {what}")
    yield Feature(
        f"{name}_deviation{suffix}", "float64", unit, "duckdb", f"standard deviation (of all, n) of the {what}"
    )


def _quantiles(name: str, what: str, unit: str, *, suffix: str = "") -> Iterator[Feature]:
    for short, long in _QUANTILES:
        yield Feature(f"{name}_{short}{suffix}", "float64", unit, "duckdb", f"{long} of the {what}, interpolated")


def _distributions() -> Iterator[Feature]:
    for name, what, unit in (("size", "wire_len of packets", "octets"), ("gap", "time between packets", "seconds")):
        for way, done in _WAYS:
            yield from _spread(name, f"{what} {done}", unit, suffix=f"_{way}")
            yield from _quantiles(name, f"{what} {done}", unit, suffix=f"_{way}")


_BEGINNINGS: tuple[Feature, ...] = (
    Feature("connections_begun", "int64", "", "duckdb",
            "TCP connections begun: pairs of ends to which it sent SYN without ACK, each once in a window"),
    Feature("failed_share", "float64", "", "duckdb",
            "share of connections begun that no SYN with ACK answers anywhere in the capture"),
    *_spread("begin_gap", "time between connections begun", "seconds"),
)  # fmt: skip

HOST_FEATURES: tuple[Feature, ...] = (
    Feature("capture", TEXT, "", "duckdb", "id of the capture"),
    Feature("window", TIMESTAMP, "", "duckdb", "start of the window of time; null where there are no windows"),
    Feature("host", TEXT, "", "duckdb", "network address, src or dst of edge records, those of ARP too"),
    Feature("scope", TEXT, "", "duckdb", "part of the network that the address belongs to"),
    *_sums(),
    Feature("peers", "int64", "", "duckdb", "other hosts that it sent packets to or received them from"),
    Feature("fan_out", "int64", "", "duckdb", "other hosts that it sent packets to"),
    Feature("fan_in", "int64", "", "duckdb", "other hosts that it received packets from"),
    Feature("ports_contacted", "int64", "", "duckdb", "types and ports that it asked others for"),
    Feature("services_contacted", "int64", "", "duckdb", "other hosts' types and ports that it asked for"),
    Feature("ports_asked", "int64", "", "duckdb", "types and ports of its own that were asked for, answered or not"),
    Feature("services_offered", "int64", "", "duckdb",
            "types and ports of its own at which it answered clients, by more than resets"),
    *_entropies(),
    *_distributions(),
    *(Feature(f"{flag.lower()}_share_out", "float64", "", "duckdb", f"share of TCP packets sent that have {flag} set")
      for flag in TCP_FLAGS),
    *_BEGINNINGS,
    Feature("icmp_share", "float64", "", "duckdb", "share of packets sent and received that are ICMP or ICMPv6"),
    Feature("reciprocity", "float64", "", "duckdb",
            "twice the other hosts it exchanged packets with both ways, by fan_out + fan_in"),
    Feature("in_degree", "int64", "", "duckdb", "edges to it in the pair graph"),
    Feature("out_degree", "int64", "", "duckdb", "edges from it in the pair graph"),
    Feature("weighted_in_degree", "int64", "packets", "duckdb", "sum of weights of edges to it in the pair graph"),
    Feature("weighted_out_degree", "int64", "packets", "duckdb", "sum of weights of edges from it in the pair graph"),
    Feature("clustering", "float64", "", "scipy", "share of pairs of its peers that are peers of each other"),
    Feature("core_number", "int64", "", "rustworkx",
            "largest k of a part of the pair graph, without directions, in which all have k peers, and it too"),
    Feature("pagerank", "float64", "", "rustworkx", "PageRank in the pair graph, by weight, damping 0.85"),
    Feature("betweenness", "float64", "", "rustworkx, networkx",
            "share of shortest paths of the pair graph that lead through it, normalized"),
    Feature("closeness", "float64", "", "rustworkx, scipy",
            "closeness by paths to it in the pair graph, as Wasserman and Faust scale it"),
    Feature("eigenvector", "float64", "", "rustworkx", "eigenvector centrality in the pair graph without directions"),
    Feature("centrality", TEXT, "", "duckdb",
            "how betweenness and closeness were found: exact, sampled, or none; the metadata give the reason"),
    Feature("first_seen", TIMESTAMP, "", "duckdb", "time of the first packet sent or received"),
    Feature("last_seen", TIMESTAMP, "", "duckdb", "time of the last packet sent or received"),
    Feature("active_share", "float64", "", "duckdb",
            "share of the seconds since 1970 that the window (else the capture) touches in which it sent or received"),
)  # fmt: skip
"""One row for each capture, window and host (``features/hosts.parquet``), in this order.

Packets are those with both addresses, of the trust that the flows have, and in a window those with a time. The pair
graph has an edge from each host to each other that it sent packets to, with their number as its weight.
"""

PAIR_FEATURES: tuple[Feature, ...] = (
    *HOST_FEATURES[:2],
    Feature("src", TEXT, "", "duckdb", "network address of the sender"),
    Feature("dst", TEXT, "", "duckdb", "network address of the receiver"),
    Feature("packets", "int64", "", "duckdb", "packets"),
    Feature("octets", "int64", "octets", "duckdb", "sum of wire_len"),
    Feature("load", "int64", "octets", "duckdb", "sum of load"),
    Feature("ports", "int64", "", "duckdb", "different types and destination ports"),
    *_spread("size", "wire_len", "octets"),
    *_quantiles("size", "wire_len", "octets"),
    *_spread("gap", "time between packets", "seconds"),
    *_quantiles("gap", "time between packets", "seconds"),
    *_BEGINNINGS,
    Feature("reciprocated", "bool", "", "duckdb", "whether dst sent packets to src in the same window"),
    Feature("first_seen", TIMESTAMP, "", "duckdb", "time of the first packet"),
    Feature("last_seen", TIMESTAMP, "", "duckdb", "time of the last packet"),
)
"""One row for each capture, window and ordered pair of hosts (``features/pairs.parquet``), in this order."""

LABEL = Feature("label", TEXT, "", "labels", "label of the host, from the file of labels; null where it has none")
"""Last column of the hosts where labels are given."""
