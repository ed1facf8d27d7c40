"""The moving figures of the lecture on interpretation. All they show was computed before."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from course_utils.figures.class_pictures import climb_curves, seen
from course_utils.figures.interpretation import response_histogram
from course_utils.figures.patch_sheets import PAPER, coarse, mosaic
from course_utils.figures.segmentation import show_image
from course_utils.figures.widgets import (
    Choice,
    InteractiveFigure,
    Slider,
    Switch,
    interactive_figure,
)
from course_utils.i18n import _
from course_utils.reference.patches import Patch, cut_patches

__all__ = ["climb_browser", "dream_browser", "patch_browser"]


def patch_browser(
    images: Tensor, patches: Sequence[Sequence[Sequence[Patch]]], count: int = 9
) -> InteractiveFigure:
    """Choose a layer and a filter: its best patches, their windows, its responses.

    images: (N, 3, H, W) in [0, 1]. patches: for each layer, for each filter, the strongest
    response in every image that has one, the best first.
    """
    filters = min(len(layer) for layer in patches)

    def draw(figure, layer, number):
        found = patches[layer - 1][number - 1]
        best = found[:count]
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
        if not best:
            for ax in (left, middle, right):
                ax.set_axis_off()
            left.set_title(_("A dead filter: no patches"), fontsize=9)
            return
        pieces = cut_patches(images, best, fill=PAPER)
        mosaic(left, _rows(pieces, 3), title=_("The best patches"), cell=48)
        framed = [framed_image(images[patch.image], patch) for patch in best]
        mosaic(middle, _rows(framed, 3), title=_("Their windows"), cell=64)
        values = [patch.value for patch in found]
        response_histogram(right, values, len(best), len(images) - len(values))

    controls = {
        "layer": Slider(_("layer"), 1, len(patches), min(3, len(patches))),
        "number": Slider(_("filter"), 1, filters, min(7, filters)),
    }
    frames = [{"layer": max(1, len(patches) - 1)}]
    return interactive_figure(draw, controls, frames, height=2.1, columns=1)


def climb_browser(
    pictures: Mapping[float, Sequence[Tensor]],
    marks: Sequence[int],
    logits: Mapping[float, Sequence[float]],
    names: Sequence[str],
) -> InteractiveFigure:
    """Choose lambda and the number of steps of a climb; the class pictures follow.

    pictures: lambda -> for each of `marks` steps (classes, 3, H, W), about mid-grey.
    logits: lambda -> mean logit after 0, 1, ... steps.
    """
    lambdas = list(pictures)

    def draw(figure, lambda_, steps, stretch):
        x = pictures[lambda_][list(marks).index(steps)]
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
        if stretch:
            title = _("Contrast stretched")
        else:
            title = _("Cut off at black and white")
        sheet = [list(seen(x, stretch=stretch))]
        mosaic(left, sheet, title=title, column_labels=names, cell=64)
        climb_curves(right, logits, (lambda_, steps))

    controls = {
        "lambda_": Choice("λ", {f"{value:g}": value for value in lambdas}, lambdas[1]),
        "steps": Choice(_("steps"), {str(mark): mark for mark in marks}, marks[-1]),
        "stretch": Switch(_("stretch the contrast"), False),
    }
    frames = [
        {"lambda_": lambdas[0]},
        {"lambda_": lambdas[-1], "stretch": True},
    ]
    return interactive_figure(draw, controls, frames, height=1.9, columns=1)


def dream_browser(image: Tensor, dreams: Sequence[Tensor]) -> InteractiveFigure:
    """Choose a layer: the image as that layer dreams it; 0 is the image itself.

    image: (3, H, W); dreams: for each layer 1, 2, ... (3, H, W), all in [0, 1].
    """

    def draw(figure, layer):
        if layer == 0:
            title = _("The image")
        else:
            title = _("Dreamt by layer {number}").format(number=layer)
        show_image(figure.subplots(), coarse([image, *dreams][layer]), title=title)

    last = len(dreams)
    controls = {"layer": Slider(_("layer"), 0, last, (last + 1) // 2)}
    frames = [{"layer": number} for number in sorted({0, 1, (last + 1) // 2})]
    return interactive_figure(draw, controls, frames, height=2.2, columns=len(frames))


def framed_image(image: Tensor, patch: Patch) -> Tensor:
    """A copy of the image, all but the patch's window faded and the window framed in black."""
    window, width = patch.window, max(1, image.shape[-1] // 64)
    inside = np.zeros(image.shape[1:], dtype=bool)
    inside[window.top : window.bottom, window.left : window.right] = True
    rim = inside.copy()
    rim[
        window.top + width : window.bottom - width, window.left + width : window.right - width
    ] = False
    framed = image.clone()
    framed[:, ~inside] = 0.5 * framed[:, ~inside] + 0.5
    framed[:, rim] = 0.0
    return framed


def _rows(items: Sequence, columns: int) -> list[Sequence]:
    return [items[start : start + columns] for start in range(0, len(items), columns)]
