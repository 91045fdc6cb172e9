import pytest

from batchgraph.wire import HEADERS, Address, AddressKind, Bits, Header, Space, TableError, Test, When, check


def refused(*headers, words):
    with pytest.raises(TableError, match=words):
        check(headers)


def test_table__of_the_package_holds_together():
    check(HEADERS)


def test_bits__mask_is_all_ones_by_default():
    assert Bits(0, 2).whole_mask == 0xFFFF


def test_check__refuses_a_read_beyond_what_is_sure_to_be_there():
    refused(Header("a", min_octets=4, columns={"sport": Bits(3, 2)}), words="reads octets 3 to 4, but only 4")


def test_check__refuses_a_test_beyond_what_is_sure_to_be_there():
    source = When(Bits(0), Test(Bits(8)))
    refused(Header("a", min_octets=4, columns={"vlan": source}), words="reads octets 8 to 8")


def test_check__refuses_an_address_beyond_what_is_sure_to_be_there():
    source = Address(8, AddressKind.IPV6)
    refused(Header("a", min_octets=20, columns={"src": source}), words="reads octets 8 to 23")


def test_check__lets_a_header_look_at_the_one_before_it():
    check((Header("a", length=0, end=Bits(-2, 2)),))


def test_check__refuses_a_name_twice():
    refused(Header("a"), Header("a"), words="declared twice")


def test_check__refuses_a_code_claimed_twice():
    one, two = (Header(name, codes={Space.ETHERTYPE: (0x1234,)}) for name in "ab")
    refused(one, two, words="ETHERTYPE 0x1234 is claimed by both a and b")


def test_check__refuses_an_unknown_successor():
    refused(Header("a", then="b"), words="refers to b")


def test_check__refuses_a_number_longer_than_7_octets():
    refused(Header("a", min_octets=8, columns={"load": Bits(0, 8)}), words="8 octets cannot be read")


def test_check__numbers_that_a_column_cannot_hold_are_refused():
    # The kernel looks labels up by `proto`: 65535 would be read far behind the table of 256.
    mine = Header(name="mine", min_octets=2, columns={"proto": Bits(octet=0, octets=2)})

    refused(mine, words="column proto holds uint8")


def test_check__otherwise_must_be_told_within_the_octets_that_are_there():
    other = Header(name="other", min_octets=40, require=(Test(Bits(octet=39), 1),))
    mine = Header(name="mine", min_octets=1, require=(Test(Bits(octet=0), 1),), otherwise="other")

    refused(other, mine, words="other requires octets 39 to 39, but only 1 are sure")


def test_check__ip_header_without_addresses_is_refused():
    refused(Header(name="mine", network=True), words="fills src and dst")
