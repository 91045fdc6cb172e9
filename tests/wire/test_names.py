from batchgraph.wire import HEADERS, Space
from batchgraph.wire.names import named


def test_ip_protocols__all_assigned_numbers_are_known():
    # IANA, Assigned Internet Protocol Numbers: 0 to 147 are assigned.
    known = {code for header in HEADERS for code in header.codes.get(Space.IP_PROTOCOL, ())}

    assert set(range(148)) - known == set()


def test_named__one_record_holds_all_numbers_of_a_name():
    (header,) = named("some.space", {1: "X", 5: "X"})

    assert (header.codes, header.type, header.name) == ({"some.space": (1, 5)}, "X", "some.space.1")
