import pytest

from batchgraph.render.facets import draw_facets
from batchgraph.render.figure import plain_settings
from batchgraph.render.host_labels import host_labels
from batchgraph.render.layout import stable_positions
from batchgraph.render.map import draw_map
from batchgraph.render.traffic import Arrow, Host, Traffic

NAME = "h-" + "x" * 61 + "." + "y" * 63 + "." + "z" * 63 + "." + "w" * 61


def named_hosts(n_hosts):
    return tuple(
        Host(f"2001:db8:ffff:aaaa:bbbb:cccc:dddd:{n + 4096:x}", 9, "global", alias=NAME) for n in range(n_hosts)
    )


@pytest.mark.parametrize(("n_hosts", "longest"), [(12, 40), (35, 32), (60, 24)])
def test_host_labels__names_are_shorter_the_more_hosts_there_are(n_hosts, longest):
    labels = host_labels(named_hosts(n_hosts)).values()

    assert {len(label.text.replace("\n", "")) for label in labels} == {longest}


@pytest.mark.parametrize("draw", [draw_map, draw_facets])
@pytest.mark.parametrize("n_hosts", [12, 60])
def test_host_labels__of_the_longest_names_stay_within_their_map(draw, n_hosts):
    hosts = named_hosts(n_hosts)
    arrows = tuple(
        Arrow(host.name, hosts[(7 * n + 3) % n_hosts].name, ("TCP", "UDP")[n % 2], 1, 900)
        for n, host in enumerate(hosts)
    )
    traffic = Traffic(hosts, arrows, n_hosts, 900 * n_hosts, None, None, n_hosts)
    positions = stable_positions([(arrow.src, arrow.dst) for arrow in arrows])
    with plain_settings():
        figure = draw(traffic, positions, capture="a")
        figure.draw_without_rendering()
        outside = [
            text.get_text()
            for axes in figure.axes
            for text in axes.texts
            if "aaaa:bbbb" in text.get_text() or "xxx" in text.get_text()
            for box, room in [(text.get_window_extent(), axes.get_window_extent())]
            if box.x0 < room.x0 - 1 or box.x1 > room.x1 + 1 or box.y0 < room.y0 - 1 or box.y1 > room.y1 + 1
        ]

    assert outside == []
