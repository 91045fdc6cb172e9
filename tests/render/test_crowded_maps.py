"""What a person has to read on crowded maps: whole arcs, names beside each other, heads of arrows in sight."""

import itertools
import random
from dataclasses import dataclass
from functools import cache

import pytest

from batchgraph.render.arcs import bent_arcs, bent_loops
from batchgraph.render.figure import canvas_axes, new_figure, plain_settings
from batchgraph.render.host_labels import host_labels
from batchgraph.render.labels import placed_labels
from batchgraph.render.layout import CANVAS, stable_positions
from batchgraph.render.map import draw_arrows
from batchgraph.render.sizes import arrow_scale, host_radii
from batchgraph.render.traffic import Arrow, Host

FONT_SIZE = 7.0


@dataclass(frozen=True)
class Drawn:
    arcs: list
    loops: list
    labels: list
    positions: dict
    radii: dict
    outlines: list


def star():
    hub = "192.168.100.254"
    ends = [f"192.168.100.{n}" for n in range(1, 60)]
    return [arrow for end in ends for arrow in (Arrow(hub, end, "TCP", 1, 9000), Arrow(end, hub, "TCP", 1, 800))]


def two_subnets():
    draw = random.Random(5)
    one, two = ([f"10.0.{net}.{n}" for n in range(1, 29)] for net in (1, 2))
    within = [tuple(draw.sample(net, 2)) for net in (one, two) for _ in range(60)]
    across = [(draw.choice(one), draw.choice(two)) for _ in range(20)]
    return [Arrow(src, dst, draw.choice(["TCP", "UDP"]), 1, draw.randint(60, 90_000)) for src, dst in within + across]


def mesh():
    draw = random.Random(7)
    names = [f"172.16.{n}.{n + 100}" for n in range(60)]
    ends = [tuple(draw.sample(names, 2)) for _ in range(390)] + [(name, name) for name in names[:10]]
    return [Arrow(src, dst, draw.choice(["TCP", "UDP", "ICMP"]), 1, draw.randint(60, 90_000)) for src, dst in ends]


NETWORKS = {made.__name__: made for made in (star, two_subnets, mesh)}


@cache
def drawn(network):
    arrows = NETWORKS[network]()
    octets = dict.fromkeys(sorted({end for arrow in arrows for end in (arrow.src, arrow.dst)}), 0)
    for arrow in arrows:
        octets[arrow.src] += arrow.octets
        octets[arrow.dst] += arrow.octets
    hosts = [Host(name, octets[name], "private") for name in sorted(octets, key=lambda name: (-octets[name], name))]
    positions, radii = stable_positions([(arrow.src, arrow.dst) for arrow in arrows]), host_radii(hosts)
    arcs, loops = bent_arcs(arrows, positions, radii), bent_loops(arrows, positions, radii)
    outlines = drawn_arrows(arrows, hosts, positions, radii)
    ways = [arc.points for arc in (*arcs, *loops)]
    labels = placed_labels(
        host_labels(hosts), positions=positions, radii=radii, ways=ways, font_size=FONT_SIZE, canvas=CANVAS
    )
    return Drawn(arcs, loops, labels, positions, radii, outlines)


def drawn_arrows(arrows, hosts, positions, radii):
    with plain_settings():
        axes = canvas_axes(new_figure(CANVAS), left=0, bottom=0)
        draw_arrows(axes, arrows, positions, radii, scale=arrow_scale(arrows, n_hosts=len(hosts)))
        return [patch.get_path().get_extents().get_points() for patch in axes.patches]


def is_inside(point, box):
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


@pytest.fixture(params=NETWORKS)
def network(request):
    return drawn(request.param)


def test_crowded__arcs_stay_on_the_canvas(network):
    for arc in (*network.arcs, *network.loops):
        assert (arc.points >= 0).all()
        assert (arc.points <= CANVAS).all()


def test_crowded__arrows_stay_on_the_canvas_in_their_width(network):
    assert len(network.outlines) == len(network.arcs) + len(network.loops)
    for outline in network.outlines:
        assert (outline >= 0).all()
        assert (outline <= CANVAS).all()


def test_crowded__names_do_not_cover_each_other(network):
    for one, other in itertools.combinations([label.box for label in network.labels], 2):
        assert min(one[2], other[2]) <= max(one[0], other[0]) or min(one[3], other[3]) <= max(one[1], other[1])


def test_crowded__names_cover_no_circle_of_another_host(network):
    for label in network.labels:
        for name, (x, y) in network.positions.items():
            if name != label.name:
                left, bottom, right, top = label.box
                gap = max(left - x, x - right, 0) ** 2 + max(bottom - y, y - top, 0) ** 2
                assert gap >= network.radii[name] ** 2


def test_crowded__names_stay_on_the_canvas(network):
    for left, bottom, right, top in (label.box for label in network.labels):
        assert min(left, bottom) >= -0.01
        assert right <= CANVAS[0] + 0.01
        assert top <= CANVAS[1] + 0.01


def test_crowded__names_cover_no_heads_of_arrows(network):
    covered = [arc for arc in network.arcs if any(is_inside(arc.end, label.box) for label in network.labels)]

    assert covered == []
