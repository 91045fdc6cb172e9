"""Addresses as text in bulk: the same as one by one, and as Python writes them."""

import ipaddress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.decode.address_array import address_array
from batchgraph.decode.program import ADDRESS_KINDS
from batchgraph.decode.text import address_text

ADDRESSES = st.sampled_from(ADDRESS_KINDS).flatmap(
    lambda kind: st.tuples(st.just(ADDRESS_KINDS.index(kind) + 1), st.integers(0, 256**kind.value - 1))
)


def texts(addresses):
    kinds = np.array([kind for kind, _ in addresses], np.uint8)
    high = np.array([number >> 64 for _, number in addresses], np.uint64)
    low = np.array([number & 2**64 - 1 for _, number in addresses], np.uint64)
    array = address_array(kinds, high, low)
    array.validate(full=True)
    return array.to_pylist()


@settings(deadline=None)  # the first call compiles
@given(st.lists(ADDRESSES, max_size=20))
def test_addresses__are_written_as_each_by_itself(addresses):
    assert texts(addresses) == [address_text(kind, number) for kind, number in addresses]


@pytest.mark.parametrize("octet", [0, 9, 10, 99, 100, 255])
def test_ipv4__has_no_zeros_in_front(octet):
    number = octet * 0x01010101

    assert texts([(2, number)]) == [str(ipaddress.IPv4Address(number))]


def test_mac__has_two_digits_an_octet():
    assert texts([(1, 0x00090AFF10A0)]) == ["00:09:0a:ff:10:a0"]
