"""The moving figures of the lecture on the loss."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.data.voc import VOID
from course_utils.figures.loss import (
    factor_curve,
    log_curve,
    probability_bars,
    score_bars,
    show_loss_map,
)
from course_utils.figures.names import shown
from course_utils.figures.segmentation import show_errors
from course_utils.figures.widgets import Choice, InteractiveFigure, Slider, interactive_figure
from course_utils.i18n import _
from course_utils.reference.losses import softmax

__all__ = ["pixel_figure", "scale_figure"]


def pixel_figure(names: Sequence[str], scores: Sequence[float]) -> InteractiveFigure:
    """The logits of one pixel on sliders; its probabilities and its loss follow."""
    names = list(names)

    def draw(figure, truth, shift, **values):
        b = torch.tensor([values[f"b{k}"] + shift for k in range(len(names))])
        a = softmax(b[None, :, None, None])[0, :, 0, 0]
        left, middle, right = figure.subplots(1, 3)
        score_bars(left, b, names)
        probability_bars(middle, a, names, truth)
        log_curve(right, float(a[truth]))

    controls = {
        f"b{k}": Slider(_("logit: {name}").format(name=shown(name)), -6.0, 6.0, score, 0.5)
        for k, (name, score) in enumerate(zip(names, scores, strict=True))
    }
    controls["shift"] = Slider(_("the same number added to all"), -6.0, 6.0, 0.0, 0.5)
    controls["truth"] = Choice(
        _("true class"), {shown(name): k for k, name in enumerate(names)}, 0
    )
    frames = [{}, {"shift": 3.0}, {"truth": 1}, {"truth": 1, "b1": 6.0}]
    return interactive_figure(draw, controls, frames, height=2.6, columns=1)


def scale_figure(logits: Tensor, truth: Tensor) -> InteractiveFigure:
    """All logits of an image times one number: the answer stays, the loss moves.

    logits: (K, H, W); truth: (H, W) labels with VOID.
    """
    labels = truth.long()
    predicted = logits.argmax(dim=0)
    factors = torch.arange(0.25, 8.01, 0.25).tolist()

    def prices(scale):
        losses = F.cross_entropy(
            scale * logits[None], labels[None], ignore_index=VOID, reduction="none"
        )[0]
        return losses.masked_fill(labels == VOID, torch.nan)

    means = [prices(factor).nanmean().item() for factor in factors]

    def draw(figure, scale):
        left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1.25, 1.25])
        show_errors(left, predicted, labels)
        show_loss_map(middle, prices(scale))
        factor_curve(right, factors, means, scale)

    controls = {"scale": Slider(_("all logits times"), 0.25, 8.0, 1.0, 0.25)}
    frames = [{"scale": 0.25}, {"scale": 1.0}, {"scale": 8.0}]
    return interactive_figure(draw, controls, frames, height=2.5, columns=1)
