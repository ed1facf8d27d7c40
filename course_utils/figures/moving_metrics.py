"""The moving figures of the lecture on metrics."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from course_utils.data.voc import VOID
from course_utils.figures.metrics import CONVENTIONS, convention_bars
from course_utils.figures.names import shown
from course_utils.figures.segmentation import class_bars, show_labels, show_overlap
from course_utils.figures.spoiling import (
    brushed,
    filled,
    grown,
    shifted,
    swapped,
    without_object,
)
from course_utils.figures.widgets import (
    Choice,
    InteractiveFigure,
    Slider,
    Switch,
    interactive_figure,
)
from course_utils.i18n import _, ngettext
from course_utils.reference.metrics import confusion_counts, jaccard, pixel_accuracy

__all__ = ["brush_figure", "convention_figure", "object_size_figure", "spoiling_figure"]


def brush_figure(
    truth, names: Sequence[str], strokes: Sequence[tuple[int, int, int]] = ()
) -> InteractiveFigure:
    """A prediction to paint over with a round brush; metrics follow.

    truth: (H, W) labels. strokes: (row, column, radius) of the background's brush, one frame of
    the static twin each, after the prediction as it is; where left out, two about the middle.
    """
    truth = np.asarray(truth)
    height, width = truth.shape
    start = filled(truth)

    def draw(figure, row, column, radius, colour):
        predicted = brushed(start, row, column, radius, colour)
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
        show_labels(left, predicted, names, title=_("The prediction, painted over"))
        _metric_bars(right, predicted, truth, names)

    classes = {shown(name): k for k, name in enumerate(names)}
    controls = {
        "row": Slider(_("row, pixels"), 0, height - 1, height // 2),
        "column": Slider(_("column, pixels"), 0, width - 1, width // 2),
        "radius": Slider(_("radius, pixels"), 0, min(height, width) // 2, 0),
        "colour": Choice(_("paint"), classes, 0),
    }
    reach = min(height, width) // 2
    strokes = strokes or [(height // 2, width // 2, r) for r in (reach // 2, reach)]
    frames = [dict(zip(("row", "column", "radius"), stroke, strict=True)) for stroke in strokes]
    return interactive_figure(draw, controls, [{"radius": 0}, *frames], height=3.2, columns=1)


def spoiling_figure(truth, objects, names: Sequence[str]) -> InteractiveFigure:
    """The truth spoilt by a shift, a wrong border, a lost object, a confused class."""
    truth, objects = np.asarray(truth), np.asarray(objects)
    start, whole = filled(truth), filled(objects)
    numbers, sizes = np.unique(whole[whole > 0], return_counts=True)
    largest = int(numbers[sizes.argmax()])
    owner = int(np.bincount(start[whole == largest]).argmax())
    other = next(k for k in range(1, len(names)) if k != owner)

    def draw(figure, shift, grow, lost, confused):
        predicted = without_object(start, whole, lost) if lost else start
        predicted = swapped(predicted, owner, other) if confused else predicted
        predicted = shifted(grown(predicted, grow), 0, shift)
        left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.2])
        show_labels(left, predicted, names, title=_("The prediction"))
        show_overlap(middle, predicted, truth, owner)
        name = shown(names[owner])
        middle.set_title(f"{name}: {middle.get_title()}", fontsize=9)
        _metric_bars(right, predicted, truth, names)

    nobody = {_("none"): 0}
    confusion = _("{one} taken for {other}")
    confusion = confusion.format(one=shown(names[owner]), other=shown(names[other]))
    controls = {
        "shift": Slider(_("shift to the right, pixels"), -12, 12, 0),
        "grow": Slider(_("border moved outwards, pixels"), -4, 4, 0),
        "lost": Choice(_("lost object"), nobody | {str(j): int(j) for j in numbers}, 0),
        "confused": Switch(confusion, False),
    }
    frames = [{"shift": 3}, {"grow": 3}, {"lost": largest}, {"confused": True}]
    return interactive_figure(draw, controls, frames, height=2.9, columns=1)


def object_size_figure(side: int = 60) -> InteractiveFigure:
    """A square object of any size, of which any part is found: accuracy against Jaccard."""

    def draw(figure, size, found):
        truth = np.zeros((side, side), dtype=np.uint8)
        top = (side - size) // 2
        truth[top : top + size, top : top + size] = 1
        predicted = np.zeros_like(truth)
        predicted[top : top + size, top : top + round(size * found / 100)] = 1
        left, right = figure.subplots(1, 2)
        show_overlap(left, predicted, truth, 1)
        counts = _counts(predicted, truth, 2)
        values = [float(pixel_accuracy(counts)), *jaccard(counts).tolist()]
        rows = [_("pixel accuracy"), _("J, background"), _("J, object")]
        title = _("The object is {share:.1f}% of the image").format(share=100 * truth.mean())
        xlabel = _("the metric's value")
        class_bars(right, values, rows, xlabel=xlabel, title=title, classes=[3, 0, 1])

    controls = {
        "size": Slider(_("side of the object, pixels"), 2, side - 4, 14),
        "found": Slider(_("found, % of the object"), 0, 100, 50, 5),
    }
    frames = [{"size": 14, "found": 0}, {"size": 14, "found": 50}, {"size": 50, "found": 50}]
    return interactive_figure(draw, controls, frames, height=2.1, columns=1)


def convention_figure(
    conventions: Callable[[Tensor, Tensor, int], Mapping[str, float]],
    predicted: Tensor,
    truth: Tensor,
    num_classes: int,
) -> InteractiveFigure:
    """How far the conventions part on the first m images. conventions: key -> value."""

    def draw(figure, images):
        values = conventions(predicted[:images], truth[:images], num_classes)
        numbers = [float(value) for value in values.values()]
        title = ngettext(
            "{n} image: from {low:.2f} to {high:.2f}",
            "{n} images: from {low:.2f} to {high:.2f}",
            images,
        ).format(n=images, low=min(numbers), high=max(numbers))
        convention_bars(figure.subplots(), dict(zip(values, numbers, strict=True)), title=title)

    assert set(conventions(predicted, truth, num_classes)) <= set(CONVENTIONS)
    controls = {"images": Slider(_("images in the set"), 1, len(truth), 4)}
    frames = [{"images": 1}, {"images": 4}, {"images": len(truth)}]
    return interactive_figure(draw, controls, frames, height=2.6, columns=1)


def _metric_bars(ax, predicted: np.ndarray, truth: np.ndarray, names: Sequence[str]) -> None:
    """Accuracy and mean in the title, Jaccard of the classes that occur as bars."""
    counts = _counts(predicted, truth, len(names))
    values = jaccard(counts)
    there = [k for k in range(len(names)) if not values[k].isnan()]
    title = _("Pixel accuracy {accuracy:.3f},\nmean Jaccard {mean:.3f}")
    title = title.format(accuracy=float(pixel_accuracy(counts)), mean=float(values.nanmean()))
    class_bars(
        ax,
        values[there],
        [names[k] for k in there],
        xlabel=_("Jaccard index"),
        title=title,
        classes=there,
    )


def _counts(predicted: np.ndarray, truth: np.ndarray, num_classes: int) -> Tensor:
    assert not (predicted == VOID).any()
    pair = (
        torch.from_numpy(np.ascontiguousarray(labels))[None] for labels in (predicted, truth)
    )
    return confusion_counts(*pair, num_classes)
