"""Figures of up-convolution: numbers in cells, stamps that overlap or don't, its matrix."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.i18n import N_, _

__all__ = [
    "show_matrix",
    "show_numbers",
    "show_stamp_counts",
    "show_upsampling",
]

FRAME = COLOURS[6]

# Ways of doubling a map: words, what shows over many runs, what shows in one.
WAYS = {
    "overlap": (N_("Kernel 3, stride 2"), N_("pixels are unequal"), N_("a chequerboard")),
    "even": (N_("Kernel 2, stride 2"), N_("pixels are equal"), N_("yet a pattern of its own")),
    "replicate": (
        N_("Replication, convolution"),
        N_("pixels are equal"),
        N_("and the answer is constant"),
    ),
}


def show_numbers(
    ax: Axes, values, *, title: str, frame: tuple[int, int, int] | None = None
) -> Axes:
    """A small map with its numbers written in. frame: (top, left, side) of a square to mark.

    values: (H, W). Zeros are pale: nothing has been written there, or nothing came out.
    """
    values = np.asarray(values, dtype=np.float64)
    height, width = values.shape
    reach = max(np.abs(values).max(), 1e-9)
    ax.imshow(np.abs(values), cmap="Greys", vmin=0, vmax=2.2 * reach)
    size = 9 if max(height, width) <= 6 else 7.5
    for row, column in np.ndindex(height, width):
        value = values[row, column]
        colour = "black" if value else "#9a9a9a"
        text = f"{value:g}"
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)
    if frame is not None:
        top, left, side = frame
        square = Rectangle((left - 0.5, top - 0.5), side, side, fill=False, linewidth=2.5)
        square.set_edgecolor(FRAME)
        ax.add_patch(square)
    ax.set_title(title, fontsize=9)
    return pixel_axes(ax, height, width)


def show_stamp_counts(ax: Axes, counts, kernel: int, stride: int) -> Axes:
    """How many stamps fell on each output pixel. counts: (H, W) whole numbers.

    Judged inside, where a pixel has all the neighbours that it can have.
    """
    counts = np.asarray(counts)
    inside = counts[kernel - 1 : 1 - kernel or None, kernel - 1 : 1 - kernel or None]
    even = len(np.unique(inside)) == 1
    title = _("Kernel {kernel}, stride {stride}: {verdict}").format(
        kernel=kernel, stride=stride, verdict=_("even inside") if even else _("a chequerboard")
    )
    return show_numbers(ax, counts, title=title)


def show_matrix(ax: Axes, matrix, which: str) -> Axes:
    """A small matrix with its entries written in; zeros stay empty.

    which: "convolution" or "up-convolution", whose matrix it is.
    """
    title, xlabel, ylabel = {
        "convolution": (_("The convolution's matrix"), _("input pixel"), _("output pixel")),
        "up-convolution": (_("The up-convolution's"), _("input pixel"), _("output pixel")),
    }[which]
    matrix = np.asarray(matrix, dtype=np.float64)
    ax.imshow(matrix != 0, cmap="Greys", vmin=0, vmax=3)
    for row, column in zip(*np.nonzero(matrix), strict=True):
        text = f"{matrix[row, column]:g}"
        ax.text(column, row, text, ha="center", va="center", fontsize=7)
    for edge in np.arange(0.5, matrix.shape[1] - 1):
        ax.axvline(edge, color="#cccccc", linewidth=0.5)
    for edge in np.arange(0.5, matrix.shape[0] - 1):
        ax.axhline(edge, color="#cccccc", linewidth=0.5)
    ax.set_xticks(range(matrix.shape[1]))
    ax.set_yticks(range(matrix.shape[0]))
    ax.set_xlabel(xlabel, fontsize=8)
    ax.set_ylabel(ylabel, fontsize=8)
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def show_upsampling(ax: Axes, values, way: str, *, spread: bool) -> Axes:
    """What random weights make of a constant map. values: (H, W). way: a key of WAYS.

    spread: whether values are the standard deviation over runs, or the answer of one run.
    """
    values = np.asarray(values)
    picture = ax.imshow(values, cmap="cividis", interpolation="nearest")
    picture.set_clim(min(0, values.min()), max(0, values.max()))
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.8)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(_("spread over runs") if spread else _("value in one run"), fontsize=7)
    word, over_runs, alone = WAYS[way]
    finding = _(over_runs if spread else alone)
    title = _("{way}:\n{finding}").format(way=_(word), finding=finding)
    ax.set_title(title, fontsize=9)
    return pixel_axes(ax, *values.shape)
