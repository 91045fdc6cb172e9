import re
from importlib.resources import files
from itertools import combinations

import pytest

from batchgraph.graph.scope import SCOPES
from batchgraph.render.page_timeline import TEXTURES
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
from tests.render.colour_vision import VISIONS, distance

FAR = 15
"""Difference in L*a*b* at which two areas beside each other are told apart at a glance; 2.3 can just be noticed."""

CAN_BE_SEEN = 0.9
"""Points that an outline has to be wide to tell arrows apart."""

LOOKS = {**TYPE_STYLES, OTHER_TYPES: OTHER_STYLE}


def grey(colour):
    # Rec. 601: how a picture is turned to grey.
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_distance__is_that_of_the_standard():
    # White to black is 100 in L*; pure red to pure green in sRGB as by CIE 15.
    assert distance("#FFFFFF", "#000000", vision="usual") == pytest.approx(100, abs=0.01)
    assert distance("#FF0000", "#00FF00", vision="usual") == pytest.approx(170.6, abs=0.1)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize(("a", "b"), list(combinations(LOOKS, 2)))
def test_type_style__any_two_are_told_apart_by_everyone(a, b, vision):
    one, other = LOOKS[a], LOOKS[b]
    fills = distance(one.fill, other.fill, vision=vision)
    outlines = distance(one.outline, other.outline, vision=vision)

    assert fills >= FAR or one.line != other.line or (outlines >= FAR and max(one.width, other.width) >= CAN_BE_SEEN)


def test_type_style__icmp_has_an_outline_twice_as_wide_as_tcp():
    # In grey their fills are one: the outline alone tells.
    assert distance(LOOKS["TCP"].fill, LOOKS["ICMP"].fill, vision="grey") < FAR
    assert LOOKS["ICMP"].width >= 2 * LOOKS["TCP"].width
    assert distance(LOOKS["ICMP"].fill, LOOKS["ICMP"].outline, vision="grey") >= FAR


PAGE_COLOURS = [
    dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
    for block in re.findall(
        r":root \{(.*?)\}", files("batchgraph.render").joinpath("templates/report.css").read_text(), re.DOTALL
    )[:2]
]


@pytest.mark.parametrize("colours", PAGE_COLOURS, ids=["light", "dark"])
@pytest.mark.parametrize("vision", [vision for vision in VISIONS if vision != "grey"])
def test_page_colours__of_protocols_are_told_apart_by_the_colour_blind(colours, vision):
    protocols = [colours[label.lower()] for label in LOOKS]

    assert min(distance(a, b, vision=vision) for a, b in combinations(protocols, 2)) >= FAR


@pytest.mark.parametrize("colours", PAGE_COLOURS, ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISIONS)
def test_page_colours__of_hosts_are_told_apart_by_everyone(colours, vision):
    kinds = [colours[kind] for kind in ("private", "global", "group", "scope", "folded")]

    # Five steps of grey have to do for all.
    assert min(distance(a, b, vision=vision) for a, b in combinations(kinds, 2)) >= (8 if vision == "grey" else FAR)


@pytest.mark.parametrize("colours", PAGE_COLOURS, ids=["light", "dark"])
def test_page_textures__differ_where_colours_do_not_in_grey(colours):
    alike = [
        (a, b)
        for a, b in combinations(LOOKS, 2)
        if distance(colours[a.lower()], colours[b.lower()], vision="grey") < FAR
    ]

    assert ("TCP", "ICMP") in alike
    assert [pair for pair in alike if TEXTURES.get(pair[0]) == TEXTURES.get(pair[1])] == []


@pytest.mark.parametrize("colours", PAGE_COLOURS, ids=["light", "dark"])
@pytest.mark.parametrize("label", TEXTURES)
def test_page_textures__are_seen_on_their_colour(colours, label):
    assert distance(colours[label.lower()], colours["card"], vision="grey") >= FAR


def test_style_sheet__uses_every_texture():
    sheet = files("batchgraph.render").joinpath("templates/report.css").read_text()

    assert [label for label in TEXTURES if f".t-{label} {{ fill: url(#p-{label}); }}" not in sheet] == []


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
