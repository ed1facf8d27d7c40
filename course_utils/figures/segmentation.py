"""Pictures of segmentation: images, label maps, overlays, mistakes, metrics per class.

Every function draws into the `ax` it is given and returns it. Label maps are (H, W) integers,
numpy arrays or tensors; titles come translated from the caller or from here.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from course_utils.data.voc import VOID
from course_utils.figures.layout import pixel_axes, small_ticks
from course_utils.figures.names import shown
from course_utils.figures.palette import COLOURS, colorize, legend_handles, text_colour
from course_utils.i18n import _, ngettext

__all__ = [
    "class_bars",
    "show_confusion",
    "show_errors",
    "show_image",
    "show_labels",
    "show_objects",
    "show_overlap",
    "show_overlay",
]

HIT, MISSED, EXTRA = "#4aaf00", "#002aaf", "#f2e702"
RIGHT, WRONG = "#d9d9d9", "#b20021"


def show_image(ax: Axes, image, *, title: str | None = None) -> Axes:
    """A photograph. image: (H, W, 3) uint8, or (3, H, W) floats in [0, 1]."""
    picture = _picture(image)
    ax.imshow(picture, interpolation="nearest")
    ax.set_title(_("The image") if title is None else title, fontsize=9)
    return pixel_axes(ax, *picture.shape[:2])


def show_labels(
    ax: Axes, labels, names: Sequence[str], *, title: str | None = None, legend: bool = True
) -> Axes:
    """A label map in the course's palette, with a legend of the classes that occur in it."""
    labels = np.asarray(labels)
    ax.imshow(colorize(labels), interpolation="nearest")
    present = [int(k) for k in np.unique(labels) if k != VOID]
    if title is None:
        number = len(set(present) - {0})
        title = ngettext(
            "{n} class and the background", "{n} classes and the background", number
        )
        title = title.format(n=number)
    ax.set_title(title, fontsize=9)
    if legend:
        handles = legend_handles(present, names, void=bool((labels == VOID).any()))
        _legend_below(ax, handles)
    return pixel_axes(ax, *labels.shape)


def show_objects(ax: Axes, objects, *, title: str | None = None) -> Axes:
    """A map of objects, each with its number. objects: (H, W), 0 background, 1, 2, ...

    The number stands on the object; colours only tell neighbours apart.
    """
    objects = np.asarray(objects)
    numbers = [int(j) for j in np.unique(objects) if j not in (0, VOID)]
    colour_of = {j: 1 + position % (len(COLOURS) - 1) for position, j in enumerate(numbers)}
    painted = np.where(objects == VOID, VOID, 0)
    for j in numbers:
        painted[objects == j] = colour_of[j]
    ax.imshow(colorize(painted), interpolation="nearest")
    for j in numbers:
        row, column = _inner_point(objects == j)
        colour = text_colour(COLOURS[colour_of[j]])
        ax.text(column, row, str(j), color=colour, ha="center", va="center", fontsize=9)
    if title is None:
        title = ngettext("{n} object", "{n} objects", len(numbers)).format(n=len(numbers))
    ax.set_title(title, fontsize=9)
    return pixel_axes(ax, *objects.shape)


def show_overlay(
    ax: Axes, image, labels, *, opacity: float = 0.55, title: str | None = None
) -> Axes:
    """The label map laid over its image; the background (class 0) lets the image through."""
    labels = np.asarray(labels)
    picture = _picture(image)
    paint = np.where(labels == 0, 0.0, opacity)[..., None]
    mixed = picture * (1 - paint) + colorize(labels) * paint
    ax.imshow(mixed.round().astype(np.uint8), interpolation="nearest")
    ax.set_title(_("Labels over the image") if title is None else title, fontsize=9)
    return pixel_axes(ax, *labels.shape)


def show_errors(ax: Axes, predicted, truth, *, title: str | None = None) -> Axes:
    """Where the prediction is wrong. The void is white: it is neither right nor wrong."""
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    picture = np.where((predicted == truth)[..., None], _rgb(RIGHT), _rgb(WRONG))
    picture[truth == VOID] = 255
    ax.imshow(picture.astype(np.uint8), interpolation="nearest")
    wrong = int(((predicted != truth) & (truth != VOID)).sum())
    counted = int((truth != VOID).sum())
    if title is None:
        title = _("{wrong} of {counted} pixels are wrong").format(wrong=wrong, counted=counted)
    ax.set_title(title, fontsize=9)
    handles = [_patch(RIGHT, _("right")), _patch(WRONG, _("wrong"))]
    _legend_below(ax, handles)
    return pixel_axes(ax, *truth.shape)


