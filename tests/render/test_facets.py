from xml.etree import ElementTree

from batchgraph.render.facets import draw_facets
from batchgraph.render.figure import plain_settings, save_figure
from batchgraph.render.layout import stable_positions
from tests.render.test_map import ARROWS, traffic


def drawn():
    return draw_facets(traffic(), stable_positions([(a.src, a.dst) for a in ARROWS]), capture="a.pcap")


def circles(axes):
    return [artist for artist in axes.get_children() if type(artist).__name__ == "Circle"]


def test_facets__have_a_map_for_each_protocol(tmp_path):
    with plain_settings():
        save_figure(drawn(), {"svg": tmp_path / "a.svg"})
    words = [e.text for e in ElementTree.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}text")]

    assert {
        "TCP: 18 packets · 5.90 kB · 2 hosts",
        "UDP: 2 packets · 200 B · 2 hosts",
        "ICMP: 1 packet · 98 B · 1 host",
    } <= set(words)


def test_facets__show_a_host_in_the_same_place():
    with plain_settings():
        places = [[circle.center for circle in circles(axes)] for axes in drawn().axes[:3]]

    assert places[0] == places[1] == places[2]


def test_facets__show_hosts_that_a_protocol_does_not_reach_as_small_circles():
    with plain_settings():
        tcp = circles(drawn().axes[0])

    assert sum(circle.radius < 0.1 for circle in tcp) == 1


def test_facets__are_the_same_octets_every_time(tmp_path):
    for name in ("1.svg", "2.svg"):
        with plain_settings():
            save_figure(drawn(), {"svg": tmp_path / name})

    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()
