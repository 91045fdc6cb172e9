"""Ids and texts of paths."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchgraph.capture.names import capture_ids, escape, looks_like_capture


def test_capture_ids__safe_name_is_its_own_id():
    assert capture_ids([b"office-1.pcap"]) == ["office-1.pcap"]


def test_capture_ids__changed_name_gets_digits_of_the_hash_of_the_path():
    # printf 'a/x.pcap' | sha256sum
    assert capture_ids([b"a/x.pcap"]) == ["a-x.pcap-10b78ace"]


def test_capture_ids__same_name_in_two_folders_differs():
    assert len(set(capture_ids([b"a/x.pcap", b"b/x.pcap", b"a-x.pcap"]))) == 3


def test_capture_ids__names_that_differ_in_case_alone_differ_in_any_case():
    ids = capture_ids([b"A.pcap", b"a.pcap"])

    assert len({text.casefold() for text in ids}) == 2
    assert capture_ids([b"a.pcap", b"A.pcap"]) == ids[::-1]


@pytest.mark.parametrize("name", [b"combined", b"Combined", b".pcap", b"-rf", b"...", b"", b"\xff", b"a" * 300])
def test_capture_ids__dangerous_names_are_changed(name):
    (text,) = capture_ids([name])

    assert text.encode() != name
    assert text[0] not in ".-"
    assert len(text) <= 80


def test_capture_ids__name_that_another_path_would_get_is_changed():
    taken = capture_ids([b"a/x.pcap"])[0].encode()

    assert len(set(capture_ids([b"a/x.pcap", taken]))) == 2


@settings(deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=120) | st.text("aA/.-", max_size=6).map(str.encode), unique=True))
def test_capture_ids__are_unique_and_safe_for_any_paths(paths):
    ids = capture_ids(paths)

    assert len({text.casefold() for text in ids}) == len(paths)
    for text in ids:
        assert 0 < len(text) <= 80
        assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
        assert text[0] not in ".-"
        assert text.casefold() != "combined"


def test_escape__leaves_printable_ascii_and_escapes_the_rest():
    assert escape(b"a b/\xc3\xa4\n\\x.pcap") == "a b/\\xc3\\xa4\\x0a\\x5cx.pcap"


@pytest.mark.parametrize(
    "name",
    [b"a.pcap", b"a.PCAPNG", b"a.cap", b"a.pcap.gz", b"a.pcapng.zst", b"a.pcap.1", b"a.pcap12", b"a.ntar", b"a.erf.xz"],
)
def test_looks_like_capture__by_suffix(name):
    assert looks_like_capture(name)


@pytest.mark.parametrize("name", [b"a.pcap.zip", b"caps.pcapng.tgz", b"a.pcap.tar.gz", b"a.cap-old.tar"])
def test_looks_like_capture__archives_of_captures(name):
    assert looks_like_capture(name)


@pytest.mark.parametrize("name", [b"a.txt", b"pcap", b"a.caption.zip", b"a.zip", b"a.gz", b"a.capture", b"cap.tar"])
def test_looks_like_capture__not_by_other_names(name):
    assert not looks_like_capture(name)
