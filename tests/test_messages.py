import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.errors import OutputError
from batchgraph.messages import escape, json_line, write_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fw1.pcap", "fw1.pcap"),
        ("höst Ω 東京", "höst Ω 東京"),
        ("a\nb", "a\\x0ab"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),  # ECMA-48, 5.4: CSI as one octet
        ("\u202egnp.exe", "\\u202egnp.exe"),  # Unicode Standard Annex 9: right-to-left override
        ("\u2028", "\\u2028"),
        ("\U000e0041", "\\U000e0041"),
        ("a ##[error]b ##vso[task] c ## d", "a #\\x23[error]b #\\x23vso[task] c ## d"),
        ("###[error]", "##\\x23[error]"),
        ("\udcff.pcap", "\\xff.pcap"),  # PEP 383: the octet 0xff in a name that is no UTF-8
    ],
)
def test_escape__escapes_what_does_not_print(text, shown):
    assert escape(text) == shown


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters()))
def test_escape__is_always_printable(text):
    assert escape(text).isprintable()


def test_json_line__says_the_same_without_a_command():
    text = json.dumps({"##[error]": ["####", "#"]})

    assert "##" not in json_line(text)
    assert json.loads(json_line(text)) == json.loads(text)


def test_write_line__is_dropped_where_nobody_reads():
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as stream:
        write_line(stream, "first")
        write_line(stream, "second")

        assert os.fstat(stream.fileno()).st_rdev == os.stat(os.devnull).st_rdev  # noqa: PTH116


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_write_line__is_dropped_where_a_log_is_full():
    with open("/dev/full", "w") as stream:
        write_line(stream, "first")
        write_line(stream, "second")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_write_line__fails_where_the_standard_output_is_full(monkeypatch):
    with open("/dev/full", "w") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        with pytest.raises(OutputError, match="No space left on device"):
            write_line(stream, "what was asked for")
