"""Figures of the lecture on metrics: what each says stands in its title."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.data.voc import Statistics
from course_utils.figures.layout import small_ticks
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS
from course_utils.figures.segmentation import class_bars
from course_utils.figures.tables import Table
from course_utils.i18n import N_, _, ngettext

__all__ = [
    "CONVENTIONS",
    "accuracy_and_jaccard_bars",
    "agreement_curve",
    "background_curves",
    "border_curves",
    "convention_bars",
    "dice_curve",
    "information_bars",
    "jaccard_and_dice_bars",
    "object_bars",
    "share_bars",
    "small_sets_curves",
    "statistics_table",
]

DARK, LIGHT, ACCENT = COLOURS[4], COLOURS[3], COLOURS[2]

# Ways to boil counts down to one number that all go by the name "mean Jaccard".
CONVENTIONS = {
    "data_set": N_("counted over the set, absent left out (ours)"),
    "absent_0": N_("absent class counts as 0"),
    "absent_1": N_("absent class counts as 1"),
    "truth_only": N_("classes of the truth only"),
    "micro": N_("all classes in one fraction (micro)"),
    "image_mean": N_("per image, then the mean"),
    "void_as_background": N_("255 taken for background"),
}


def statistics_table(columns: Mapping[str, Statistics]) -> Table:
    """VOC's table of images and objects. columns: image set -> its statistics."""
    first = next(iter(columns.values()))
    heading = [_("class")]
    for name in columns:
        heading += [_("{set} images").format(set=name), _("{set} objects").format(set=name)]
    rows = [
        [shown(name), *(n for column in columns.values() for n in column[name])]
        for name in first
    ]
    totals = (n for column in columns.values() for n in (column.images, column.objects))
    return Table(heading, [*rows, [_("Total"), *totals]])


def object_bars(ax: Axes, objects: Mapping[str, int]) -> Axes:
    """Objects of each class, most frequent first. objects: class name -> number."""
    ordered = sorted(objects.items(), key=lambda item: -item[1])
    names, numbers = [shown(name) for name, _n in ordered], [number for _n, number in ordered]
    ax.bar(range(len(names)), numbers, color=DARK)
    ax.set_xticks(range(len(names)), names, rotation=60, ha="right")
    ax.set_ylabel(_("objects"), fontsize=8)
    title = _("{share:.0f}% of all objects are of one class: {name}")
    title = title.format(share=100 * numbers[0] / sum(numbers), name=names[0])
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def information_bars(ax: Axes, label: float, compressed: float, naive: float) -> Axes:
    """Bits in the answer for one image: a class label, a mask compressed, a mask as it is."""
    bits = {
        _("class label"): label,
        _("mask, compressed"): compressed,
        _("mask, were pixels independent"): naive,
    }
    heights = range(len(bits))
    ax.barh(heights, list(bits.values()), color=[LIGHT, DARK, "#bdbdbd"], edgecolor="black")
    for height, value in zip(heights, bits.values(), strict=True):
        text = f"{value:.1f}" if value < 10 else f"{value:,.0f}".replace(",", " ")
        ax.text(value * 1.15, height, text, va="center", fontsize=8)
    ax.set_xscale("log")
    ax.set_xlim(1, 8 * naive)
    ax.set_yticks(heights, list(bits))
    ax.invert_yaxis()
    ax.set_xlabel(_("information in the answer, bits"), fontsize=8)
    ax.set_title(_("Even compressed, a mask says far more than a class label"), fontsize=9)
    return small_ticks(ax)


