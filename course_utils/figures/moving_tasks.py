"""The moving figures of the lecture on the tasks of computer vision."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_iou

from course_utils.data.boxes import Objects
from course_utils.figures.boxes import show_box_overlap, show_boxes, show_windows
from course_utils.figures.detection import precision_recall_curves
from course_utils.figures.names import shown
from course_utils.figures.widgets import Choice, InteractiveFigure, Slider, interactive_figure
from course_utils.figures.window_scores import window_bars
from course_utils.i18n import _
from course_utils.reference.detection import (
    Detections,
    average_precision,
    detections,
    matched,
    over_scenes,
    precision_and_recall,
    suppressed,
)

__all__ = ["box_overlap_figure", "detection_figure", "window_figure"]


def window_figure(
    image,
    probabilities: Mapping[int, Tensor],
    names: Sequence[str],
    truth: Objects,
    stride: int,
) -> InteractiveFigure:
    """A window slid over the image by hand; what the classifier says of it beside it.

    probabilities: size of the window -> (rows, columns, K), of windows every `stride` pixels.
    """
    side = image.shape[-1]
    sizes = sorted(probabilities)

    def draw(figure, row, column, size):
        maps = probabilities[size]
        i, j = min(row // stride, maps.shape[0] - 1), min(column // stride, maps.shape[1] - 1)
        window = torch.tensor([[j, i, j, i]]) * stride + torch.tensor([[0, 0, size, size]])
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.2])
        overlap = float(box_iou(window.float(), truth.boxes).max())
        title = _("IoU with the nearest object: {value:.2f}").format(value=overlap)
        show_windows(left, image, window, number=1, title=title)
        best = int(maps[i, j].argmax())
        window_bars(
            right, maps[i, j], names, title=_("Answer: {name}").format(name=shown(names[best]))
        )

    start = sizes[len(sizes) // 2]
    sure = (
        1 - probabilities[start][..., 0]
    )  # the surest window of the middle size is where we begin
    row, column = (stride * int(i) for i in np.unravel_index(int(sure.argmax()), sure.shape))
    end = side - sizes[0]
    controls = {
        "row": Slider(_("upper row, pixels"), 0, end, row, stride),
        "column": Slider(_("left column, pixels"), 0, end, column, stride),
        "size": Choice(_("window, pixels"), {str(size): size for size in sizes}, start),
    }
    aside = column + start // 2 // stride * stride
    frames = [{}, {"column": aside if aside <= end else column - (aside - column)}]
    return interactive_figure(draw, controls, frames, height=2.0, columns=1)


def box_overlap_figure(side: int = 24) -> InteractiveFigure:
    """Two boxes of one truth and one answer; the answer can be moved and resized."""
    truth = (6, 6, 18, 18)

    def draw(figure, right, down, size):
        box = (6 + right, 6 + down, 6 + right + size, 6 + down + size)
        one, other = figure.subplots(1, 2)
        show_box_overlap(one, box, truth, side)
        steps = np.arange(-6, 7)
        moved = torch.tensor([[6 + s, 6 + down, 6 + s + size, 6 + down + size] for s in steps])
        values = box_iou(moved.float(), torch.tensor([truth]).float())[:, 0]
        other.plot(steps, values, "-", color="black", linewidth=1.2)
        other.plot([right], [values[right + 6]], "o", color="#ff9138", markeredgecolor="black")
        other.axhline(0.5, color="grey", linestyle="--", linewidth=1)
        other.set_ylim(0, 1.05)
        other.set_xlabel(_("shift to the right, pixels"), fontsize=8)
        other.set_ylabel(_("IoU"), fontsize=8)
        other.set_title(_("IoU falls quickly with the shift"), fontsize=9)
        other.tick_params(labelsize=7)

    controls = {
        "right": Slider(_("shift to the right, pixels"), -6, 6, 0),
        "down": Slider(_("shift down, pixels"), -6, 6, 0),
        "size": Slider(_("side of the box, pixels"), 4, 12, 12),
    }
    frames = [{"right": 4}, {"right": 4, "down": 4}]
    return interactive_figure(draw, controls, frames, height=2.3, columns=1)


def detection_figure(
    images,
    probabilities: Tensor,
    windows: Tensor,
    truth: Sequence[Objects],
    names: Sequence[str],
    example: int,
) -> InteractiveFigure:
    """A threshold on scores and one on overlaps; the boxes kept, precision and recall follow.

    images: (N, 3, H, W). probabilities: (N, M, K), background first. windows: (M, 4).
    """
    curves: dict[float, tuple] = {}  # by overlap: what the whole set gives, computed once
    kept: dict[float, list[Detections]] = {}

    def curve(overlap: float) -> tuple:
        if overlap not in curves:
            kept[overlap] = [
                suppressed(detections(each, windows), overlap) for each in probabilities
            ]
            curves[overlap] = precision_and_recall(*over_scenes(kept[overlap], truth))
        return curves[overlap]

    def draw(figure, threshold, overlap):
        thresholds, precision, recall = curve(overlap)
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
        found = kept[overlap][example]
        found = Detections(*(part[found.scores >= threshold] for part in found))
        counts = matched(found, truth[example])
        title = _("{right} of {found} boxes are right").format(
            right=int(counts.sum()), found=len(counts)
        )
        show_boxes(
            left,
            images[example],
            names,
            truth=truth[example],
            found=found,
            right=counts,
            title=title,
        )
        last = int((thresholds >= threshold).sum()) - 1
        point = (float(recall[last]), float(precision[last])) if last >= 0 else None
        area = average_precision(precision, recall)
        name = _("all scenes, AP {area:.2f}").format(area=area)
        title = _("Lower threshold: more found, more wrong")
        precision_recall_curves(right, {name: (precision, recall)}, point=point, title=title)

    for overlap in (0.1, 0.3, 0.5, 0.7, 1.0):
        curve(overlap)
    off = _("off")
    controls = {
        "threshold": Slider(_("threshold on the score"), 0.05, 0.95, 0.5, 0.05),
        "overlap": Choice(
            _("suppress above IoU"),
            {off if value == 1 else f"{value:g}": value for value in curves},
            0.3,
        ),
    }
    frames = [{"threshold": 0.8}]
    return interactive_figure(draw, controls, frames, height=2.5, columns=1)
