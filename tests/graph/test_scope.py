import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.graph.scope import SCOPES, address_scope


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "reserved"),
        ("8.8.8.8", "global"),
        ("10.255.255.255", "private"),
        ("11.0.0.0", "global"),
        ("172.15.255.255", "global"),
        ("172.31.255.255", "private"),
        ("172.32.0.0", "global"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("127.0.0.53", "loopback"),
        ("169.254.1.1", "link-local"),
        ("192.0.2.1", "reserved"),
        ("192.0.0.9", "global"),
        ("224.0.0.251", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("fe80::1", "link-local"),
        ("fd00::1", "private"),
        ("fec0::1", "private"),
        ("ff02::fb", "multicast"),
        ("2001:db8::1", "reserved"),
        ("2001:4860:4860::8888", "global"),
        ("2001:2::1", "reserved"),
        ("2002:c000:204::1", "global"),
        ("64:ff9b::808:808", "global"),
        ("64:ff9b:1::1", "private"),
        ("4000::1", "reserved"),
        ("::ffff:10.0.0.1", "private"),
    ],
)
def test_address_scope__is_that_of_the_registries(address, scope):
    # IANA IPv4 and IPv6 Special-Purpose Address Registries, and IPv6 Address Space.
    assert address_scope(address) == scope


@pytest.mark.parametrize("text", ["", "10.0.0", "host", "10.0.0.1\x00", "fe80::1::", "10.0.0.256"])
def test_address_scope__of_text_that_is_no_address_is_none(text):
    assert address_scope(text) is None


@given(st.ip_addresses())
@settings(deadline=None)
def test_address_scope__agrees_with_python_where_its_releases_agree(address):
    if address.version == 6 and address.ipv4_mapped:
        return
    scope = address_scope(str(address))

    assert scope in SCOPES
    assert (scope == "multicast") == address.is_multicast
    assert (scope == "loopback") == address.is_loopback
    assert (scope == "link-local") == address.is_link_local
    assert (scope == "unspecified") == address.is_unspecified


@given(st.ip_addresses(v=4))
@settings(deadline=None)
def test_address_scope__of_a_mapped_address_is_that_of_the_ipv4_address(address):
    mapped = str(ipaddress.IPv6Address(f"::ffff:{address}"))

    assert address_scope(mapped) == address_scope(str(address))