def agreement_curve(ax: Axes, distances: Sequence[int], agreement, independent: float) -> Axes:
    """How often two pixels at a distance have one class.

    independent: the share that unrelated pixels of the same frequencies would give.
    """
    ax.plot(distances, 100 * np.asarray(agreement), "o-", color=DARK, markersize=4)
    label = _("if pixels were independent: {share:.0f}%").format(share=100 * independent)
    ax.axhline(100 * independent, color="black", linestyle="--", linewidth=1, label=label)
    ax.set_xscale("log", base=2)
    ax.set_xticks(distances, [str(distance) for distance in distances])
    ax.set_xlabel(_("distance between the pixels, pixels"), fontsize=8)
    ax.set_ylabel(_("pairs of pixels of one class, %"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("Neighbours nearly always agree, distant pixels do not"), fontsize=9)
    return small_ticks(ax)


def small_sets_curves(
    ax: Axes, images: Sequence[int], curves: Mapping[int | str, np.ndarray]
) -> Axes:
    """Jaccard on new images against the number of training images, by labels kept of each.

    curves: labels of an image, or "all" -> (seeds, numbers of images). Lines join the means
    over the seeds, small marks are the runs themselves.
    """
    styles = zip(("^:", "s--", "o-"), (ACCENT, LIGHT, DARK), (0.94, 1.0, 1.06), strict=True)
    for (labels, values), (style, colour, aside) in zip(curves.items(), styles, strict=False):
        if labels == "all":
            name = _("every pixel labelled")
        else:
            name = ngettext("{n} label an image", "{n} labels an image", labels)
            name = name.format(n=labels)
        x = aside * np.asarray(images)  # runs side by side, not one over the other
        ax.plot(x, np.mean(values, axis=0), style, color=colour, label=name)
        for run in np.asarray(values):
            ax.plot(x, run, style[0], color=colour, markersize=4, alpha=0.5)
    ax.set_xscale("log", base=2)
    ax.set_xticks(images, [str(number) for number in images])
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel(_("training images"), fontsize=8)
    ax.set_ylabel(_("Jaccard index of objects"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("A few images suffice when every pixel is labelled"), fontsize=9)
    return small_ticks(ax)


def share_bars(ax: Axes, shares, names: Sequence[str]) -> Axes:
    """Share of labelled pixels of each class, in per cent."""
    shares = 100 * np.asarray(shares)
    title = _("Background takes {share:.0f}% of the pixels").format(share=shares[0])
    xlabel = _("labelled pixels, %")
    return class_bars(ax, shares, names, xlabel=xlabel, title=title, limit=None, digits=1)


def background_curves(ax: Axes, share: float | None = None) -> Axes:
    """Accuracy and Jaccard of the answer "background everywhere" by the object's share."""
    shares = np.linspace(0.01, 0.5, 50)
    ax.plot(100 * shares, 1 - shares, "-", color=DARK, label=_("pixel accuracy"))
    ax.plot(100 * shares, (1 - shares) / 2, "--", color=LIGHT, label=_("mean Jaccard"))
    ax.plot(100 * shares, 0 * shares, ":", color="black", label=_("the object's Jaccard"))
    if share is not None:
        ax.plot([100 * share], [1 - share], "o", color=DARK)
    ax.set_xlabel(_("the object's share of the image, %"), fontsize=8)
    ax.set_ylabel(_("the metric's value"), fontsize=8)
    ax.set_ylim(-0.04, 1.04)
    ax.legend(fontsize=7)
    ax.set_title(_("The smaller the object, the better it pays to overlook it"), fontsize=9)
    return small_ticks(ax)


def accuracy_and_jaccard_bars(ax: Axes, accuracy: float, jaccard, names: Sequence[str]) -> Axes:
    """Jaccard of each class and the mean, beside the accuracy of the same prediction."""
    mean = float(np.nanmean(jaccard))
    title = _("Pixel accuracy {accuracy:.2f},\nmean Jaccard {mean:.2f}")
    title = title.format(accuracy=accuracy, mean=mean)
    return class_bars(ax, jaccard, names, xlabel=_("Jaccard index"), title=title, mean=mean)


def convention_bars(ax: Axes, values: Mapping[str, float], *, title: str | None = None) -> Axes:
    """One prediction, many Jaccards. values: key of CONVENTIONS -> value."""
    heights = range(len(values))
    numbers = list(values.values())
    colours = [DARK if name == "data_set" else "#bdbdbd" for name in values]
    ax.barh(heights, numbers, color=colours, edgecolor="black", linewidth=0.6)
    for height, number in zip(heights, numbers, strict=True):
        ax.text(number + 0.01, height, f"{number:.3f}", va="center", fontsize=8)
    labels = [_(CONVENTIONS.get(name, name)) for name in values]
    ax.set_yticks(heights, labels, fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.1)
    ax.set_xlabel(_('what is called "mean Jaccard"'), fontsize=8)
    if title is None:
        title = _("One prediction, values from {low:.2f} to {high:.2f}")
        title = title.format(low=min(numbers), high=max(numbers))
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def dice_curve(ax: Axes) -> Axes:
    """Dice against Jaccard: D = 2J / (1 + J)."""
    jaccard = np.linspace(0, 1, 101)
    ax.plot(jaccard, 2 * jaccard / (1 + jaccard), color=DARK)
    ax.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
    ax.set_xlabel(_("Jaccard index J"), fontsize=8)
    ax.set_ylabel(_("Dice coefficient D"), fontsize=8)
    ax.set_aspect("equal")
    ax.set_title(_("Dice is never below Jaccard\nand orders masks the same way"), fontsize=9)
    return small_ticks(ax)


def jaccard_and_dice_bars(ax: Axes, steady, uneven) -> Axes:
    """Two networks by mean Jaccard and by mean Dice. steady, uneven: Jaccard of each class."""
    groups = (_("mean Jaccard"), _("mean Dice"))
    for shift, (J, colour, name) in enumerate(
        [(steady, DARK, _("network A")), (uneven, LIGHT, _("network B"))]
    ):
        J = np.asarray(J, dtype=np.float64)
        values = [J.mean(), (2 * J / (1 + J)).mean()]
        places = np.arange(2) + 0.4 * shift - 0.2
        label = f"{name}: J = " + ", ".join(f"{value:.2f}" for value in J)
        ax.bar(places, values, 0.38, color=colour, edgecolor="black", label=label)
        for place, value in zip(places, values, strict=True):
            ax.text(place, value + 0.01, f"{value:.2f}", ha="center", fontsize=8)
    ax.set_xticks(range(2), groups)
    ax.set_ylim(0, 1)
    ax.set_ylabel(_("mean over two classes"), fontsize=8)
    ax.legend(fontsize=7)
    ax.set_title(_("The two means rank the networks in opposite order"), fontsize=9)
    return small_ticks(ax)


def border_curves(
    ax: Axes, radii: Sequence[int], curves: Mapping[int, Sequence[float]]
) -> Axes:
    """Jaccard of discs whose border is misplaced. curves: error, pixels -> J by radius."""
    styles = zip(("o-", "s--", "^:"), (DARK, ACCENT, LIGHT), strict=True)
    for (error, values), (style, colour) in zip(curves.items(), styles, strict=False):
        label = ngettext(
            "border {error} pixel too far out", "border {error} pixels too far out", error
        )
        label = label.format(error=error)
        ax.plot(radii, values, style, color=colour, markersize=4, label=label)
    ax.set_xscale("log", base=2)
    ax.set_xticks(radii, [str(radius) for radius in radii])
    ax.set_xlabel(_("radius of the object, pixels"), fontsize=8)
    ax.set_ylabel(_("Jaccard index"), fontsize=8)
    ax.set_ylim(0, 1.02)
    ax.legend(fontsize=7)
    ax.set_title(_("One error at the border costs a small object more"), fontsize=9)
    return small_ticks(ax)
