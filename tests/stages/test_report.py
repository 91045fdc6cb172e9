import json
import shutil
from pathlib import Path

import pytest

import batchgraph.stages.report
from batchgraph.csv_rows import read_rows
from batchgraph.errors import OutputBusyError, ResultsError, UsageError
from batchgraph.progress import NoProgress
from batchgraph.receipts import forget
from batchgraph.render import maps
from batchgraph.render.figure import new_figure
from batchgraph.results import STATE
from batchgraph.stages.merge import MergeOptions, merge
from batchgraph.stages.report import report
from batchgraph.stages.report_options import ReportOptions
from tests.graph.edge_records import UDP, write_results

TCP = {**UDP, "type": "TCP", "proto": 6, "src": "10.0.0.3", "dport": 80, "tcp_flags": 2}
CAPTURES = {"a": [UDP, {**UDP, "sport": 1, "time": 10**9}, TCP], "b": [UDP], "none": []}
SVG = ReportOptions(formats=("svg",))


@pytest.fixture
def merged(tmp_path):
    write_results(tmp_path, CAPTURES)
    merge(tmp_path)
    return tmp_path


def contents(out, *folders):
    return {path.relative_to(out): path.read_bytes() for folder in folders for path in sorted((out / folder).iterdir())}


def drawn(out):
    return sorted(path.name for path in (out / "maps").iterdir())


def test_report__draws_a_map_of_each_capture_with_packets_and_of_all(merged):
    report(merged, options=SVG)

    assert drawn(merged) == ["a.svg", "b.svg", "combined.svg"]


def test_report__writes_all_tables(merged):
    report(merged, options=SVG)

    assert sorted(path.stem for path in (merged / "tables").iterdir()) == [
        "captures",
        "conversations",
        "hosts",
        "names",
        "protocols",
        "services",
    ]


def test_report__writes_its_options_to_the_manifest(merged):
    report(merged, options=ReportOptions(formats=("svg",), top=9))

    assert json.loads((merged / "run.json").read_text())["options"]["report"] == {
        "formats": ["svg"],
        "before_after": False,
        "layout": "stable",
        "top": 9,
        "facet": None,
        "group": "auto",
    }


def test_report__removes_maps_of_captures_and_formats_that_are_gone(merged):
    (merged / "maps").mkdir()
    (merged / "maps" / "gone.svg").touch()
    (merged / "maps" / "a.pdf").touch()

    report(merged, options=SVG)

    assert drawn(merged) == ["a.svg", "b.svg", "combined.svg"]


def test_report__draws_a_map_of_each_protocol_where_asked_for(merged):
    report(merged, options=ReportOptions(formats=("svg",), facet="type"))

    assert drawn(merged) == ["a.svg", "b.svg", "combined.svg", "types"]
    assert sorted(path.name for path in (merged / "maps" / "types").iterdir()) == ["a.svg", "b.svg", "combined.svg"]


def test_report__removes_further_pictures_that_are_not_asked_for_again(merged):
    report(merged, options=ReportOptions(formats=("svg",), facet="type"))
    (merged / "maps" / "types" / "a.svg").rename(merged / "maps" / "types" / "x.svg")
    report(merged, options=SVG)

    assert drawn(merged) == ["a.svg", "b.svg", "combined.svg"]


def test_report__draws_matrix_and_timeline_of_captures_with_more_hosts_than_a_map_shows(merged):
    report(merged, options=ReportOptions(formats=("svg",), top=1))

    for view in ("matrix", "timeline"):
        assert sorted(path.name for path in (merged / "maps" / view).iterdir()) == ["a.svg", "combined.svg"]


def test_report__labels_hosts_by_their_names(merged, monkeypatch):
    monkeypatch.setattr(maps, "host_names", lambda *_: {"10.0.0.2": "dns <1>"})

    report(merged, options=SVG)

    assert "dns &lt;1&gt;" in (merged / "maps" / "a.svg").read_text()
    assert "10.0.0.2" in (merged / "maps" / "a.svg").read_text()


@pytest.mark.parametrize("group", ["auto", "subnet", "community"])
def test_report__totals_of_maps_are_those_of_the_tables_however_hosts_are_folded(tmp_path, monkeypatch, group):
    shown = []
    monkeypatch.setattr(maps, "draw_map", lambda traffic, *_, **__: shown.append(traffic) or new_figure((1, 1)))
    hosts = [f"10.{n % 3}.{n % 2}.{n}" for n in range(1, 40)]
    rows = [{**UDP, "src": hosts[n], "dst": hosts[n * n % 39], "wire_len": 60 + n} for n in range(39)]
    write_results(tmp_path, {"a": rows, "b": rows[::2]})
    merge(tmp_path)
    report(tmp_path, options=ReportOptions(formats=("svg",), top=5, group=group))
    tables = {row["capture"]: row for row in read_rows(tmp_path / "tables" / "captures.csv")}

    for traffic, capture in zip(shown, ("combined", "a", "b"), strict=True):
        assert traffic.n_folded > 0
        assert sum(arrow.packets for arrow in traffic.arrows) == int(tables[capture]["packets"])
        assert sum(arrow.octets for arrow in traffic.arrows) == int(tables[capture]["octets"])
        assert sum(host.folded or 1 for host in traffic.hosts) == int(tables[capture]["hosts"])


