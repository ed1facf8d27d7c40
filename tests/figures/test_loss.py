"""The figures of the lecture on the loss say what they were given."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from course_utils import figures
from course_utils.data import VOID

NAMES = ("background", "disc", "square")


def test_the_price_of_a_pixel_stands_in_the_title(ax):
    figures.probability_bars(ax, [0.2, 0.5, 0.3], NAMES, 1)
    assert ax.get_title() == "True class: disc, loss 0.69"


def test_multiplied_logits_are_named_in_the_title(ax):
    figures.probability_bars(ax, [0.2, 0.5, 0.3], NAMES, 1, times=5)
    assert ax.get_title() == "Logits times 5: loss 0.69"


def test_the_factor_in_use_is_marked_on_its_curve(ax):
    figures.factor_curve(ax, [0.5, 1.0, 2.0], [3.0, 1.0, 2.0], 2.0)
    curve, mark = ax.get_lines()
    assert curve.get_ydata().tolist() == [3, 1, 2]
    assert [mark.get_xdata()[0], mark.get_ydata()[0]] == [2, 2]


def test_every_run_is_drawn_beside_the_mean(ax):
    norms = {"sum": np.array([[1, 4], [3, 8]]), "mean": np.array([[1, 1], [1, 1]])}
    figures.gradient_norm_curves(ax, [8, 16], norms)
    heights = [line.get_ydata().tolist() for line in ax.get_lines()]
    assert heights[:3] == [[2, 6], [1, 4], [3, 8]]


@pytest.mark.parametrize("factor", [0.25, 1.0, 8.0])
def test_the_curve_of_factors_is_the_loss_over_labelled_pixels(factor):
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 8, 8, generator=draw)
    truth = torch.randint(3, (8, 8), generator=draw)
    truth[2:4] = VOID
    figure = Figure()
    figures.scale_figure(logits, truth).draw(figure, scale=factor)
    curve, mark = figure.axes[2].get_lines()
    expected = F.cross_entropy(factor * logits[None], truth[None], ignore_index=VOID).item()
    assert mark.get_ydata()[0] == pytest.approx(expected, rel=1e-5)
    assert curve.get_ydata().min() <= expected
