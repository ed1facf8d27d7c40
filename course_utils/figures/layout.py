"""Rows of panels of one width on every page, and axes counted in pixels."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from course_utils.i18n import _

__all__ = ["DPI", "WIDTH", "panels", "pixel_axes", "small_ticks"]

WIDTH = 9.0  # inches: the text column of a notebook
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


def pixel_axes(ax: Axes, height: int, width: int) -> Axes:
    """Label the axes of a picture: pixels, with ticks at both ends only."""
    ax.set_xticks(_ends(width), [str(tick) for tick in _ends(width)], fontsize=7)
    ax.set_yticks(_ends(height), [str(tick) for tick in _ends(height)], fontsize=7)
    ax.set_xlabel(_("pixels"), fontsize=7, labelpad=-6)
    ax.set_ylabel(_("pixels"), fontsize=7, labelpad=-6)
    ax.tick_params(length=2, pad=1)
    return ax


def small_ticks(ax: Axes) -> Axes:
    """Numbers on both axes in the size that suits panels side by side."""
    ax.tick_params(labelsize=7)
    return ax


def _ends(size: int) -> list[int]:
    return np.unique([0, size - 1]).tolist()