def test_report__gives_the_same_bytes_again(merged):
    formats = ReportOptions(formats=("svg", "png", "pdf"))
    report(merged, options=formats)
    first = contents(merged, "maps", "tables")
    shutil.rmtree(merged / "maps")
    forget(merged)
    report(merged, options=formats)

    assert contents(merged, "maps", "tables") == first


def test_report__gives_the_same_bytes_with_workers(merged, monkeypatch):
    monkeypatch.setattr(batchgraph.stages.report, "_FEW_MAPS", 0)
    report(merged, options=SVG)
    first = contents(merged, "maps", "tables")
    forget(merged)
    report(merged, options=SVG, workers=2)

    assert contents(merged, "maps", "tables") == first


def test_report__draws_the_two_panels_of_every_packet(merged):
    merge(merged, options=MergeOptions(by="packet"))
    report(merged, options=ReportOptions(formats=("svg",), before_after=True, layout="spring"))

    assert "before: 3 edges between 3 hosts, as plain lines" in (merged / "maps" / "a.svg").read_text()


@pytest.mark.parametrize("by", ["flow", "packet", "pair"])
def test_report__draws_the_two_panels_whatever_an_edge_is(merged, by):
    merge(merged, options=MergeOptions(by=by))
    manifest = report(merged, options=ReportOptions(formats=("svg",), before_after=True))

    assert "failed_maps" not in manifest


class _Listening(NoProgress):
    def __init__(self):
        self.problems = []

    def problem(self, message):
        self.problems.append(message)


def _failing(monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("no room")

    monkeypatch.setattr(maps, "draw_map", fail)


def test_report__survives_a_map_that_cannot_be_drawn(merged, monkeypatch):
    _failing(monkeypatch)

    manifest = report(merged, options=SVG)

    assert manifest["failed_maps"][0] == {"capture": "a", "what": "ZeroDivisionError: no room"}
    assert (merged / "tables" / "hosts.csv").exists()


def test_report__tells_of_a_map_that_cannot_be_drawn(merged, monkeypatch):
    _failing(monkeypatch)
    listening = _Listening()

    report(merged, options=SVG, progress=listening)

    assert "the map of a could not be drawn: ZeroDivisionError: no room" in listening.problems


def test_report__removes_the_old_map_of_one_that_fails(merged, monkeypatch):
    report(merged, options=SVG)
    forget(merged)
    _failing(monkeypatch)
    report(merged, options=SVG)

    assert drawn(merged) == []


def test_report__forgets_failures_that_are_mended(merged, monkeypatch):
    with monkeypatch.context() as patch:
        _failing(patch)
        report(merged, options=SVG)

    assert "failed_maps" not in report(merged, options=SVG)


def test_report__wants_merged_results(tmp_path):
    write_results(tmp_path, CAPTURES)

    with pytest.raises(ResultsError, match="batchgraph merge"):
        report(tmp_path)


def test_report__of_captures_without_packets_has_a_map_that_says_so(tmp_path):
    write_results(tmp_path, {"none": []})
    merge(tmp_path)

    report(tmp_path, options=SVG)

    assert "no packets between hosts" in (tmp_path / "maps" / "combined.svg").read_text()


def test_report__same_host_stands_at_the_same_place_in_every_map(tmp_path, monkeypatch):
    places = []
    draw = maps.draw_map

    def listen(traffic, positions, **options):
        places.append(positions)
        return draw(traffic, positions, **options)

    monkeypatch.setattr(maps, "draw_map", listen)
    ring = [{**UDP, "src": f"10.0.0.{n}", "dst": f"10.0.0.{n % 20 + 1}"} for n in range(1, 21)]
    write_results(tmp_path, {"a": ring[:17], "b": ring[3:]})
    merge(tmp_path)
    report(tmp_path, options=SVG)
    combined, a, b = places

    assert a.items() <= combined.items()
    assert b.items() <= combined.items()


@pytest.mark.parametrize(
    "options",
    [{"formats": ("gif",)}, {"formats": ()}, {"layout": "circle"}, {"top": 0}, {"facet": "port"}, {"group": "x"}],
)
def test_report_options__refuse_what_they_do_not_know(options):
    with pytest.raises(UsageError):
        ReportOptions(**options)


def test_report__leaves_no_temporary_file(merged):
    report(merged, options=SVG)

    assert not [path for path in Path(merged).rglob("*") if path.name.startswith(".") and path.name != STATE]


def test_report__into_a_directory_in_use_is_refused(merged):
    lock = merged / STATE / "lock"
    lock.parent.mkdir(exist_ok=True)
    lock.write_text('{"host": "elsewhere", "process": 1, "boot": "b"}')

    with pytest.raises(OutputBusyError, match="process 1 on elsewhere"):
        report(merged, options=SVG)
