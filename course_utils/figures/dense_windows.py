"""A window around every pixel: how coarse it is, and how objects come out of classes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.layout import small_ticks
from course_utils.figures.loss import group_bars
from course_utils.figures.palette import COLOURS
from course_utils.figures.segmentation import show_labels
from course_utils.i18n import _

__all__ = [
    "piece_bars",
    "show_window_answer",
    "stride_curves",
    "touching_bars",
    "window_size_bars",
]

DARK, LIGHT, ACCENT = COLOURS[4], COLOURS[3], COLOURS[2]


def show_window_answer(ax: Axes, answer, names: Sequence[str], size: int | None = None) -> Axes:
    """A label map answered through windows of so many pixels; without a size, the truth's."""
    if size is None:
        title = _("Every window right")
    else:
        title = _("Window of {size} pixels").format(size=size)
    return show_labels(ax, answer, names, title=title, legend=False)


def stride_curves(
    ax: Axes, windows: Sequence[int], quality: Mapping[int, Sequence], limit
) -> Axes:
    """Mean Jaccard by the number of windows an image.

    quality: size of the window -> (runs, the first of the numbers of windows). limit:
    (len(windows),), were the answer for every window right.
    """
    ax.plot(windows, limit, "k--", linewidth=1, label=_("were every window right"))
    for (size, values), style, colour in zip(
        quality.items(), ("s-", "o-"), (LIGHT, DARK), strict=True
    ):
        values = np.asarray(values)
        mean, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
        label = _("window of {size} pixels").format(size=size)
        ax.errorbar(
            windows[: len(mean)],
            mean,
            spread,
            fmt=style,
            color=colour,
            markeredgecolor="black",
            capsize=3,
            label=label,
        )
    ax.set_xscale("log", base=4)
    ax.set_xticks(windows, [str(n) for n in windows])
    ax.minorticks_off()
    ax.set_ylim(0, 1.05)
    ax.set_xlabel(_("windows an image"), fontsize=8)
    ax.set_ylabel(_("mean Jaccard index"), fontsize=8)
    ax.legend(fontsize=7, loc="upper left")
    ax.set_title(_("The limit rises faster than the answer"), fontsize=9)
    return small_ticks(ax)


def window_size_bars(
    ax: Axes, border: Mapping[int, Sequence[float]], inside: Mapping[int, Sequence[float]]
) -> Axes:
    """What the size of the window does to pixels of objects. size -> (runs,) fractions.

    border: pixels near a border that are called an object. inside: pixels further in that
    are given the right class.
    """
    for place, size in enumerate(border):
        for shift, values, colour, label in (
            (-0.2, border[size], LIGHT, _("at the border: object, not background")),
            (0.2, inside[size], DARK, _("inside: the right class")),
        ):
            runs = 100 * np.asarray(values)
            ax.bar(
                place + shift,
                runs.mean(),
                width=0.38,
                color=colour,
                edgecolor="black",
                linewidth=0.6,
                label=label if place == 0 else None,
            )
            ax.errorbar(place + shift, runs.mean(), runs.std(ddof=1), color="grey", capsize=3)
            ax.plot([place + shift + 0.1] * len(runs), runs, ".", color="grey", markersize=4)
    names = [_("window of {size} pixels").format(size=size) for size in border]
    ax.set_xticks(range(len(names)), names, fontsize=8)
    ax.set_ylim(0, 105)
    ax.set_ylabel(_("pixels of objects, %"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("A larger window names better and cuts worse"), fontsize=9)
    return small_ticks(ax)


def touching_bars(ax: Axes, parts: Sequence[bool], boxes: Sequence[bool]) -> Axes:
    """Objects that touch one of their class, found with a mask of their own: two ways.

    parts, boxes: of each such object, whether it was.
    """
    names = (_("connected parts"), _("masks inside boxes"))
    for place, (values, colour) in enumerate(((parts, DARK), (boxes, LIGHT))):
        values = np.asarray(values, dtype=np.float64)
        share = values.mean() if len(values) else 0.0
        error = 100 * np.sqrt(share * (1 - share) / max(1, len(values)))
        ax.bar(place, 100 * share, color=colour, edgecolor="black", linewidth=0.6, width=0.6)
        ax.errorbar(place, 100 * share, error, color="grey", capsize=4)
    ax.set_xticks(range(2), names, fontsize=8)
    ax.set_ylim(0, 105)
    ax.set_ylabel(_("such objects found, %"), fontsize=8)
    ax.set_title(_("Connected parts lose objects that touch their kind"), fontsize=9)
    return small_ticks(ax)


def piece_bars(ax: Axes, pieces: Mapping[str, Sequence[float]]) -> Axes:
    """Pieces found for each true object, in our own semantic answer.

    pieces: "parts" and "boxes" -> (runs,) pieces for each object.
    """
    words = {"parts": _("connected parts"), "boxes": _("masks inside found boxes")}
    groups = {words[key]: np.asarray(values) for key, values in pieces.items()}
    title = _("A coarse answer falls to pieces")
    group_bars(ax, groups, ylabel=_("pieces for each true object"), title=title)
    ax.axhline(1, color="black", linestyle="--", linewidth=1)
    return ax
