import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchgraph.errors import UsageError
from batchgraph.graph.times import instant_name, instant_text, parse_duration, parse_instant, parse_range


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("60s", 60 * 10**9),
        ("500ms", 5 * 10**8),
        ("1.5h", 5400 * 10**9),
        ("1d", 86400 * 10**9),
        (" 2 min ", 120 * 10**9),
    ],
)
def test_duration__is_read_in_nanoseconds(text, nanoseconds):
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "60", "s", "0s", "-1s", "1 fortnight", "0.5ns", "99999999d", "1e9s"])
def test_duration__that_is_none_is_refused(text):
    with pytest.raises(UsageError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2009-02-13T23:31:30.123456789Z", 1234567890123456789),
        ("1234567890.5", 1234567890500000000),
        ("-1", -(10**9)),
    ],
)
def test_instant__is_read_in_nanoseconds(text, nanoseconds):
    assert parse_instant(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "12:00"])
def test_instant__that_is_none_is_refused(text):
    with pytest.raises(UsageError):
        parse_instant(text)


@given(st.integers(-(2**62), 2**62))
def test_instant__written_is_read_back(nanoseconds):
    assert parse_instant(instant_text(nanoseconds)) == nanoseconds


def test_instant__names_a_file_without_needless_digits():
    assert instant_name(60 * 10**9) == "19700101T000100Z"
    assert instant_name(5 * 10**8) == "19700101T000000.500000000Z"


def test_range__may_be_open_at_either_end():
    assert parse_range("1..2") == (10**9, 2 * 10**9)
    assert parse_range("1..") == (10**9, None)
    assert parse_range("..2") == (None, 2 * 10**9)


@pytest.mark.parametrize("text", ["", "..", "1", "2..1", "1..1"])
def test_range__that_holds_nothing_is_refused(text):
    with pytest.raises(UsageError):
        parse_range(text)
