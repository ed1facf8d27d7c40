"""Up-convolution that moves: one stamp after another, and what has been added up so far."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.figures.up_convolution import show_numbers, show_stamp_counts
from course_utils.figures.widgets import Choice, InteractiveFigure, Slider, interactive_figure
from course_utils.i18n import _

__all__ = ["stamp_figure"]


def stamp_figure(values: Tensor, kernels: dict[int, Tensor]) -> InteractiveFigure:
    """Up-convolution of a small map: the slider goes through its pixels one by one.

    values: (H, W). kernels: side -> (side, side); the side can be chosen, and the stride.
    """
    height, width = values.shape
    order = torch.arange(height * width).reshape(height, width)

    def draw(figure, step, side, stride):
        kernel = kernels[side]
        done = order < step
        answer = _up_convolve(values * done, kernel, stride)
        counts = _up_convolve(done.float(), torch.ones_like(kernel), stride)
        row, column = divmod(max(step, 1) - 1, width)
        left, middle, wide, last = figure.subplots(1, 4, width_ratios=[1, 1, 1.5, 1.5])
        now = (row, column, 1) if step else None
        show_numbers(left, values, title=_("Input"), frame=now)
        stamp = values[row, column] * kernel if step else 0 * kernel
        show_numbers(middle, stamp, title=_("This pixel's stamp"))
        place = (row * stride, column * stride, side) if step else None
        show_numbers(wide, answer, title=_("Sum so far"), frame=place)
        if step == height * width:
            show_stamp_counts(last, counts, side, stride)
        else:
            show_numbers(last, counts, title=_("How many stamps"), frame=place)

    controls = {
        "step": Slider(_("pixels done"), 0, height * width, 1),
        "side": Choice(_("kernel"), {f"{k} × {k}": k for k in kernels}, min(kernels)),
        "stride": Choice(_("stride"), {str(s): s for s in (1, 2, 3)}, 2),
    }
    sides = sorted(kernels)
    every = height * width
    frames = [{"step": 2}, {"step": every}, {"step": every, "side": sides[1]}]
    return interactive_figure(draw, controls, frames, height=2.4, columns=1)


def _up_convolve(values: Tensor, kernel: Tensor, stride: int) -> Tensor:
    return F.conv_transpose2d(values[None, None], kernel[None, None], stride=stride)[0, 0]
