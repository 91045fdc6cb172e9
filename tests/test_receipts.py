import pytest

from batchgraph import receipts
from batchgraph.errors import OutputError, ResultsError
from batchgraph.receipts import (
    forget,
    forget_all_but,
    has_receipt,
    key_of,
    read_receipt,
    receipt_names,
    result_digest,
    write_receipt,
)
from batchgraph.results import FURTHER, STATE


@pytest.fixture
def done(tmp_path):
    """A directory in which the work `a` is done, by the key `k`, with one file."""
    (tmp_path / "a.csv").write_text("1\n")
    write_receipt(tmp_path, "stage/a", "k", files=[tmp_path / "a.csv"], body={"rows": 1})
    return tmp_path


def test_receipt__gives_its_body_while_nothing_has_changed(done):
    assert read_receipt(done, "stage/a", "k") == {"rows": 1}


def test_receipt__of_another_key_does_not_count(done):
    assert read_receipt(done, "stage/a", "other") is None


def test_receipt__of_a_changed_file_does_not_count(done):
    (done / "a.csv").write_text("2\n")

    assert read_receipt(done, "stage/a", "k") is None


def test_receipt__of_a_missing_file_does_not_count(done):
    (done / "a.csv").unlink()

    assert read_receipt(done, "stage/a", "k") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"key": "k", "files": 1, "body": {}}'])
def test_receipt__that_is_torn_does_not_count(done, text):
    (done / STATE / "receipts" / "stage" / "a.json").write_text(text)

    assert read_receipt(done, "stage/a", "k") is None


def test_receipt__that_is_not_there_does_not_count(tmp_path):
    assert not has_receipt(tmp_path, "stage/a")
    assert read_receipt(tmp_path, "stage/a", "k") is None


def test_forget__leaves_none(done):
    forget(done)

    assert not has_receipt(done, "stage/a")


def test_forget_all_but__leaves_those_that_are_named(done):
    write_receipt(done, "stage/b", "k", files=[], body={})

    forget_all_but(done, "stage", {"b"})

    assert (has_receipt(done, "stage/a"), has_receipt(done, "stage/b")) == (False, True)


def test_key__depends_on_what_it_is_made_of():
    assert key_of(a=1) != key_of(a=2)


def test_key__depends_on_the_code(monkeypatch):
    before = key_of(a=1)
    monkeypatch.setattr(receipts, "code_digest", lambda: "another program")

    assert key_of(a=1) != before


def test_receipt__of_a_file_that_cannot_be_read_is_not_written(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        write_receipt(tmp_path, "stage/a", "k", files=[tmp_path / "missing"], body={})

    assert not has_receipt(tmp_path, "stage/a")


def test_forget__leaves_what_tells_of_further_commands(done):
    write_receipt(done, f"{FURTHER}/views/a", "k", files=[], body={})

    forget(done)

    assert receipt_names(done, FURTHER) == ["views/a"]


def test_result_digest__of_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(ResultsError, match="batchgraph extract"):
        result_digest(tmp_path / "missing")
