import pytest

from batchgraph.render.text import (
    broken_label,
    format_count,
    format_duration,
    format_octets,
    format_share,
    format_span,
    safe_label,
)


def test_safe_label__escapes_control_characters():
    assert safe_label("a\x1b[31m\nb") == "a\\x1b[31m\\x0ab"


def test_safe_label__escapes_bidirectional_overrides():
    # Unicode Standard Annex 9: U+202E reverses what follows.
    assert safe_label("pcap\u202egnp") == "pcap\\u202egnp"


def test_safe_label__leaves_out_the_middle_of_what_is_long():
    label = safe_label("a" * 100 + ".pcap")

    assert len(label) == 64
    assert label.endswith("a.pcap")


def test_broken_label__breaks_a_long_address_after_a_colon():
    assert broken_label("2001:db8:85a3:8d3:1319:8a2e:370:7348") == "2001:db8:85a3:8d3:\n1319:8a2e:370:7348"


def test_broken_label__keeps_what_fits():
    assert broken_label("192.168.100.200") == "192.168.100.200"


def test_broken_label__never_breaks_within_the_gap_of_an_address():
    assert "\n:" not in broken_label("fe80::a00:27ff:fe4e:66a1")


@pytest.mark.parametrize("text", ["x" * 40, "h06-" + "x" * 36, "x" * 30 + ".local", "a-b." * 9 + "x"])
def test_broken_label__has_no_line_much_longer_than_its_width(text):
    lines = broken_label(text).split("\n")

    assert "".join(lines) == text
    assert max(map(len, lines)) <= 26


@pytest.mark.parametrize(
    ("octets", "text"),
    [(0, "0 B"), (999, "999 B"), (1234, "1.23 kB"), (56_789, "56.8 kB"), (999_499, "999 kB"), (999_500, "1.00 MB")],
)
def test_format_octets__has_three_digits(octets, text):
    assert format_octets(octets) == text


def test_format_octets__reaches_the_largest_number_of_64_bits():
    assert format_octets(2**63 - 1) == "9.22 EB"


def test_format_count__has_one_of_one_and_thousands_apart():
    assert [format_count(1, "host"), format_count(1234, "host")] == ["1 host", "1,234 hosts"]


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 ms"),
        (1_500_000, "1.5 ms"),
        (2_500_000_000, "2.5 s"),
        (61 * 10**9, "1 min 1 s"),
        (90_000 * 10**9, "1 d 1 h"),
    ],
)
def test_format_duration__has_two_units_at_most(nanoseconds, text):
    assert format_duration(nanoseconds) == text


def test_format_span__names_the_date_once_within_a_day():
    # 1700000000 is 2023-11-14 22:13:20 UTC.
    assert format_span(1_700_000_000 * 10**9, 1_700_000_060 * 10**9) == "2023-11-14 22:13:20 – 22:14:20 UTC (1 min)"


def test_format_span__says_that_there_are_no_times():
    assert format_span(None, None) == "no time stamps"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "0%"), (0, 9, "0%"), (9, 9, "100%"), (1, 1000, "<1%"), (999, 1000, ">99%"), (1, 3, "33%")],
)
def test_format_share__is_all_or_nothing_only_where_it_is(part, whole, text):
    assert format_share(part, whole) == text
