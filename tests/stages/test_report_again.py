"""Reports that are made again, and what is drawn anew."""

from pathlib import Path

import pytest

from batchgraph.render import page
from batchgraph.stages import map_work
from batchgraph.stages.connections import ConnectionOptions, make_connections
from batchgraph.stages.merge import merge
from batchgraph.stages.report import report
from batchgraph.stages.report_options import ReportOptions
from tests.graph.edge_records import UDP, write_results
from tests.stages.test_report import CAPTURES, SVG
from tests.stages.test_resume import deliverables


@pytest.fixture
def drawn(monkeypatch):
    """Give the names of the maps that were drawn."""
    names = []

    def draw_and_note(task):
        names.append(task.capture)
        return make_map(task)

    make_map = map_work.make_map
    monkeypatch.setattr(map_work, "make_map", draw_and_note)
    return names


@pytest.fixture
def out(tmp_path, drawn):
    write_results(tmp_path, CAPTURES)
    merge(tmp_path)
    report(tmp_path, options=SVG)
    drawn.clear()
    return tmp_path


def test_report__again_draws_and_writes_nothing_and_gives_the_same(out, drawn):
    before = deliverables(out)
    written = (out / "report.html").stat().st_mtime_ns, (out / "tables" / "hosts.csv").stat().st_mtime_ns

    report(out, options=SVG)

    assert drawn == []
    assert ((out / "report.html").stat().st_mtime_ns, (out / "tables" / "hosts.csv").stat().st_mtime_ns) == written
    assert deliverables(out) == before


@pytest.mark.parametrize("name", ["maps/a.svg", "tables/hosts.csv", "report.html"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1])])
def test_report__again_makes_what_was_damaged_anew(out, drawn, name, harm):
    before = deliverables(out)
    harm(out / name)

    report(out, options=SVG)

    assert drawn == [Path(name).stem] * name.startswith("maps/")
    assert deliverables(out) == before


@pytest.mark.parametrize("options", [ReportOptions(("svg",), top=9), ReportOptions(("svg",), layout="spring")])
def test_report__by_other_options_draws_all_again(out, drawn, options):
    report(out, options=options)

    assert sorted(drawn) == ["a", "b", "combined"]


def test_report__of_one_changed_capture_leaves_the_other_maps(out, drawn):
    write_results(out, {**CAPTURES, "b": [UDP, UDP]})
    merge(out)
    report(out, options=SVG)

    assert "b" in drawn
    assert "a" not in drawn


def test_report__of_two_panels_draws_all_again_where_edge_records_changed(tmp_path, drawn):
    panels = ReportOptions(("svg",), before_after=True)
    write_results(tmp_path, CAPTURES)
    merge(tmp_path)
    report(tmp_path, options=panels)
    drawn.clear()
    write_results(tmp_path, {**CAPTURES, "b": [{**UDP, "vlan": 7}]})
    merge(tmp_path)

    report(tmp_path, options=panels)

    assert sorted(drawn) == ["a", "b", "combined"]


def test_report__that_was_interrupted_goes_on_where_it_was(tmp_path, drawn, monkeypatch):
    write_results(tmp_path, CAPTURES)
    merge(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(page, "page_text", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            report(tmp_path, options=SVG)
    drawn.clear()

    report(tmp_path, options=SVG)

    assert drawn == []
    assert (tmp_path / "report.html").exists()


def _interrupt(*_, **__):
    raise KeyboardInterrupt


def test_report__passed_over_removes_maps_that_a_killed_one_left(out):
    (out / "maps" / "a.pdf").touch()

    report(out, options=SVG)

    assert not (out / "maps" / "a.pdf").exists()


def test_report__with_a_failed_map_is_not_taken_for_done(tmp_path, monkeypatch):
    write_results(tmp_path, CAPTURES)
    merge(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(map_work, "make_map", lambda task: map_work.MapResult("no room"))
        report(tmp_path, options=SVG)

    assert "failed_maps" not in report(tmp_path, options=SVG)
    assert (tmp_path / "maps" / "a.svg").exists()


def test_report__is_the_same_whether_there_are_connections_or_not(out):
    before = (out / "report.html").read_bytes()
    make_connections(out, options=ConnectionOptions(udp_timeout="9s"))

    report(out, options=ReportOptions(("svg",), top=9))
    report(out, options=SVG)

    assert (out / "report.html").read_bytes() == before
