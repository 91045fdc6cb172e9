import json
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from batchgraph.cli import app
from batchgraph.difference.finding import Finding
from batchgraph.errors import UsageError
from batchgraph.graph.database import open_database
from batchgraph.render.difference_map import draw_difference
from batchgraph.render.difference_traffic import change_of, load_changed_traffic
from batchgraph.render.figure import plain_settings, save_figure
from batchgraph.render.style import CHANGE_STYLES
from batchgraph.render.traffic import OTHERS
from batchgraph.stages.diff import DiffOptions, compare
from batchgraph.stages.merge import merge
from tests.graph.edge_records import UDP, write_results

A, B, C, D = "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"


def sent(src, dst, count=1):
    return [{**UDP, "src": src, "dst": dst}] * count


BEFORE = [*sent(A, B), *sent(B, A), *sent(A, C), *sent(B, C, 4)]
AFTER = [*sent(A, B), *sent(B, A, 3), *sent(A, D), *sent(B, C)]


@pytest.fixture
def runs(tmp_path):
    for name, rows in (("before", BEFORE), ("after", AFTER)):
        write_results(tmp_path / name, {"a.pcap": rows})
        merge(tmp_path / name)
    return tmp_path / "before", tmp_path / "after"


def loaded(findings, things, **limits):
    """Load what a map of rows ``(run, kind, host, peer, type, port, packets, octets)`` shows."""
    with open_database() as connection:
        connection.execute(
            "CREATE TABLE things (run INTEGER, kind VARCHAR, host VARCHAR, peer VARCHAR, type VARCHAR, port INTEGER,"
            " packets BIGINT, octets BIGINT)"
        )
        connection.executemany("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?, ?)", things)
        return load_changed_traffic(connection, findings, **limits)


def pair(run, src, dst, octets=100):
    return run, "pair", src, dst, "UDP", 0, 1, octets


NO_PAIR = (0, "protocol", "", "", "UDP", 0, 1, 60)


def texts(path):
    return [element.text for element in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def drawn(runs, path, **options):
    compare(*runs, options=DiffOptions(map=path, **options))
    return path


def test_difference_map__tells_what_is_new_gone_grown_and_unchanged(runs, tmp_path):
    words = texts(drawn(runs, tmp_path / "m.svg"))

    assert {"+ UDP", "− UDP", "▲ UDP", "▼ UDP"} <= set(words)
    assert {"+ new (1 pair)", "− gone (1 pair)", "▲ grew (1 pair)", "▼ shrank (1 pair)", "unchanged (1 pair)"} <= set(
        words
    )


def test_difference_map__names_every_host(runs, tmp_path):
    assert {A, B, C, D} <= set(texts(drawn(runs, tmp_path / "m.svg")))


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_difference_map__is_the_same_octets_every_time(runs, tmp_path, suffix):
    first = drawn(runs, tmp_path / f"1.{suffix}").read_bytes()

    assert drawn(runs, tmp_path / f"2.{suffix}").read_bytes() == first


def test_difference_map__shows_what_is_allowed_as_allowed(runs, tmp_path):
    (tmp_path / "allow.toml").write_text(f'addresses = ["{D}"]\n')

    assert "allowed to differ (1 host)" in texts(drawn(runs, tmp_path / "m.svg", allow=tmp_path / "allow.toml"))


def test_difference_map__of_nothing_is_drawn(tmp_path):
    with plain_settings():
        save_figure(draw_difference(loaded([], [NO_PAIR])), {"svg": tmp_path / "m.svg"})

    assert "no packets between hosts in either run" in texts(tmp_path / "m.svg")


def test_difference_map__another_ending_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.svg, \.png, \.pdf"):
        DiffOptions(map=tmp_path / "m.gif")


def test_difference_map__no_two_changes_look_alike_without_colour():
    looks = {(style.line, style.width, style.mark) for style in CHANGE_STYLES.values()}

    assert len(looks) == len(CHANGE_STYLES)


def test_change_of__a_volume_has_grown_or_shrunk():
    volume = Finding("pair", "volume", A, B, "UDP", 0, (1, 100), (1, 300), 200.0)

    assert change_of(volume) == "grew"


def test_load_changed_traffic__folds_what_did_not_change_first():
    things = [pair(run, f"10.1.0.{n}", "10.1.0.99", 10_000) for n in range(50) for run in (0, 1)] + [pair(1, A, B, 60)]
    finding = Finding("pair", "new", A, B, "UDP", 0, (0, 0), (1, 60))

    traffic = loaded([finding], things, top=3)

    assert {A, B} <= {host.name for host in traffic.hosts}
    assert traffic.hosts[-1].name == OTHERS
    assert traffic.n_folded == 50


def test_load_changed_traffic__totals_stay_true_whatever_is_folded():
    things = [pair(run, f"10.1.0.{n}", f"10.1.0.{n * 7 % 40}", n) for n in range(1, 80) for run in (0, 1)[n % 2 :]]

    traffic = loaded([], things, top=9, max_arrows=20)

    assert [sum(arrow.octets[run] for arrow in traffic.arrows) for run in (0, 1)] == [
        sum(row[7] for row in things if row[0] == run) for run in (0, 1)
    ]
    assert len(traffic.arrows) <= 20
    assert sum(arrow.pairs for arrow in traffic.arrows) == sum(traffic.n_pairs.values()) == 79


def test_diff_command__shows_the_map_in_its_markdown(runs, tmp_path):
    page, picture = tmp_path / "out" / "diff.md", tmp_path / "out" / "maps of" / "it.svg"
    CliRunner().invoke(app, ["diff", *map(str, runs), "-q", "-j", "0", "--map", str(picture), "--markdown", str(page)])

    assert "![Map of the differences](maps%20of/it.svg)" in page.read_text()
    assert picture.is_file()


def test_diff_command__writes_nothing_where_the_maps_name_is_wrong(runs, tmp_path):
    result = CliRunner().invoke(
        app, ["diff", *map(str, runs), "--map", str(tmp_path / "m.bmp"), "--json", str(tmp_path / "d.json")]
    )

    assert result.exit_code == 2
    assert not (tmp_path / "d.json").exists()


def test_diff_command__finds_the_same_with_a_map(runs, tmp_path):
    found = []
    for more in ([], ["--map", str(tmp_path / "m.png")]):
        CliRunner().invoke(app, ["diff", *map(str, runs), "-q", "-j", "0", "--json", str(tmp_path / "d.json"), *more])
        found.append(json.loads((tmp_path / "d.json").read_text()))

    assert found[0] == found[1]
