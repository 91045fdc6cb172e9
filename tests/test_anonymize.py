from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.anonymize import Anonymizer, read_key
from batchgraph.errors import UsageError

# The key and some of the addresses of the sample trace that comes with Crypto-PAn 1.0 (sample_trace_raw.dat and
# sample_trace_sanitized.dat).
KEY = bytes([
    21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
    216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2,
])  # fmt: skip
PUBLISHED = [
    ("128.11.68.132", "135.242.180.132"),
    ("129.118.74.4", "134.136.186.123"),
    ("130.132.252.244", "133.68.164.234"),
    ("141.223.7.43", "141.167.8.160"),
    ("141.233.145.108", "141.129.237.235"),
    ("152.163.225.39", "151.140.114.167"),
    ("156.29.3.236", "147.225.12.42"),
    ("165.247.96.84", "162.9.99.234"),
    ("166.107.77.190", "160.132.178.185"),
    ("192.102.249.13", "252.138.62.131"),
]
ANONYMIZER = Anonymizer(KEY)
NUMBERS = st.integers(0, 2**32 - 1)
LONG_NUMBERS = st.integers(0, 2**128 - 1)


@pytest.mark.parametrize(("address", "renamed"), PUBLISHED)
def test_address__is_renamed_as_published(address, renamed):
    assert ANONYMIZER.address(address) == renamed


def shared_bits(a, b, bits):
    return bits - (int(ip_address(a)) ^ int(ip_address(b))).bit_length()


@settings(deadline=None, max_examples=50)
@given(NUMBERS, NUMBERS)
def test_prefix__of_ipv4_is_kept(a, b):
    before = [str(ip_address(number)) for number in (a, b)]

    assert shared_bits(*before, 32) == shared_bits(*map(ANONYMIZER.address, before), 32)


@settings(deadline=None, max_examples=50)
@given(LONG_NUMBERS, LONG_NUMBERS, st.integers(0, 128))
def test_prefix__of_ipv6_is_kept(a, b, common):
    b = a >> (128 - common) << (128 - common) | b & ((1 << (128 - common)) - 1)
    before = [str(ip_address(number + (1 << 127 if number < 1 << 32 else 0))) for number in (a, b)]

    assert shared_bits(*before, 128) == shared_bits(*map(ANONYMIZER.address, before), 128)


def test_address__of_ipv6_is_written_in_canonical_form():
    renamed = ANONYMIZER.address("2001:db8::1")

    assert renamed == str(ip_address(renamed))


def test_link_layer__stays_of_a_group_and_becomes_local():
    for address, bits in (("00:1b:21:00:00:01", 2), ("33:33:00:00:00:01", 3)):
        assert int(ANONYMIZER.link_layer(address)[:2], 16) & 3 == bits
        assert ANONYMIZER.link_layer(address) != address


def test_link_layer__broadcast_stays():
    assert ANONYMIZER.link_layer("ff:ff:ff:ff:ff:ff") == "ff:ff:ff:ff:ff:ff"


def test_names__depend_on_the_key():
    other = Anonymizer(bytes(32))

    assert other.address("10.0.0.1") != ANONYMIZER.address("10.0.0.1")
    assert other.link_layer("02:00:00:00:00:01") != ANONYMIZER.link_layer("02:00:00:00:00:01")


def test_key__is_not_shown():
    assert "21" not in repr(ANONYMIZER)


@pytest.mark.parametrize("content", [KEY, KEY.hex().encode(), KEY.hex().encode() + b"\n"])
def test_key__is_octets_or_digits(tmp_path, content):
    (tmp_path / "key").write_bytes(content)

    assert read_key(tmp_path / "key") == KEY


@pytest.mark.parametrize("content", [b"", b"secret", KEY[:-1], KEY.hex().encode() + b"00"])
def test_key__that_is_none_is_refused_and_not_said(tmp_path, content):
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(UsageError, match="must be 32 octets"):
        read_key(tmp_path / "key")


def test_key__that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_key(tmp_path / "key")
