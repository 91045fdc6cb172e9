from xml.etree import ElementTree

from batchgraph.render.database import results_database
from batchgraph.render.figure import plain_settings, save_figure
from batchgraph.render.timeline import draw_timeline, load_timeline
from tests.graph.edge_records import UDP, write_results

SECOND = 10**9
ROWS = [
    {**UDP, "time": 0, "wire_len": 100},
    {**UDP, "time": 5 * SECOND, "wire_len": 200},
    {**UDP, "time": 9 * SECOND, "wire_len": 300, "type": "OSPF"},
    {**UDP, "time": None},
    {**UDP, "time": SECOND, "trust": "suspect"},
]


def loaded(folder, rows):
    results = write_results(folder, {"a": rows})
    with results_database(folder) as connection:
        return load_timeline(connection, results.edge_parts("a"), trust=("sound", "repaired"))


def texts(traffic, path):
    with plain_settings():
        save_figure(draw_timeline(traffic, capture="a"), {"svg": path})
    return [element.text for element in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_load_timeline__counts_packets_and_octets_by_protocol(tmp_path):
    traffic = loaded(tmp_path, ROWS)

    assert {label: sum(values) for label, values in traffic.packets.items()} == {"UDP": 2, "other": 1}
    assert {label: sum(values) for label, values in traffic.octets.items()} == {"UDP": 300, "other": 300}


def test_load_timeline__packets_without_a_time_are_told(tmp_path):
    assert loaded(tmp_path, ROWS).untimed == 1


def test_load_timeline__ends_are_in_the_first_and_last_bin(tmp_path):
    traffic = loaded(tmp_path, ROWS)

    assert traffic.packets["UDP"][0] == 1
    assert traffic.packets["other"][-1] == 1


def test_timeline__explains_its_protocols(tmp_path):
    words = texts(loaded(tmp_path, ROWS), tmp_path / "t.svg")

    assert {"UDP (2 packets)", "other (1 packet)"} <= set(words)
    assert any("3 packets · 600 B · 1 packet without a time" in word for word in words)


def test_timeline__counts_packets_far_outside(tmp_path):
    rows = [{**UDP, "time": 10**18 + n * SECOND} for n in range(200)]
    words = texts(loaded(tmp_path, [*rows, {**UDP, "time": 0}]), tmp_path / "t.svg")

    assert any("200 packets · 12.0 kB · 1 packet far outside of this time" in word for word in words)


def test_timeline__of_packets_without_times_says_so(tmp_path):
    assert "no packet has a time stamp" in texts(loaded(tmp_path, [{**UDP, "time": None}]), tmp_path / "t.svg")


def test_timeline__is_the_same_octets_every_time(tmp_path):
    traffic = loaded(tmp_path, ROWS)
    for name in ("1.svg", "2.svg"):
        texts(traffic, tmp_path / name)

    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()
