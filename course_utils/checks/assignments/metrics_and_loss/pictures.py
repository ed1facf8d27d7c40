"""The smallest failing case as a picture: masks, and numbers class by class.

Matplotlib is imported when something is drawn, not before.
"""

from typing import Any

import numpy as np
import torch

from course_utils.checks.exercise import Case
from course_utils.checks.probing import Observation
from course_utils.i18n import _

__all__ = ["per_class"]

_MOST_IMAGES = 3


def per_class(case: Case, expected: Observation, got: Observation) -> Any:
    """Truth and prediction side by side; beside them the expected and the got numbers."""
    truth, predicted = case.inputs["truth"], case.inputs["predicted"]
    if not _vector(got.answer) or len(got.answer) != len(expected.answer):
        return masks(truth, predicted)
    figure, axes, bars = _grid(truth, with_bars=True)
    _draw_masks(axes, truth, predicted)
    _draw_bars(bars, expected.answer, got.answer)
    return figure


def masks(truth: torch.Tensor, predicted: torch.Tensor) -> Any:
    """Truth and prediction side by side, one row an image."""
    figure, axes, _bars = _grid(truth, with_bars=False)
    _draw_masks(axes, truth, predicted)
    return figure


def _grid(truth: torch.Tensor, with_bars: bool) -> tuple[Any, Any, Any]:
    from matplotlib.figure import Figure

    rows = min(len(truth), _MOST_IMAGES)
    widths = [1, 1, 1.6] if with_bars else [1, 1]
    figure = Figure(figsize=(2.1 * sum(widths), 0.4 + 1.9 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, len(widths), width_ratios=widths)
    axes = [[figure.add_subplot(grid[row, column]) for column in (0, 1)] for row in range(rows)]
    return figure, axes, figure.add_subplot(grid[:, 2]) if with_bars else None


def _draw_masks(axes: Any, truth: torch.Tensor, predicted: torch.Tensor) -> None:
    for row, pair in enumerate(axes):
        for ax, labels, title in zip(
            pair, (truth, predicted), (_("truth"), _("prediction")), strict=True
        ):
            draw_map(ax, labels[row].numpy())
            name = (
                title if len(truth) == 1 else _("{what}, image {n}").format(what=title, n=row)
            )
            ax.set_title(name, fontsize=9)


def draw_map(ax: Any, labels: np.ndarray) -> Any:
    """A label map in the course's colours; on a small one every label is written too."""
    from course_utils.figures.palette import colorize

    picture = colorize(labels)
    ax.imshow(picture, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    if labels.size <= 64:
        for (y, x), label in np.ndenumerate(labels):
            dark = picture[y, x] @ [0.3, 0.59, 0.11] < 140
            colour = "white" if dark else "black"
            ax.text(x, y, label, ha="center", va="center", fontsize=8, color=colour)
    return ax


def _draw_bars(ax: Any, expected: torch.Tensor, got: torch.Tensor) -> None:
    places = np.arange(len(expected))
    series = ((expected, _("expected"), "0.65", -0.2), (got, _("got"), "#c62828", 0.2))
    for values, name, colour, shift in series:
        heights = values.double().numpy()
        ax.bar(places + shift, np.nan_to_num(heights), 0.38, color=colour, label=name)
        for place in places[np.isnan(heights)]:
            ax.text(place + shift, 0.02, "nan", ha="center", fontsize=7, rotation=90)
    ax.set_xticks(places if len(places) <= 10 else places[::5])
    ax.set_xlabel(_("class"))
    ax.legend(fontsize=8)


def _vector(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dim() == 1 and value.is_floating_point()
