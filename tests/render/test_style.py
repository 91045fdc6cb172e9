from batchgraph.graph.scope import SCOPES
from batchgraph.render.style import (
    OTHER_STYLE,
    OTHER_TYPES,
    TYPE_STYLES,
    mixed,
    scope_label,
    scope_style,
    type_label,
    type_style,
)


def grey(colour):
    # Rec. 601: how a picture is turned to grey.
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_type_style__has_the_articles_colours():
    red, green, blue = (
        [int(TYPE_STYLES[name].colour[i : i + 2], 16) for i in (1, 3, 5)] for name in ("ICMP", "TCP", "UDP")
    )

    assert [red.index(max(red)), green.index(max(green)), blue.index(max(blue))] == [0, 1, 2]


def test_type_style__no_two_look_alike():
    looks = [(style.fill, style.outline, style.line) for style in (*TYPE_STYLES.values(), OTHER_STYLE)]

    assert len(set(looks)) == len(looks)


def test_type_style__tcp_udp_and_icmp_differ_in_grey():
    looks = {
        (round(grey(TYPE_STYLES[n].fill) / 40), round(grey(TYPE_STYLES[n].outline) / 40))
        for n in ("TCP", "UDP", "ICMP")
    }

    assert len(looks) == 3


def test_type_label__gathers_protocols_without_a_look():
    assert [type_label("TCP"), type_label("OSPF"), type_label(None)] == ["TCP", OTHER_TYPES, OTHER_TYPES]


def test_type_style__of_the_gathered_is_the_other_one():
    assert type_style(OTHER_TYPES) is OTHER_STYLE


def test_scope_style__tells_private_global_multicast_and_broadcast_apart():
    names = ("private", "global", "multicast", "broadcast")

    assert set(names) <= set(SCOPES)
    assert len({scope_style(scope_label(name)) for name in names}) == 4


def test_mixed__goes_from_white_to_the_colour():
    assert [mixed("#0072B2", 0.0), mixed("#0072B2", 1.0)] == ["#FFFFFF", "#0072B2"]
