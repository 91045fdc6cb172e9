import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.graph.values import edge_ids, escape, graph_values, iso_times, unescape


def times(*values):
    return pa.array(values, pa.int64()).view(pa.timestamp("ns", tz="UTC"))


@given(st.text())
@settings(deadline=None)
def test_escape__can_be_undone(text):
    assert unescape(escape(text)) == text


@given(st.text(), st.text())
@settings(deadline=None)
def test_escape__is_the_same_for_no_two_texts(one, other):
    assert (escape(one) == escape(other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("fe80::1", "fe80::1"),
        ("a\x00b", r"a\x00b"),
        ("C:\\", r"C:\x5c"),
        # UTF-8 of U+FFFF, which XML 1.0 (production 2) forbids.
        ("\uffff", r"\xef\xbf\xbf"),
        ("é", "é"),
    ],
)
def test_escape__writes_octets_in_hexadecimal(text, escaped):
    assert escape(text) == escaped


def test_iso_times__keep_every_nanosecond():
    # The epoch second 1234567890 is 2009-02-13 23:31:30 UTC.
    assert iso_times(times(1234567890123456789)).to_pylist() == ["2009-02-13T23:31:30.123456789Z"]


def test_iso_times__before_1970_are_written_too():
    assert iso_times(times(-1)).to_pylist() == ["1969-12-31T23:59:59.999999999Z"]


def test_iso_times__reach_the_ends_of_64_bits():
    ends = iso_times(times(-(2**63) + 1, 2**63 - 1)).to_pylist()

    assert ends == ["1677-09-21T00:12:43.145224193Z", "2262-04-11T23:47:16.854775807Z"]


def test_iso_times__missing_ones_stay_missing():
    assert iso_times(times(None, 0)).to_pylist() == [None, "1970-01-01T00:00:00.000000000Z"]


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
def test_graph_values__escape_text_plain_or_dictionary(kind):
    column = pa.array(["a\tb", None, "c"], pa.string()).cast(kind)

    assert graph_values(column).to_pylist() == [r"a\x09b", None, "c"]


def test_graph_values__leave_integers_alone():
    column = pa.array([2**53 + 1, None], pa.int64())

    assert graph_values(column) is column


def test_edge_ids__go_on_from_the_number_given():
    assert edge_ids(7, 3).to_pylist() == ["e7", "e8", "e9"]
