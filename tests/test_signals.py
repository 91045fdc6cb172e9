import os
import signal
import subprocess
import sys

import pytest

from batchgraph.signals import Interrupted, interruptible


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal__is_raised_with_its_exit_code(number, code):
    with pytest.raises(Interrupted) as caught, interruptible():
        os.kill(os.getpid(), number)

    assert caught.value.exit_code == code


def test_signal__is_raised_even_where_it_was_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(Interrupted), interruptible():
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt_as_duckdb_tells_it():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        raise RuntimeError("Query interrupted") from None


def test_signal__that_a_library_made_another_error_of_is_raised_all_the_same():
    with pytest.raises(Interrupted) as caught, interruptible():
        interrupt_as_duckdb_tells_it()

    assert caught.value.number == signal.SIGTERM


def test_error__without_a_signal_stays_what_it_is():
    with pytest.raises(KeyError), interruptible():
        raise KeyError


def test_signal__is_caught_as_a_keyboard_interrupt():
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert not issubclass(Interrupted, Exception)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_handlers__are_put_back(number):
    before = signal.getsignal(number)
    with pytest.raises(Interrupted), interruptible():
        os.kill(os.getpid(), number)

    assert signal.getsignal(number) is before


TOLD_WHILE_LOADING = """
import os, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "batchgraph.cli":
            os.kill(os.getpid(), int(sys.argv[1]))

sys.meta_path.insert(0, Finder())
sys.argv[2:] = ["--version"]
from batchgraph.__main__ import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_program__told_to_end_before_it_is_loaded_ends_at_once_with_that_code(number, code):
    command = [sys.executable, "-c", TOLD_WHILE_LOADING, str(int(number))]
    done = subprocess.run(command, capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")
