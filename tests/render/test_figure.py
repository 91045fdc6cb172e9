from PIL import Image

from batchgraph.render.figure import new_figure, picture_palette, plain_settings, save_figure
from batchgraph.render.style import used_colours


def test_picture_palette__fits_a_png():
    assert len(picture_palette()) <= 3 * 256


def test_picture_palette__has_every_colour_in_use():
    palette = picture_palette()
    colours = {palette[i : i + 3] for i in range(0, len(palette), 3)}

    assert {bytes.fromhex(colour[1:]) for colour in used_colours()} <= colours


def test_save_figure__paper_is_white(tmp_path):
    with plain_settings():
        save_figure(new_figure((2, 1)), {"png": tmp_path / "a.png"})

    with Image.open(tmp_path / "a.png") as picture:
        assert (picture.size, picture.convert("RGB").getpixel((5, 5))) == ((300, 150), (255, 255, 255))
