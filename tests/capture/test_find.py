"""Which files are taken, and what they are called."""

import gzip
import os
from pathlib import Path

import pytest

from batchgraph.capture.find import find_captures
from batchgraph.errors import NoCapturesError, UsageError

PCAP = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")


@pytest.fixture
def tree(tmp_path):
    def make(**files: bytes) -> Path:
        for name, octets in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(octets)
        return tmp_path

    return make


def relatives(*inputs) -> list[str]:
    return [found.relative for found in find_captures(inputs).inputs]


def test_find__folder_is_searched_by_content(tree):
    folder = tree(
        **{"a": PCAP, "deep/er/b": gzip.compress(PCAP), "c": gzip.compress(gzip.compress(PCAP)), "d": b"text"}
    )

    found = find_captures([folder])

    assert [capture.relative for capture in found.inputs] == ["a", "c", "deep/er/b"]
    assert found.passed_over == ("d",)


def test_find__folder_in_it_that_cannot_be_read_is_taken_and_not_passed_over(tree, monkeypatch):
    folder = tree(**{"a": PCAP, "closed/b": PCAP})
    real = os.scandir

    def refuse_closed(path):
        if os.fsencode(path).endswith(b"/closed"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse_closed)
    found = find_captures([folder])

    assert [(capture.relative, capture.size) for capture in found.inputs] == [("a", len(PCAP)), ("closed", 0)]
    assert found.passed_over == ()


def test_find__capture_that_is_not_read_is_taken_by_content(tree):
    assert relatives(tree(a=b"GMBU\0\2")) == ["a"]


def test_find__name_of_a_capture_is_enough_in_a_folder(tree):
    assert relatives(tree(**{"a.pcap": b"text", "b.pcap.gz": b"", "c.txt": b"text"})) == ["a.pcap", "b.pcap.gz"]


def test_find__named_file_is_taken_whatever_it_is(tree):
    folder = tree(**{"notes.txt": b"text"})

    assert relatives(folder / "notes.txt") == ["notes.txt"]


def test_find__order_is_that_of_the_octets(tree):
    folder = tree(**{"b.pcap": PCAP, "B.pcap": PCAP, "a/z.pcap": PCAP, "a.pcap": PCAP})

    assert relatives(folder) == ["B.pcap", "a.pcap", "a/z.pcap", "b.pcap"]


def test_find__paths_of_several_inputs_begin_at_what_they_share(tree):
    folder = tree(**{"x/a.pcap": PCAP, "y/b.pcap": PCAP})

    assert relatives(folder / "x", folder / "y" / "b.pcap") == ["x/a.pcap", "y/b.pcap"]


def test_find__file_found_twice_by_the_same_path_is_listed_once(tree):
    folder = tree(**{"a.pcap": PCAP})

    assert relatives(folder, folder / "a.pcap", folder) == ["a.pcap"]


def same_as(folder):
    return {found.relative: found.same_as for found in find_captures([folder]).inputs}


def test_find__file_with_two_names_is_listed_twice_and_known_again(tree):
    folder = tree(**{"a.pcap": PCAP})
    os.link(folder / "a.pcap", folder / "b.pcap")

    assert same_as(folder) == {"a.pcap": "", "b.pcap": "a.pcap"}


def test_find__link_is_the_file_that_it_leads_to(tree):
    folder = tree(**{"x.pcap": PCAP})
    (folder / "a.pcap").symlink_to("x.pcap")

    assert same_as(folder) == {"a.pcap": "", "x.pcap": "a.pcap"}


def test_find__equal_files_are_different_files(tree):
    assert same_as(tree(**{"a.pcap": PCAP, "b.pcap": PCAP})) == {"a.pcap": "", "b.pcap": ""}


def test_find__links_that_lead_nowhere_are_different_files(tree):
    folder = tree(**{"x.pcap": PCAP})
    for name in ("a.pcap", "b.pcap"):
        (folder / name).symlink_to("none")

    assert same_as(folder) == {"a.pcap": "", "b.pcap": "", "x.pcap": ""}


def test_find__link_to_a_file_is_followed_and_one_to_a_folder_is_not(tree):
    folder = tree(**{"in/x/a.pcap": PCAP})
    (folder / "in" / "b.pcap").symlink_to(folder / "in" / "x" / "a.pcap")
    (folder / "in" / "loop.pcap").symlink_to(folder / "in")

    found = find_captures([folder / "in"])

    assert [capture.relative for capture in found.inputs] == ["b.pcap", "x/a.pcap"]
    assert found.passed_over == ("loop.pcap",)


def test_find__pipes_are_passed_over(tree):
    folder = tree(**{"a.pcap": PCAP})
    os.mkfifo(folder / "p.pcap")

    assert find_captures([folder]).passed_over == ("p.pcap",)


def test_find__pattern_is_expanded_where_no_file_has_it_as_name(tree):
    folder = tree(**{"a.pcap": PCAP, "b.pcap": PCAP, "c.txt": PCAP})

    assert relatives(f"{folder}/*.pcap") == ["a.pcap", "b.pcap"]


def test_find__file_with_a_pattern_as_its_name_is_itself(tree):
    folder = tree(**{"[ab].pcap": PCAP, "a.pcap": PCAP})

    assert relatives(folder / "[ab].pcap") == ["[ab].pcap"]


def test_find__name_that_is_no_text_is_escaped_and_can_be_opened(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\n.pcap"
    Path(os.fsdecode(path)).write_bytes(PCAP)
    (capture,) = find_captures([tmp_path]).inputs

    assert capture.relative == "\\xff\\x0a.pcap"
    assert Path(capture.path).read_bytes() == PCAP
    assert capture.size == 24


def test_find__ids_are_unique_over_all_inputs(tree):
    folder = tree(**{"a/x.pcap": PCAP, "b/x.pcap": PCAP, "x.pcap": PCAP})
    ids = [capture.capture for capture in find_captures([folder]).inputs]

    assert len(set(ids)) == 3
    assert ids[-1] == "x.pcap"


def test_find__relative_input_gives_an_absolute_path(tree, monkeypatch):
    monkeypatch.chdir(tree(**{"a.pcap": PCAP}))
    (capture,) = find_captures(["a.pcap"]).inputs

    assert Path(capture.path).is_absolute()


def test_find__input_that_does_not_exist_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        find_captures([tmp_path / "none.pcap"])


@pytest.mark.parametrize("given", ["", "/*.pcap"])
def test_find__nothing_to_read_is_an_error(tree, given):
    folder = tree(**{"notes.txt": b"text"})

    with pytest.raises(NoCapturesError, match="no captures found"):
        find_captures([f"{folder}{given}"])
