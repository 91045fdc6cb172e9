from xml.etree import ElementTree

import pytest

from batchgraph.render.before_after import draw_before_after
from batchgraph.render.figure import plain_settings, save_figure
from batchgraph.render.layout import stable_positions
from batchgraph.render.map import draw_map
from batchgraph.render.sizes import arrow_scale, host_radii
from batchgraph.render.title import subtitle_lines
from batchgraph.render.traffic import OTHERS, Arrow, Host, Traffic

ARROWS = (
    Arrow("10.0.0.1", "10.0.0.2", "TCP", 10, 5000),
    Arrow("10.0.0.2", "10.0.0.1", "TCP", 8, 900),
    Arrow("10.0.0.1", "224.0.0.251", "UDP", 2, 200),
    Arrow("10.0.0.1", "10.0.0.1", "ICMP", 1, 98),
)
HOSTS = (
    Host("10.0.0.1", 6198, "private"),
    Host("10.0.0.2", 5900, "private"),
    Host("224.0.0.251", 200, "multicast"),
)


def traffic(arrows=ARROWS, hosts=HOSTS, n_hosts=3):
    return Traffic(
        hosts=hosts,
        arrows=arrows,
        packets=sum(arrow.packets for arrow in arrows),
        octets=sum(arrow.octets for arrow in arrows),
        first=1_700_000_000 * 10**9,
        last=1_700_000_001 * 10**9,
        n_hosts=n_hosts,
    )


def drawn(shown, capture="a.pcap"):
    return draw_map(shown, stable_positions([(a.src, a.dst) for a in shown.arrows]), capture=capture)


def saved(folder, suffix, shown, capture="a.pcap"):
    path = folder / f"map.{suffix}"
    with plain_settings():
        save_figure(drawn(shown, capture), {suffix: path})
    return path


def texts(svg):
    return [element.text for element in ElementTree.parse(svg).iter("{http://www.w3.org/2000/svg}text")]


def artists(figure, kind):
    return [artist for artist in figure.axes[0].get_children() if type(artist).__name__ == kind]


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_map__is_the_same_octets_every_time(tmp_path, suffix):
    first = saved(tmp_path, suffix, traffic()).read_bytes()

    assert saved(tmp_path, suffix, traffic()).read_bytes() == first


def test_map__does_not_depend_on_the_users_settings(tmp_path):
    import matplotlib as mpl

    first = saved(tmp_path, "svg", traffic()).read_bytes()
    with mpl.rc_context({"lines.linewidth": 7, "font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        second = saved(tmp_path, "svg", traffic()).read_bytes()

    assert second == first


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF-"), ("svg", b"<?xml")])
def test_map__is_of_the_format_asked_for(tmp_path, suffix, magic):
    assert saved(tmp_path, suffix, traffic()).read_bytes().startswith(magic)


def test_map__draws_every_arrow_and_every_host():
    with plain_settings():
        figure = drawn(traffic())

    assert len(artists(figure, "FancyArrowPatch")) == 4
    assert len(artists(figure, "Circle")) == 3


def test_map__names_every_host(tmp_path):
    assert {host.name for host in HOSTS} <= set(texts(saved(tmp_path, "svg", traffic())))


def test_map__explains_the_protocols_and_scopes_that_occur(tmp_path):
    words = texts(saved(tmp_path, "svg", traffic()))

    assert {"TCP (18 packets)", "UDP (2 packets)", "ICMP (1 packet)", "private", "multicast"} <= set(words)
    assert not any("SCTP" in word or word == "broadcast" for word in words)


def test_map__takes_a_dollar_sign_for_a_dollar_sign(tmp_path):
    assert "$x^2$ $" in texts(saved(tmp_path, "svg", traffic(), capture="$x^2$ $"))


def test_map__title_cannot_hold_markup_or_control_characters(tmp_path):
    path = saved(tmp_path, "svg", traffic(), capture="<script>\x00</script>")

    assert b"<script" not in path.read_bytes()
    assert "<script>\\x00</script>" in texts(path)


def test_map__of_no_traffic_is_drawn(tmp_path):
    empty = Traffic((), (), 0, 0, None, None, 0)

    assert "no packets between hosts" in " ".join(texts(saved(tmp_path, "svg", empty)))


def test_map__of_crowded_hosts_in_one_place_is_drawn(tmp_path):
    shown = traffic()
    with plain_settings():
        figure = draw_map(shown, {host.name: (3.0, 3.0) for host in HOSTS}, capture="a")
        save_figure(figure, {"svg": tmp_path / "a.svg"})

    assert (tmp_path / "a.svg").stat().st_size > 1000


def test_host_radii__area_grows_with_traffic():
    radii = host_radii(HOSTS)

    assert radii["10.0.0.1"] > radii["10.0.0.2"] > radii["224.0.0.251"]


def test_arrow_scale__width_grows_with_volume():
    scale = arrow_scale(ARROWS, n_hosts=3)

    assert scale(98) < scale(900) < scale(5000)


def test_arrow_scale__what_is_nearly_equal_looks_so():
    scale = arrow_scale((Arrow("a", "b", "TCP", 1, 100), Arrow("b", "a", "TCP", 1, 110)), n_hosts=2)

    assert scale(110) < 1.1 * scale(100)


def test_subtitle__says_what_was_folded():
    folded = traffic(hosts=(*HOSTS, Host(OTHERS, 5, folded=250)), n_hosts=253)

    assert subtitle_lines(folded) == [
        "2023-11-14 22:13:20 – 22:13:21 UTC (1 s) · 21 packets · 6.20 kB · 253 hosts",
        "3 hosts with the most octets shown, 250 hosts folded into “others”; all packets are counted",
    ]


def test_subtitle__says_what_was_stretched():
    assert "stretched 2 × 3 times" in subtitle_lines(traffic(), enlarged=(2.0, 3.0))[1]


def test_before_after__draws_lines_on_the_left_and_arrows_on_the_right():
    edges = [Arrow("10.0.0.1", "10.0.0.2", "TCP", 1, octets) for octets in (60, 60, 1500)]
    with plain_settings():
        figure = draw_before_after(
            traffic(), edges, stable_positions([("10.0.0.1", "10.0.0.2")]), capture="a", n_edges=3
        )
    before, after = figure.axes[:2]

    assert len(before.collections[0].get_segments()) == 3
    assert sum(type(artist).__name__ == "FancyArrowPatch" for artist in after.get_children()) == 3


def test_before_after__says_how_many_edges_were_left_out(tmp_path):
    edges = [Arrow("10.0.0.1", "10.0.0.2", "TCP", 1, 60)]
    with plain_settings():
        figure = draw_before_after(
            traffic(), edges, stable_positions([("10.0.0.1", "10.0.0.2")]), capture="a", n_edges=5000
        )
        save_figure(figure, {"svg": tmp_path / "a.svg"})

    assert "before: 1 of 5,000 edges between 2 of 3 hosts, as plain lines" in texts(tmp_path / "a.svg")
