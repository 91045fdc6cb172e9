"""Figures whose files depend on what they show, and on nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchgraph.errors import UsageError
from batchgraph.render.layout import CANVAS
from batchgraph.render.style import mixed, used_colours
from batchgraph.results import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")

PNG_DPI = 150

MARGIN = 0.2
"""Inches left free beside what is drawn."""

_SHADES = 15

# What else would stand in a file: the time it was made and the version of matplotlib.
_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

_SETTINGS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib; a font of the system would differ between machines
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "text.usetex": False,
    "svg.hashsalt": "batchgraph",  # the ids in an SVG are random without it
    "svg.fonttype": "none",  # text stays text: to be searched, read aloud and copied, and a third of the size
    "svg.id": None,
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "path.simplify": False,
}


@contextmanager
def plain_settings() -> Iterator[None]:
    """Draw and save with settings of our own, whatever the user's matplotlibrc says."""
    import matplotlib as mpl

    defaults: dict[Any, Any] = {
        name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(("backend", "date."))
    }
    with warnings.catch_warnings(), mpl.rc_context({**defaults, **_SETTINGS}):
        # A character that the font lacks is drawn as a box; there is nothing that a user could do about it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def format_of(path: Path) -> str:
    """Give the format that a file's name asks for.

    Raises
    ------
    UsageError
        If it is none of `FORMATS`.
    """
    suffix = path.suffix[1:].lower()
    if suffix not in FORMATS:
        raise UsageError(f"{path.name}: a map's name ends in {', '.join(f'.{name}' for name in FORMATS)}")
    return suffix


def save_figure(figure: Figure, paths: Mapping[str, Path]) -> None:
    """Write a figure in several formats.

    Parameters
    ----------
    figure
        Drawn within `plain_settings`, as this call has to be.
    paths
        Where to, by format: ``svg``, ``png`` or ``pdf``.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    for suffix, path in paths.items():
        with replacing(path) as temporary:
            if suffix == "png":
                _save_png(figure, temporary)
            else:
                figure.savefig(temporary, format=suffix, metadata=_METADATA[suffix])


def _save_png(figure: Figure, path: Path) -> None:
    """Write a PNG of at most 256 colours: a map has few, and the file takes a quarter of the room."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.set_dpi(PNG_DPI)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba())).convert("RGB")
    palette = Image.new("P", (1, 1))
    palette.putpalette(picture_palette())
    picture = picture.quantize(palette=palette, dither=Image.Dither.NONE)
    # The highest level takes six times as long for files a fiftieth to an eighth smaller.
    picture.save(path, format="png", compress_level=6, dpi=(PNG_DPI, PNG_DPI))


def picture_palette() -> bytes:
    """Give the colours of a PNG, three octets each: those that maps use, in steps to white.

    One made from the picture would give away the colour of what is rare in it, which is what people look for.
    """
    shades = {mixed(colour, step / _SHADES) for colour in used_colours() for step in range(1, _SHADES + 1)}
    octets = sorted(bytes.fromhex(shade[1:]) for shade in shades)
    # Pillow looks for the nearest colour in steps of 8, and must not find one beside white for it.
    return b"".join(colour for colour in octets if min(colour) < 256 - 2 * 8) + b"\xff\xff\xff"


def canvas_axes(
    figure: Figure, *, left: float, bottom: float, canvas: tuple[float, float] = CANVAS, shrink: float = 1.0
) -> Axes:
    """Add axes without frame whose unit is `shrink` inches, `left` and `bottom` inches from the figure's corner."""
    width, height = figure.get_size_inches()
    size = canvas[0] * shrink, canvas[1] * shrink
    axes = figure.add_axes((left / width, bottom / height, size[0] / width, size[1] / height))
    axes.set_xlim(0, canvas[0])
    axes.set_ylim(0, canvas[1])
    axes.set_axis_off()
    return axes


def new_figure(size: Sequence[float]) -> Figure:
    """Make an empty figure of so many inches that belongs to no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0], size[1]), facecolor="white")
    FigureCanvasAgg(figure)
    return figure
