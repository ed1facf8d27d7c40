"""Figures of the lecture on transfer learning: accuracy by what is trained, and on how much.

Runs are drawn singly, as dots; a line goes through their means, bars are one standard
deviation. Shares come in 0..1 and are drawn in per cent.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.layout import small_ticks
from course_utils.figures.loss import group_bars
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS
from course_utils.i18n import N_, _, ngettext

__all__ = [
    "agreement_scatter",
    "depth_curves",
    "kept_statistics_bars",
    "rate_curves",
    "size_curves",
    "task_sheet",
]

Runs = Mapping[float, Sequence[float]]  # position on the x axis -> a share for each run

# Marked here for the catalogue: the classes of the tasks, see data.classification_tasks.
_MARKED = (
    *(N_("heart"), N_("moon"), N_("drop"), N_("hexagon"), N_("arrow"), N_("bolt")),
    *(N_("plain"), N_("stripes"), N_("checks"), N_("dots"), N_("ripples"), N_("grain")),
    *(N_("unchanged"), N_("blurred"), N_("noisy"), N_("pixelated"), N_("posterised")),
    N_("flattened"),
)
# What is trained: line, colour, words.
RECIPES = {
    "head": ("o-", COLOURS[4], N_("the head alone")),
    "last": ("s-", COLOURS[2], N_("a few last layers")),
    "most": ("^--", COLOURS[3], N_("all but the first two layers")),
    "scratch": ("D:", COLOURS[0], N_("all, from random weights")),
}


def run_line(ax: Axes, runs: Runs, style: str, colour: str, label: str):
    """Dots of the runs, a line through their means, bars of one standard deviation."""
    places = list(runs)
    shares = [100 * np.asarray(runs[x], dtype=np.float64) for x in places]
    spread = [values.std(ddof=1) if len(values) > 1 else 0.0 for values in shares]
    ax.errorbar(
        places,
        [values.mean() for values in shares],
        spread,
        fmt=style,
        color=colour,
        markersize=5,
        capsize=3,
        linewidth=1.4,
        markeredgecolor="black",
        markeredgewidth=0.5,
        label=label,
    )
    for x, values in zip(places, shares, strict=True):
        ax.plot([x] * len(values), values, ".", color=colour, markersize=3, alpha=0.6)


def task_sheet(
    ax: Axes, images, labels, names: Sequence[str], which: str, *, rows: int = 3
) -> Axes:
    """Examples of a classification task, one column a class.

    images: (N, 3, H, W) in [0, 1]; labels: (N,); the first `rows` of each class are shown.
    which: "near" or "far".
    """
    images, labels = np.asarray(images), np.asarray(labels)
    size, gap = images.shape[-1], 3
    step = size + gap
    sheet = np.ones((rows * step - gap, len(names) * step - gap, 3))
    for k in range(len(names)):
        for row, image in enumerate(images[labels == k][:rows]):
            place = np.s_[row * step : row * step + size, k * step : k * step + size]
            sheet[place] = image.transpose(1, 2, 0)
    ax.imshow(sheet, interpolation="nearest")
    middles = [k * step + size / 2 for k in range(len(names))]
    ax.set_xticks(middles, [shown(name) for name in names], fontsize=7, rotation=20)
    ax.set_yticks([])
    ax.set_ylabel(_("examples"), fontsize=8)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    titles = {
        "near": _("Near task: the old question, new classes"),
        "far": _("Far task: another question"),
    }
    ax.set_title(titles[which], fontsize=9)
    return ax


def agreement_scatter(ax: Axes, head, probe, share: float) -> Axes:
    """Probability of the true class of each test image: the trained head against the probe.

    head, probe: (N,) probabilities. share: of test images that both put into one class.
    """
    ax.plot([0, 1], [0, 1], "-", color="grey", linewidth=0.8)
    ax.plot(np.asarray(head), np.asarray(probe), "o", color=COLOURS[2], markersize=3, alpha=0.6)
    words = _("same class: {share:.1f}% of the images").format(share=100 * share)
    ax.text(0.97, 0.05, words, ha="right", fontsize=8, transform=ax.transAxes)
    ax.set_xlabel(_("probability of the true class: the head, by descent"), fontsize=8)
    ax.set_ylabel(_("the same: the linear model"), fontsize=8)
    ax.set_title(_("The head alone is a linear model on features"), fontsize=9)
    return small_ticks(ax)


def size_curves(
    ax: Axes, scores: Mapping[str, Runs], classes: int, *, title: str | None = None
) -> Axes:
    """Accuracy by the size of the training set. scores: a key of RECIPES -> n -> runs."""
    for recipe, runs in scores.items():
        style, colour, words = RECIPES[recipe]
        run_line(ax, runs, style, colour, _(words))
    _chance(ax, classes)
    sizes = sorted({n for runs in scores.values() for n in runs})
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    ax.set_xlabel(_("training images"), fontsize=8)
    words = _("Few data: the head alone; more data: the last layers too")
    return _accuracy(ax, words if title is None else title)


def depth_curves(
    ax: Axes, near: Runs, far: Runs, classes: int, *, title: str | None = None
) -> Axes:
    """Accuracy by the number of last layers that were trained, for a near and a far task."""
    run_line(ax, near, "o-", COLOURS[4], _("near task"))
    run_line(ax, far, "s--", COLOURS[3], _("far task"))
    _chance(ax, classes)
    ax.set_xticks(sorted({*near, *far}))
    ax.set_xlabel(_("last layers that were trained (1: the head alone)"), fontsize=8)
    words = _("The further the task, the more layers to retrain")
    return _accuracy(ax, words if title is None else title)


def rate_curves(ax: Axes, equal: Runs, falling: Runs, classes: int) -> Axes:
    """Accuracy by the base learning rate: one rate for all layers, and falling ones."""
    run_line(ax, equal, "s--", COLOURS[3], _("one rate for all layers"))
    run_line(ax, falling, "o-", COLOURS[4], _("falling towards the first layer"))
    _chance(ax, classes)
    ax.set_xscale("log")
    rates = sorted({*equal, *falling})
    ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
    ax.minorticks_off()
    ax.set_xlabel(_("learning rate of the last layer"), fontsize=8)
    return _accuracy(ax, _("Lower steps for earlier layers win at their best rate"))


def kept_statistics_bars(ax: Axes, shares: Mapping[str, Sequence[float]]) -> Axes:
    """How many old images get the answer they got before, once new ones have gone through.

    shares: "before", "no gradient", "frozen" -> a share for each run.
    """
    words = {
        "before": _("before"),
        "no gradient": _("after,\nrequires_grad=False"),
        "frozen": _("after,\nfreeze"),
    }
    groups = {words[way]: 100 * np.asarray(values) for way, values in shares.items()}
    ylabel = _("old images with the same answer, %")
    title = _("Not a weight has changed, but the answers have")
    return group_bars(ax, groups, ylabel=ylabel, title=title)


def images_in_words(number: int) -> str:
    """So many training images, in the reader's language."""
    return ngettext("{n} image", "{n} images", number).format(n=number)


def _chance(ax: Axes, classes: int) -> None:
    ax.axhline(100 / classes, color="grey", linestyle=":", linewidth=1, label=_("by chance"))


def _accuracy(ax: Axes, title: str) -> Axes:
    ax.set_ylim(0, 100)
    ax.set_ylabel(_("right answers on new images, %"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)
