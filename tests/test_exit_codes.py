import pytest

from batchgraph import errors
from batchgraph.exit_codes import EXIT_CODES, FAIL_ON, INPUT_STATUSES, closing_words, exit_code


def manifest(*statuses):
    return {"inputs": [{"status": status, "packets": 10} for status in statuses]}


def test_exit_code__is_0_where_all_inputs_are_ok():
    assert exit_code(manifest("ok", "ok")) == 0


@pytest.mark.parametrize("status", INPUT_STATUSES[1:])
def test_exit_code__is_3_where_one_input_is_not_ok(status):
    assert exit_code(manifest("ok", status)) == 3


@pytest.mark.parametrize("status", INPUT_STATUSES)
def test_exit_code__is_0_where_nothing_is_to_fail_on(status):
    assert exit_code(manifest(status), fail_on="never") == 0


def test_exit_code__takes_an_unsupported_input_for_no_damage():
    assert exit_code(manifest("ok", "unsupported"), fail_on="damaged") == 0


def test_exit_code__takes_a_partial_input_for_damage():
    assert exit_code(manifest("partial"), fail_on="damaged") == 3


def test_exit_code__takes_a_partial_input_for_no_failure():
    assert exit_code(manifest("partial"), fail_on="failed") == 0


def test_fail_on__names_only_statuses_that_there_are():
    assert set().union(*FAIL_ON.values()) <= set(INPUT_STATUSES)


def test_exit_codes__are_in_order_and_unique():
    codes = [declared.code for declared in EXIT_CODES]

    assert codes == sorted(set(codes))


def test_errors__have_exit_codes_that_are_declared():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")]

    assert kinds
    assert {kind.exit_code for kind in kinds} <= {declared.code for declared in EXIT_CODES}


def test_closing_words__count_inputs_by_status_and_packets():
    assert closing_words(manifest("ok", "partial", "ok")) == "inputs=3 ok=2 partial=1 packets=30"


def test_closing_words__say_so_where_nothing_is_ok():
    assert closing_words(manifest("failed")) == "inputs=1 ok=0 failed=1 packets=10"
