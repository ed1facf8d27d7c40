"""Figures of upsampling in an FCN: score maps, coverage by kernels, learned kernels."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.i18n import N_, _

__all__ = [
    "show_border_difference",
    "show_kernel_cover",
    "show_padding_difference",
    "show_upsampled",
    "tent_curves",
    "upsampling_error_bars",
]

SHOWN_WAYS = {
    "replicated": N_("Pixels replicated"),
    "interpolated": N_("Bilinear interpolation"),
    "transposed": N_("Transposed convolution"),
}
WAYS = {
    "replicated": N_("pixel replication"),
    "bilinear": N_("bilinear"),
    "learned": N_("learned"),
}


def show_upsampled(ax: Axes, scores, way: str) -> Axes:
    """A map of one class's scores in 0..1, upsampled as `way` says: a key of SHOWN_WAYS."""
    scores = np.asarray(scores)
    ax.imshow(scores, cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
    ax.set_title(_(SHOWN_WAYS[way]), fontsize=9)
    return pixel_axes(ax, *scores.shape)


def show_border_difference(ax: Axes, difference) -> Axes:
    """Where the transposed convolution and interpolation differ. difference: (H, W)."""
    return _difference(ax, difference, _("They differ at the rim"))


def show_padding_difference(ax: Axes, difference) -> Axes:
    """Where the map of a window cut out differs from the same place of the whole map."""
    return _positions(_difference(ax, difference, _("The rim of the window's map has changed")))


def show_kernel_cover(ax: Axes, counts, kernel: int, stride: int) -> Axes:
    """How many numbers of the small map write into each pixel of the large one.

    counts: (H, W) whole numbers, the layer with ones for weights on a map of ones.
    """
    counts = np.asarray(counts).round().astype(int)
    ax.imshow(counts, cmap="Greys", vmin=0, vmax=2 * counts.max(), interpolation="nearest")
    for (row, column), number in np.ndenumerate(counts):
        ax.text(column, row, str(number), ha="center", va="center", fontsize=7)
    words = {
        True: _("Kernel {k}, stride {s}: every pixel is written equally often"),
        False: _("Kernel {k}, stride {s}: a checkerboard"),
    }
    inner = counts[kernel:-kernel, kernel:-kernel]
    even = bool((inner == inner[0, 0]).all())
    ax.set_title(words[even].format(k=kernel, s=stride), fontsize=9)
    return pixel_axes(ax, *counts.shape)


def tent_curves(ax: Axes, kernels: Mapping[str, Sequence[float]]) -> Axes:
    """Middle rows of kernels of transposed convolutions. kernels: key of WAYS -> numbers."""
    styles = {
        "replicated": (COLOURS[2], ":"),
        "bilinear": (COLOURS[4], "--"),
        "learned": (COLOURS[3], "-"),
    }
    for way, row in kernels.items():
        colour, line = styles[way]
        offset = np.arange(len(row)) - (len(row) - 1) / 2
        ax.plot(offset, row, linestyle=line, color=colour, drawstyle="steps-mid",
                label=_(WAYS[way]))  # fmt: skip
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set_xlabel(_("distance from the pixel that is spread, pixels"), fontsize=8)
    ax.set_ylabel(_("weight"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("The learned kernel is steeper and dips below zero"), fontsize=9)
    return small_ticks(ax)


def upsampling_error_bars(ax: Axes, errors: Mapping[str, Sequence[float]]) -> Axes:
    """Mean squared error by way of upsampling, and every run as a dot. errors: key of WAYS."""
    colours = {"replicated": COLOURS[2], "bilinear": COLOURS[4], "learned": COLOURS[3]}
    hatches = {"replicated": "//", "bilinear": "", "learned": ".."}
    for position, (way, runs) in enumerate(errors.items()):
        runs = np.asarray(runs, dtype=float)
        style = {"facecolor": colours[way], "hatch": hatches[way], "edgecolor": "black"}
        ax.bar(position, runs.mean(), width=0.6, linewidth=0.6, **style)
        ax.plot([position] * len(runs), runs, "o", color="white", markeredgecolor="black",
                markersize=4)  # fmt: skip
        text = f"{runs.mean():.4f}"
        ax.text(position, 1.04 * runs.max(), text, ha="center", va="bottom", fontsize=8)
    ax.set_ylim(0, 1.25 * max(max(runs) for runs in errors.values()))
    ax.set_xticks(range(len(errors)), [_(WAYS[way]) for way in errors], fontsize=8)
    ax.set_ylabel(_("mean squared error"), fontsize=8)
    ax.set_title(_("Bilinear beats replication, learned beats both"), fontsize=9)
    return small_ticks(ax)


def _difference(ax: Axes, difference, title: str) -> Axes:
    size = np.abs(np.asarray(difference))
    picture = ax.imshow(size, cmap="Greys", vmin=0, interpolation="nearest")
    bar = ax.figure.colorbar(picture, ax=ax, shrink=0.8)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(_("difference"), fontsize=7)
    ax.set_title(title, fontsize=9)
    return pixel_axes(ax, *size.shape)


def _positions(ax: Axes) -> Axes:
    """Axes of a feature map: its units are no pixels."""
    ax.set_xlabel(_("positions of the map"), fontsize=7, labelpad=-6)
    ax.set_ylabel(_("positions"), fontsize=7, labelpad=-6)
    return ax
