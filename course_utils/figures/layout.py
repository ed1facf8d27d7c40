"""Rows of panels of one width on every page, axes counted in pixels, pictures of few bytes."""

import io
from base64 import b64encode

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, FigureBase
from PIL import Image

from course_utils.figures.labels import require_own_language, write_numbers_its_way
from course_utils.i18n import _

__all__ = ["DPI", "WIDTH", "panels", "pixel_axes", "png", "show", "small_ticks", "titles"]

WIDTH = 8.4  # inches: the text column of a notebook
DPI = 90  # sharp enough to read, small enough for a notebook under 400 kB


def panels(columns: int, rows: int = 1, *, height: float = 3.0, widths=None) -> list[Axes]:
    """A new figure of the notebook's width; its axes, row by row.

    height: of one row, inches. widths: the columns' relative widths.
    """
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(WIDTH, height * rows),
        dpi=DPI,
        layout="constrained",
        width_ratios=widths,
        squeeze=False,
    )
    figure.get_layout_engine().set(wspace=0.04)
    return list(axes.flat)


def show() -> None:
    """Put the open figures on the page and close them; what a cell of a lecture ends with.

    A figure goes out as a PNG of few bytes. Its titles go with it as text, which is what a
    screen reader and a reader without pictures get.
    """
    from IPython.display import display

    for number in plt.get_fignums():
        figure = plt.figure(number)
        write_numbers_its_way(figure)
        words = titles(figure)
        data = {"text/plain": f"[{words}]", "image/png": b64encode(png(figure)).decode()}
        plt.close(figure)
        display(data, metadata={"image/png": {"alt": words}}, raw=True)


def titles(figure: FigureBase) -> str:
    """The titles of a figure's axes, in one line: what it shows, in words."""
    found = [" ".join(ax.get_title().split()) for ax in figure.axes]
    return "; ".join(title for title in found if title)


def png(figure: Figure, *, tight: bool = True) -> bytes:
    """The figure as a PNG of at most 128 colours: a third of the bytes, hardly any change.

    tight: the picture is as large as what is drawn; else as large as the figure, always.
    """
    require_own_language(figure)
    write_numbers_its_way(figure)
    FigureCanvasAgg(figure)
    full = io.BytesIO()
    figure.savefig(full, format="png", bbox_inches="tight" if tight else None, pad_inches=0.05)
    picture = Image.open(full).convert("RGB")
    file = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(file, format="png", optimize=True)
    return file.getvalue()


def pixel_axes(ax: Axes, height: int, width: int) -> Axes:
    """Label the axes of a picture: pixels, with ticks at both ends only."""
    ax.set_xticks(_ends(width), [str(tick) for tick in _ends(width)], fontsize=7)
    ax.set_yticks(_ends(height), [str(tick) for tick in _ends(height)], fontsize=7)
    ax.set_xlabel(_("pixels"), fontsize=7, labelpad=-6)
    ax.set_ylabel(_("pixels"), fontsize=7, labelpad=-6)
    ax.tick_params(length=2, pad=1)
    if max(height, width) <= 16:  # few enough to be counted: draw the grid
        for edge in np.arange(0.5, max(height, width) - 1):
            ax.axvline(edge, color="grey", linewidth=0.5)
            ax.axhline(edge, color="grey", linewidth=0.5)
    return ax


def small_ticks(ax: Axes) -> Axes:
    """Numbers on both axes in the size that suits panels side by side."""
    ax.tick_params(labelsize=7)
    return ax


def _ends(size: int) -> list[int]:
    return np.unique([0, size - 1]).tolist()
