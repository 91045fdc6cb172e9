import io
import re

import pytest
from rich.console import Console

from batchgraph.progress import (
    MAX_ALIKE,
    LiveProgress,
    NoProgress,
    PlainProgress,
    QuietProgress,
    open_progress,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def lines():
    return []


@pytest.fixture
def clock():
    return Clock()


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_no_progress__takes_everything_and_says_nothing(capsys):
    progress = NoProgress()
    with progress.stage("extract", 1) as stage:
        stage.advance("a.pcap")
    progress.problem("a.pcap: cut off")

    assert capsys.readouterr() == ("", "")


def test_plain__says_when_a_stage_begins_and_ends(lines, clock):
    with PlainProgress(lines.append, clock=clock).stage("extract", 2) as stage:
        stage.advance("a.pcap")
        stage.advance("b.pcap")
        clock.now += 1.5

    assert lines == ["batchgraph: extract 0/2 begins", "batchgraph: extract 2/2 done in 1.5 s"]


def test_plain__says_where_it_is_after_five_seconds(lines, clock):
    with PlainProgress(lines.append, clock=clock).stage("extract", 3000) as stage:
        for number in range(2000):
            stage.advance(f"{number}.pcap")
        clock.now += 5
        stage.advance("2000.pcap")
        stage.advance("2001.pcap")

    assert lines[1:-1] == ["batchgraph: extract 2,001/3,000 2000.pcap"]


def test_plain__does_not_say_that_a_failed_stage_is_done(lines, clock):
    with pytest.raises(RuntimeError), PlainProgress(lines.append, clock=clock).stage("extract", 2):
        raise RuntimeError

    assert lines == ["batchgraph: extract 0/2 begins"]


def test_plain__escapes_names(lines, clock):
    with PlainProgress(lines.append, clock=clock).stage("extract", 2) as stage:
        clock.now += 10
        stage.advance("a\n\x1b[31mb")

    assert lines[1] == "batchgraph: extract 1/2 a\\x0a\\x1b[31mb"


def test_problem__is_one_line_of_ours(lines):
    QuietProgress(lines.append).problem("a\nb\u202e\udcff.pcap: cut off")

    assert lines == ["batchgraph: a\\x0ab\\u202e\\xff.pcap: cut off"]


def test_problem__of_a_kind_is_printed_twenty_times_and_then_counted(lines):
    progress = QuietProgress(lines.append)
    for number in range(1025):
        progress.problem(f"{number}.pcap: cut off at octet {number:,}")
    progress.close()

    assert len(lines) == MAX_ALIKE + 1
    assert lines[-1] == "batchgraph: and 1,005 more like this: cut off at octet N"


def test_problem__of_another_kind_is_still_printed(lines):
    progress = QuietProgress(lines.append)
    for number in range(1000):
        progress.problem(f"{number}.pcap: cut off")
    progress.problem("x.pcap: unknown format")

    assert lines[-1] == "batchgraph: x.pcap: unknown format"


def test_quiet__does_not_show_stages(lines):
    with QuietProgress(lines.append).stage("extract", 1) as stage:
        stage.advance("a.pcap")

    assert lines == []


def live(width=80):
    stream = Terminal()
    return stream, LiveProgress(Console(file=stream, force_terminal=True, width=width, color_system=None))


def test_live__draws_a_bar_that_stays():
    stream, progress = live()
    with progress.stage("extract", 2) as stage:
        stage.advance("a.pcap", 2)
    progress.close()

    assert re.search("extract .* 2/2 ", stream.getvalue().splitlines()[-2])


def test_live__does_not_take_names_for_markup():
    stream, progress = live()
    with progress.stage("extract", 2) as stage:
        stage.advance("[red]a[/red].pcap")
        progress.problem("[bold]b[/bold].pcap: cut off")
    progress.close()

    assert "batchgraph: [bold]b[/bold].pcap: cut off" in stream.getvalue()


def test_live__fits_80_columns():
    stream, progress = live()
    with progress.stage("extract", 12345) as stage:
        stage.advance("n" * 300 + ".pcap")
        progress._bars.refresh()
        drawn = stream.getvalue().splitlines()[-1]
    progress.close()

    assert "…" in drawn
    assert "0:00:0" in drawn


def test_open_progress__draws_bars_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    with open_progress(Terminal()) as progress:
        assert isinstance(progress, LiveProgress)


def test_open_progress__writes_lines_on_a_dumb_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    with open_progress(Terminal()) as progress:
        assert isinstance(progress, PlainProgress)


def test_open_progress__writes_lines_into_a_log():
    stream = io.StringIO()
    with open_progress(stream) as progress, progress.stage("merge", 1):
        pass

    assert stream.getvalue().startswith("batchgraph: merge 0/1 begins\n")


def test_open_progress__quiet_shows_problems_alone():
    stream = io.StringIO()
    with open_progress(stream, quiet=True) as progress, progress.stage("merge", 1):
        progress.problem("a.pcap: cut off")

    assert stream.getvalue() == "batchgraph: a.pcap: cut off\n"
