"""Boxes and windows over an image. A box is left, top, right, bottom; the last two are outside.

The truth is a white line cased in black. What was found has its class's colour, its name and
score beside it; a solid line is right, a dashed one wrong. Beside found boxes the truth is
shown only where it was missed.
"""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from course_utils.data.boxes import Objects
from course_utils.figures.layout import pixel_axes
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS, text_colour
from course_utils.figures.segmentation import EXTRA, HIT, MISSED, show_image
from course_utils.i18n import _, ngettext
from course_utils.reference.detection import Detections

__all__ = ["show_box_overlap", "show_boxes", "show_windows"]


def show_boxes(
    ax: Axes,
    image,
    names: Sequence[str],
    *,
    truth: Objects | None = None,
    found: Detections | None = None,
    right: Sequence[bool] | None = None,
    title: str | None = None,
) -> Axes:
    """True boxes and found ones over the image.

    right: of each found box, whether it counts; all do where left out.
    title: how many boxes are drawn, where left out.
    """
    show_image(ax, image, title="")
    counts = [] if found is None else [True] * len(found.scores)
    counts = counts if right is None else list(map(bool, right))
    if truth is not None:
        for k, box in zip(truth.classes.tolist(), truth.boxes.tolist(), strict=True):
            if found is None:
                _frame(ax, box, "white", "-", 1.2)
                _tag(ax, box, k, shown(names[k]))
            elif not _is_found(k, box, found, counts):
                _frame(ax, box, "white", "-", 1.2)
    if found is not None:
        parts = (counts, found.classes.tolist(), found.boxes.tolist())
        for good, k, box in reversed(list(zip(*parts, strict=True))):  # the best on top
            _frame(ax, box, COLOURS[k % len(COLOURS)], "-" if good else (0, (3, 2)), 1.6)
        for i in _not_on_one_another(found.boxes.tolist(), np.asarray(image).shape[-1]):
            k = int(found.classes[i])
            _tag(ax, found.boxes[i].tolist(), k, f"{shown(names[k])} {found.scores[i]:.2f}")
    if title is None:
        number = len((truth if found is None else found).boxes)
        title = ngettext("{n} box", "{n} boxes", number).format(n=number)
    ax.set_title(title, fontsize=9)
    return ax


def show_windows(ax: Axes, image, windows, *, number: int, title: str | None = None) -> Axes:
    """Some windows over the image, and how many there are in all. windows: (M, 4)."""
    show_image(ax, image, title="")
    for position, box in enumerate(np.asarray(windows).tolist()):
        style = ("-", "--", ":")[position % 3]
        _frame(ax, box, ("white", COLOURS[1], COLOURS[5])[position % 3], style, 1.3)
    if title is None:
        title = ngettext(
            "{n} classification an image", "{n} classifications an image", number
        ).format(n=number)
    ax.set_title(title, fontsize=9)
    return ax


def show_box_overlap(ax: Axes, found, truth, side: int) -> Axes:
    """Two boxes of whole pixels: what they share, and the two rests. Their IoU is the title."""
    masks = []
    for left, top, right, bottom in (found, truth):
        mask = np.zeros((side, side), dtype=bool)
        mask[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
        masks.append(mask)
    here, there = masks
    picture = np.full((side, side, 3), 235, dtype=np.uint8)
    for mask, colour in ((here & there, HIT), (~here & there, MISSED), (here & ~there, EXTRA)):
        picture[mask] = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    ax.imshow(picture, interpolation="nearest")
    _frame(ax, truth, "white", "-", 1.0)
    _frame(ax, found, EXTRA, "--", 1.6)
    shared, union = int((here & there).sum()), int((here | there).sum())
    title = _("IoU = {shared} / {union} = {value:.2f}")
    ax.set_title(title.format(shared=shared, union=union, value=shared / union), fontsize=9)
    handles = [
        Patch(facecolor=colour, edgecolor="black", linewidth=0.6, label=text)
        for colour, text in ((HIT, _("both")), (MISSED, _("missed")), (EXTRA, _("extra")))
    ]
    ax.legend(
        handles=handles,
        fontsize=7,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.08),
        ncols=3,
        frameon=False,
        handlelength=1.2,
    )
    return pixel_axes(ax, side, side)


def _is_found(class_index: int, box, found: Detections, right: Sequence[bool]) -> bool:
    """Whether one of the right boxes is of this class and over this box."""
    from torchvision.ops import box_iou

    overlaps = box_iou(torch.tensor([box]), found.boxes)[0].tolist()
    parts = zip(right, found.classes.tolist(), overlaps, strict=True)
    return any(good and k == class_index and overlap >= 0.5 for good, k, overlap in parts)


def _not_on_one_another(boxes: Sequence[Sequence[float]], width: int) -> list[int]:
    """Which boxes get a tag, the first ones first: those whose tag would cover no other."""
    tagged: list[int] = []
    for i, box in enumerate(boxes):
        corners = [(boxes[j][0] - box[0], boxes[j][1] - box[1]) for j in tagged]
        if not any(abs(x) < 0.25 * width and abs(y) < 0.07 * width for x, y in corners):
            tagged.append(i)
    return tagged


def _frame(ax: Axes, box, colour: str, style, width: float) -> None:
    """A rectangle along the edges of the box's pixels, cased in black to be seen anywhere."""
    left, top, right, bottom = box
    casing = [
        patheffects.Stroke(linewidth=width + 1.6, foreground="black"),
        patheffects.Normal(),
    ]
    ax.add_patch(
        Rectangle(
            (left - 0.5, top - 0.5),
            right - left,
            bottom - top,
            fill=False,
            edgecolor=colour,
            linewidth=width,
            linestyle=style,
            path_effects=casing if style == "-" else None,
        )
    )


def _tag(ax: Axes, box, class_index: int, text: str) -> None:
    """The name of a box, inside its upper left corner."""
    colour = COLOURS[class_index % len(COLOURS)]
    paper = {"facecolor": colour, "edgecolor": "black", "linewidth": 0.4, "pad": 1.0}
    ax.text(
        max(box[0], 0) + 2,
        max(box[1], 0) + 2,
        text,
        color=text_colour(colour),
        fontsize=6,
        va="top",
        bbox=paper,
        clip_on=True,
    )
