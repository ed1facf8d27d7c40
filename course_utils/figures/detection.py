"""Figures of detection: precision and recall, duplicates, and what windows can't find."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.layout import small_ticks
from course_utils.figures.palette import COLOURS
from course_utils.figures.segmentation import class_bars
from course_utils.i18n import _

__all__ = [
    "ap_bars",
    "crowd_bars",
    "precision_recall_curves",
    "reach_bars",
    "suppression_bars",
    "suppression_curves",
    "suppression_title",
]

DARK, LIGHT, ACCENT = COLOURS[4], COLOURS[3], COLOURS[2]
STYLES = (("-", DARK), ("--", LIGHT), (":", ACCENT))


def precision_recall_curves(
    ax: Axes,
    curves: Mapping[str, tuple],
    *,
    point: tuple[float, float] | None = None,
    title: str,
) -> Axes:
    """Precision over recall as the threshold falls. curves: shown name -> (precision, recall).

    point: recall and precision at the threshold in use, marked.
    """
    for (name, (precision, recall)), (style, colour) in zip(
        curves.items(), STYLES, strict=False
    ):
        ax.plot(recall, precision, style, color=colour, linewidth=1.6, label=name)
    if point is not None:
        ax.plot(*point, "o", color=LIGHT, markeredgecolor="black", markersize=8)
    ax.set_xlim(0, 1.02)
    ax.set_ylim(0, 1.05)
    ax.set_xlabel(_("recall: objects found, share"), fontsize=8)
    ax.set_ylabel(_("precision: right boxes, share"), fontsize=8)
    ax.legend(fontsize=7, loc="lower left")
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def suppression_bars(ax: Axes, without: Mapping[str, Sequence[float]], with_it) -> Axes:
    """Precision, recall and average precision without and with suppression.

    without, with_it: "precision", "recall", "ap" -> (runs,) fractions.
    """
    words = {
        "precision": _("precision"),
        "recall": _("recall"),
        "ap": _("average precision"),
    }
    for shift, values, colour, label in (
        (-0.2, without, LIGHT, _("all windows above the threshold")),
        (0.2, with_it, DARK, _("after non-maximum suppression")),
    ):
        for place, key in enumerate(words):
            runs = np.asarray(values[key])
            ax.bar(
                place + shift,
                runs.mean(),
                width=0.38,
                color=colour,
                edgecolor="black",
                linewidth=0.6,
                label=label if place == 0 else None,
            )
            ax.errorbar(place + shift, runs.mean(), runs.std(ddof=1), color="black", capsize=3)
            ax.plot([place + shift + 0.1] * len(runs), runs, ".", color="grey", markersize=4)
    ax.set_xticks(range(3), list(words.values()), fontsize=8)
    ax.set_ylim(0, 1.05)
    ax.set_ylabel(_("share"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("Duplicates cost precision, hardly any recall"), fontsize=9)
    return small_ticks(ax)


def suppression_title(suppressed: bool) -> str:
    """Over the boxes of one image, before suppression and after it."""
    if suppressed:
        return _("After suppression: one box an object, as a rule")
    return _("Before suppression: several boxes an object")


def suppression_curves(ax: Axes, without: tuple, with_it: tuple) -> Axes:
    """Precision over recall without and with suppression: (precision, recall) each."""
    curves = {_("after suppression"): with_it, _("all windows"): without}
    title = _("Precision gains, the last of recall is lost")
    return precision_recall_curves(ax, curves, title=title)


def ap_bars(ax: Axes, values: Sequence[float], names: Sequence[str]) -> Axes:
    """Average precision of each class and their mean. names: without the background."""
    values = np.asarray(values, dtype=np.float64)
    title = _("Average precision by class; their mean is VOC's measure")
    class_bars(
        ax,
        values,
        names,
        xlabel=_("average precision"),
        title=title,
        mean=float(np.nanmean(values)),
        classes=range(1, len(values) + 1),
    )
    ax.set_xlim(0, 1.35)  # room for the legend beside the longest bar
    return ax


def reach_bars(ax: Axes, found: Sequence[Sequence[bool]]) -> Axes:
    """Objects found by the IoU of the grid's best window: below 0.6, 0.6 to 0.7, above.

    found: of each object in the three groups, whether it was.
    """
    words = (_("below 0.6"), _("0.6 to 0.7"), _("above 0.7"))
    xlabel = _("IoU with the best window of the grid")
    _found_bars(ax, words, found, xlabel)
    ax.set_title(_("What no window fits is lost"), fontsize=9)
    return ax


def crowd_bars(ax: Axes, found: Sequence[Sequence[bool]]) -> Axes:
    """Objects found by the IoU of their box with a neighbour's: none, below 0.1, above."""
    words = (_("none"), _("below 0.1"), _("above 0.1"))
    _found_bars(ax, words, found, _("IoU with the nearest object's box"))
    ax.set_title(_("Objects that overlap are lost more often"), fontsize=9)
    return ax


def _found_bars(ax: Axes, words: Sequence[str], found, xlabel: str) -> None:
    for place, values in enumerate(found):
        values = np.asarray(values, dtype=np.float64)
        share = values.mean() if len(values) else 0.0
        error = np.sqrt(share * (1 - share) / max(1, len(values)))
        ax.bar(place, share, color=DARK, width=0.6)
        ax.errorbar(place, share, error, color="grey", capsize=4)
    ax.set_xticks(range(len(words)), words, fontsize=8)
    ax.set_ylim(0, 1.05)
    ax.set_xlabel(xlabel, fontsize=8)
    ax.set_ylabel(_("objects found, share"), fontsize=8)
    small_ticks(ax)
