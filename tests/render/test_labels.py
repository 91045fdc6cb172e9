import itertools

from batchgraph.render.labels import Label, placed_labels, text_size

CANVAS = (11.0, 7.0)


def boxes(labels, font_size):
    for label in labels:
        width, height = text_size(label.text, font_size)
        yield (label.x - width / 2, label.y - height / 2, label.x + width / 2, label.y + height / 2)


def overlap(one, other):
    return min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(one[1], other[1])


def place(positions, radius=0.2):
    radii = dict.fromkeys(positions, radius)
    texts = {name: Label(f"192.168.100.{name}") for name in positions}
    return placed_labels(texts, positions=positions, radii=radii, ways=[], font_size=8, canvas=CANVAS)


def test_placed_labels__stands_below_its_circle_where_nothing_is_in_the_way():
    (label,) = place({"1": (5.0, 4.0)})

    assert label.x == 5.0
    assert label.y < 4.0 - 0.2


def test_placed_labels__do_not_cover_each_other():
    labels = place({str(number): (2.0 + 0.6 * number, 3.0) for number in range(6)})

    assert not any(overlap(one, other) for one, other in itertools.combinations(boxes(labels, 8), 2))


def test_placed_labels__stay_on_the_canvas():
    labels = place({"1": (0.3, 0.3), "2": (10.7, 6.7)})

    for left, bottom, right, top in boxes(labels, 8):
        assert left >= -0.01
        assert bottom >= -0.01
        assert right <= CANVAS[0] + 0.01
        assert top <= CANVAS[1] + 0.01


def test_placed_labels__do_not_cover_other_circles():
    positions = {"1": (5.0, 4.0), "2": (5.0, 3.5)}
    label = next(label for label in place(positions) if label.name == "1")

    assert label.y > 4.0 or abs(label.x - 5.0) > 0.3


def test_label__takes_more_room_with_an_address_below():
    assert Label("printer", "192.168.100.1").size(8) > Label("printer").size(8)


def test_text_size__grows_with_lines():
    assert text_size("a\nb", 8)[1] == 2 * text_size("a", 8)[1]