def show_overlap(
    ax: Axes,
    predicted,
    truth,
    class_index: int,
    *,
    title: str | None = None,
    legend: bool = True,
) -> Axes:
    """Hits, missed and extra pixels of one class: the three numbers of its Jaccard index."""
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    counted = truth != VOID
    found, there = (predicted == class_index) & counted, (truth == class_index) & counted
    picture = np.full((*truth.shape, 3), 235, dtype=np.uint8)
    picture[found & there] = _rgb(HIT)
    picture[~found & there] = _rgb(MISSED)
    picture[found & ~there] = _rgb(EXTRA)
    picture[~counted] = 255
    ax.imshow(picture, interpolation="nearest")
    hits, union = int((found & there).sum()), int((found | there).sum())
    if title is None and union:
        title = _("J = {hits} / {union} = {value:.2f}").format(
            hits=hits, union=union, value=hits / union
        )
    elif title is None:
        title = _("J = 0 / 0: the class is absent")
    ax.set_title(title, fontsize=9)
    if legend:
        handles = [
            _patch(HIT, _("hit")),
            _patch(MISSED, _("missed")),
            _patch(EXTRA, _("extra")),
        ]
        _legend_below(ax, handles)
    return pixel_axes(ax, *truth.shape)


def show_confusion(ax: Axes, counts, names: Sequence[str], *, title: str | None = None) -> Axes:
    """The confusion matrix, each row in per cent of its true class.

    counts: (K, K) pixel counts, row = truth, column = prediction. A row without pixels stays
    empty.
    """
    counts = np.asarray(counts, dtype=np.float64)
    rows = counts.sum(1, keepdims=True)
    share = np.divide(100 * counts, rows, out=np.full_like(counts, np.nan), where=rows > 0)
    ax.imshow(share, cmap="Greys", vmin=0, vmax=100)
    for row, column in np.ndindex(*share.shape):
        value = share[row, column]
        if not math.isnan(value) and value > 0:
            text = "<1" if value < 1 else f"{value:.0f}"
            colour = "white" if value > 55 else "black"
            ax.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    ticks = [shown(name) for name in names]
    ax.set_xticks(range(len(ticks)), ticks, rotation=45, ha="right", fontsize=7)
    ax.set_yticks(range(len(ticks)), ticks, fontsize=7)
    ax.set_xlabel(_("predicted class"), fontsize=8)
    ax.set_ylabel(_("true class"), fontsize=8)
    if title is None:
        title = _("Where the pixels of each class went, % of the row")
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def class_bars(
    ax: Axes,
    values,
    names: Sequence[str],
    *,
    xlabel: str,
    title: str,
    mean: float | None = None,
    limit: float | None = 1.0,
    classes: Sequence[int] | None = None,
    digits: int = 2,
) -> Axes:
    """One bar a class, its value written beside it; a class without a value says "absent".

    values: (K,) numbers, NaN for an absent class. limit: the end of the x axis, or None.
    classes: the class of each bar, for its colour; 0, 1, ... where left out.
    digits: after the decimal point of the values written beside the bars.
    """
    values = np.asarray(values, dtype=np.float64)
    heights = np.arange(len(values))
    classes = range(len(values)) if classes is None else classes
    colours = [COLOURS[k % len(COLOURS)] for k in classes]
    ax.barh(heights, np.nan_to_num(values), color=colours, edgecolor="black", linewidth=0.6)
    end = limit if limit is not None else np.nanmax(values)
    for height, value in zip(heights, values, strict=True):
        text = _("absent") if math.isnan(value) else f"{value:.{digits}f}"
        x = 0.0 if math.isnan(value) else value
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        ax.text(x + 0.01 * end, height, text, va="center", fontsize=7, bbox=paper)
    if mean is not None:
        label = _("mean {value:.2f}").format(value=mean)
        ax.axvline(mean, color="black", linestyle="--", linewidth=1, label=label)
        ax.legend(fontsize=7, loc="lower right")
    ax.set_yticks(heights, [shown(name) for name in names], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.12 * end)
    ax.set_xlabel(xlabel, fontsize=8)
    ax.set_title(title, fontsize=9)
    return small_ticks(ax)


def _legend_below(ax: Axes, handles: list[Patch]) -> None:
    ax.legend(
        handles=handles,
        fontsize=7,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.06),
        ncols=min(3, len(handles)),
        frameon=False,
        handlelength=1.2,
        columnspacing=1.0,
    )


def _patch(colour: str, label: str) -> Patch:
    return Patch(facecolor=colour, edgecolor="black", linewidth=0.6, label=label)


def _picture(image) -> np.ndarray:
    """(H, W, 3) uint8 from either of the two forms of an image."""
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[0] == 3 and array.dtype != np.uint8:
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] != 3:
        raise ValueError(
            f"Expected an image (H, W, 3) uint8 or (3, H, W) floats, got {array.shape}, "
            f"{array.dtype}."
        )
    if array.dtype == np.uint8:
        return array
    if array.min() < 0 or array.max() > 1:
        raise ValueError(
            f"Expected floats in [0, 1], got {array.min():.3g}..{array.max():.3g}. "
            "Undo the normalisation before showing an image."
        )
    return (255 * array).round().astype(np.uint8)


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def _inner_point(mask: np.ndarray) -> tuple[float, float]:
    """The pixel of the mask that is nearest to its centre of mass: never outside the mask."""
    points = np.argwhere(mask)
    nearest = np.abs(points - points.mean(0)).sum(1).argmin()
    return tuple(points[nearest])
