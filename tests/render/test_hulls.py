from batchgraph.render.hulls import network_hulls
from batchgraph.render.layout import CANVAS
from batchgraph.render.traffic import Host

OFFICE = {"10.0.0.1": (2.0, 2.0), "10.0.0.2": (3.0, 2.0), "10.0.0.3": (2.5, 3.0)}
FAR = {"8.8.8.8": (9.0, 6.0)}


def hulls(positions, scope=None):
    hosts = [Host(name, 100, scope or ("global" if name.startswith("8.") else "private")) for name in positions]
    return network_hulls(hosts, positions, dict.fromkeys(positions, 0.2), canvas=CANVAS)


def test_network_hulls__hold_the_hosts_of_a_network():
    (hull,) = hulls({**OFFICE, **FAR})

    assert (hull.network, hull.scope) == ("10.0.0.0/24", "private")
    assert min(x for x, _ in hull.corners) < 1.8
    assert max(y for _, y in hull.corners) > 3.2


def test_network_hulls__of_ipv6_share_64_bits():
    (hull,) = hulls({"fd00::1": (2.0, 2.0), "fd00::2:1": (3.0, 2.0), **FAR})

    assert hull.network == "fd00::/64"


def test_network_hulls__none_has_another_networks_host_in_it():
    assert not hulls({**OFFICE, "8.8.8.8": (2.5, 2.3)})


def test_network_hulls__none_has_all_hosts_in_it():
    assert not hulls(OFFICE)


def test_network_hulls__no_two_touch():
    crossing = {"10.0.1.1": (1.0, 2.5), "10.0.1.2": (4.0, 2.5)}

    assert [hull.network for hull in hulls({**OFFICE, **crossing})] == ["10.0.0.0/24"]


def test_network_hulls__multicast_groups_have_none():
    assert not hulls({"224.0.0.1": (2.0, 2.0), "224.0.0.2": (3.0, 2.0)}, scope="multicast")


def test_network_hulls__what_covers_most_of_the_map_has_none():
    assert not hulls({"10.0.0.1": (1.0, 1.0), "10.0.0.2": (10.0, 1.0), "10.0.0.3": (1.0, 6.5), "8.8.8.8": (10.0, 6.5)})


def test_hull_names__stand_where_they_cover_no_circle_and_no_name():
    from batchgraph.render.figure import new_figure
    from batchgraph.render.hulls import draw_hull_names
    from batchgraph.render.labels import scene_of

    positions = {**OFFICE, **FAR, "10.0.9.9": (2.5, 3.5)}
    scene = scene_of(positions, dict.fromkeys(positions, 0.2), ways=[], canvas=CANVAS)
    name = (1.2, 3.2, 2.2, 3.4)
    ((left, bottom, right, top),) = draw_hull_names(
        new_figure((1, 1)).add_axes((0, 0, 1, 1)), hulls({**OFFICE, **FAR}), scene=scene, taken=[name]
    )

    assert right <= name[0] or left >= name[2] or top <= name[1] or bottom >= name[3]
    for x, y in positions.values():
        assert max(left - x, x - right, 0) ** 2 + max(bottom - y, y - top, 0) ** 2 >= 0.2**2
