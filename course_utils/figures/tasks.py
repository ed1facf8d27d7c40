"""Five tasks on one image: their answers side by side, their sizes, their prices."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.data.boxes import Objects
from course_utils.figures.boxes import show_boxes
from course_utils.figures.layout import small_ticks
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS
from course_utils.figures.segmentation import show_image, show_labels, show_objects
from course_utils.figures.tables import Table
from course_utils.i18n import N_, _

__all__ = [
    "TASKS",
    "answers_table",
    "price_table",
    "show_task",
    "view_bars",
    "whole_scene_bars",
]

# The lecture's five tasks.
TASKS = {
    "classification": N_("Classification"),
    "localisation": N_("Localisation"),
    "detection": N_("Detection"),
    "semantic": N_("Semantic segmentation"),
    "instances": N_("Instance segmentation"),
}

# What the windows of a price list are.
PRICES = {
    "whole": N_("classification: the whole image"),
    "grid": N_("localisation, detection: our grid"),
    "squares": N_("the same: every square of whole pixels"),
    "boxes": N_("the same: every box of whole pixels"),
    "coarse": N_("semantic segmentation: every eighth pixel"),
    "pixels": N_("semantic segmentation: every pixel"),
    "both": N_("instance segmentation: our grid and every eighth pixel"),
}

DARK, LIGHT = COLOURS[4], COLOURS[3]


def show_task(
    ax: Axes, task: str, image, labels, objects, truth: Objects, names: Sequence[str]
) -> Axes:
    """The right answer to one task. task: a key of TASKS; labels, objects: (H, W) maps.

    truth: the objects with their boxes. What needs one object takes the largest.
    """
    title = _(TASKS[task])
    sides = truth.boxes[:, 2:] - truth.boxes[:, :2]
    largest = int((sides[:, 0] * sides[:, 1]).argmax())
    if task == "classification":
        show_image(ax, image, title=title)
        name = shown(names[int(truth.classes[largest])])
        paper = {"facecolor": "white", "edgecolor": "black", "pad": 2.5}
        middle = (np.asarray(labels).shape[1] - 1) / 2
        ax.text(middle, 6, name, ha="center", va="top", fontsize=9, bbox=paper)
        return ax
    if task == "semantic":
        return show_labels(ax, labels, names, title=title, legend=False)
    if task == "instances":
        return show_objects(ax, objects, title=title)
    one = Objects(truth.classes[[largest]], truth.boxes[[largest]])
    return show_boxes(
        ax, image, names, truth=one if task == "localisation" else truth, title=title
    )


def answers_table(side: int, classes: int, objects: int) -> Table:
    """What each task's answer is as a tensor, and how many numbers it holds on this image.

    classes: without the background. objects: in the image.
    """
    pixels = side * side
    rows = [
        ("classification", _("one class"), "()", 1),
        ("localisation", _("one class and one box"), "(1 + 4,)", 5),
        (
            "detection",
            _("a class and a box of every object"),
            f"({objects}, 1 + 4)",
            5 * objects,
        ),
        ("semantic", _("a class of every pixel"), f"({side}, {side})", pixels),
        (
            "instances",
            _("a class and a mask of every object"),
            f"({objects},), ({objects}, {side}, {side})",
            objects + objects * pixels,
        ),
    ]
    heading = [_("task"), _("answer"), _("shape of the tensor"), _("numbers")]
    return Table(heading, [[_(TASKS[task]), *rest] for task, *rest in rows])


def price_table(prices: Mapping[str, int]) -> Table:
    """Classifications for one image. prices: keys of PRICES -> how many."""
    rows = [[_(PRICES[key]), f"{n:,}".replace(",", "\u00a0")] for key, n in prices.items()]
    return Table([_("what is classified"), _("windows")], rows)


def whole_scene_bars(ax: Axes, objects: Sequence[int], right, chance) -> Axes:
    """How often the class of a whole scene is a class of one of its objects.

    objects: of each scene, how many. right: of each scene, whether the answer is in it.
    chance: of each scene, the share of classes that are in it: what a guess would get.
    """
    objects, right, chance = np.asarray(objects), np.asarray(right, float), np.asarray(chance)
    numbers = [n for n in np.unique(objects) if n > 0]
    groups = [objects == n for n in numbers]
    share = np.array([right[group].mean() for group in groups])
    error = [np.sqrt(s * (1 - s) / g.sum()) for s, g in zip(share, groups, strict=True)]
    places = np.arange(len(numbers))
    ax.bar(places, 100 * share, color=DARK, width=0.6, label=_("the network"))
    ax.errorbar(
        places, 100 * share, 100 * np.array(error), fmt="none", ecolor="grey", capsize=4
    )
    guess = [100 * chance[group].mean() for group in groups]
    ax.plot(places, guess, "D--", color=LIGHT, markeredgecolor="black", label=_("a guess"))
    ax.set_xticks(places, [str(n) for n in numbers])
    ax.set_ylim(0, 105)
    ax.set_xlabel(_("objects in the scene"), fontsize=8)
    ax.set_ylabel(_("class is in the scene, %"), fontsize=8)
    ax.legend(fontsize=7, loc="lower right")
    ax.set_title(_("One class for all: more objects, easier to hit one"), fontsize=9)
    return small_ticks(ax)


def view_bars(ax: Axes, whole, window) -> Axes:
    """Accuracy of one classifier on whole scenes and on windows around their objects.

    whole, window: rightness of each scene, 0 or 1; scenes of one object.
    """
    names = (_("the whole scene"), _("a window around the object"))
    for place, (values, colour) in enumerate(((whole, DARK), (window, LIGHT))):
        share, number = np.mean(np.asarray(values, float)), len(values)
        error = 100 * np.sqrt(share * (1 - share) / number)
        ax.bar(place, 100 * share, color=colour, edgecolor="black", linewidth=0.6, width=0.6)
        ax.errorbar(place, 100 * share, error, color="grey", capsize=4)
        ax.text(
            place,
            4,
            f"{100 * share:.0f}",
            ha="center",
            fontsize=9,
            color="white" if place == 0 else "black",
        )
    ax.set_xticks(range(2), names, fontsize=8)
    ax.set_ylim(0, 105)
    ax.set_ylabel(_("right class, %"), fontsize=8)
    ax.set_title(_("The classifier wants the object to fill its view"), fontsize=9)
    return small_ticks(ax)
