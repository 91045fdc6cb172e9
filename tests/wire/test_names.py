from batchgraph.wire import HEADERS, Space
from batchgraph.wire.names import LINK_TYPES, link_type_text, named


def test_ip_protocols__all_assigned_numbers_are_known():
    # IANA, Assigned Internet Protocol Numbers: 0 to 147 are assigned.
    known = {code for header in HEADERS for code in header.codes.get(Space.IP_PROTOCOL, ())}

    assert set(range(148)) - known == set()


def test_named__one_record_holds_all_numbers_of_a_name():
    (header,) = named("some.space", {1: "X", 5: "X"})

    assert (header.codes, header.type, header.name) == ({"some.space": (1, 5)}, "X", "some.space.1")


def test_link_types__named_ones_are_those_that_no_record_decodes():
    decoded = {code for header in HEADERS for code in header.codes.get(Space.LINK_TYPE, ())}

    assert decoded & set(LINK_TYPES) == set()


def test_link_type_text__is_a_number_where_there_is_no_name():
    assert [link_type_text(number) for number in (-1, 209, 9999)] == ["none", "209 (IPMB_LINUX)", "9999"]
