"""The smallest failing case as a picture: masks, maps, and numbers class by class.

Matplotlib is imported when something is drawn, not before.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from course_utils.checks.exercise import Case
from course_utils.checks.probing import Observation
from course_utils.i18n import _

__all__ = [
    "class_and_object_masks",
    "first_images",
    "per_class",
    "truth_and_prediction",
    "worst_channel",
]

_MOST_ROWS = 3
Row = tuple[tuple[str, np.ndarray], tuple[str, np.ndarray]]


def per_class(case: Case, expected: Observation, got: Observation) -> Any:
    """Truth and prediction side by side; beside them the expected and the got numbers."""
    rows = _rows(case.inputs["truth"], case.inputs["predicted"])
    if not _vector(got.answer) or len(got.answer) != len(expected.answer):
        return _pairs_of_maps(rows)
    figure = _pairs_of_maps(rows, room=1.6)
    bars = figure.add_subplot(figure.axes[0].get_gridspec()[:, 2])
    _draw_bars(bars, expected.answer, got.answer)
    return figure


def truth_and_prediction(case: Case, expected: Observation, got: Observation) -> Any:
    """Truth and prediction side by side, a row an image."""
    return _pairs_of_maps(_rows(case.inputs["truth"], case.inputs["predicted"]))


def first_images(case: Case, expected: Observation, got: Observation) -> Any:
    """Truth and prediction of the images of the first batches."""
    rows = []
    for number, (predicted, truth) in enumerate(case.inputs["batches"], start=1):
        batch = _("batch {number}").format(number=number)
        rows += [
            ((f"{a}, {batch}", t), (f"{b}, {batch}", p))
            for (a, t), (b, p) in _rows(truth, predicted)
        ]
    return _pairs_of_maps(rows)


def class_and_object_masks(case: Case, expected: Observation, got: Observation) -> Any:
    """SegmentationClass and SegmentationObject of the images in the list."""
    names = case.inputs["lists"][case.inputs["image_set"]]
    kinds = (("SegmentationClass", "classes"), ("SegmentationObject", "objects"))
    rows = [tuple((folder, case.inputs[key][name]) for folder, key in kinds) for name in names]
    return _pairs_of_maps(rows)


def worst_channel(case: Case, expected: Observation, got: Observation) -> Any:
    """Expected and got probabilities of the class that differs most, on its image."""
    right, answer = expected.answer, got.answer
    if not isinstance(answer, torch.Tensor) or answer.shape != right.shape:
        return None
    if not answer.is_floating_point() or right[0, 0].numel() < 2:
        return None
    off = (answer.double() - right.double()).abs().nan_to_num(torch.inf).amax(dim=(2, 3))
    image, channel = divmod(int(off.argmax()), off.shape[1])
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 2.2), layout="constrained")
    for ax, values, word in zip(
        figure.subplots(1, 2), (right, answer), (_("expected"), _("got")), strict=True
    ):
        _draw_values(ax, values[image, channel].double().numpy())
        ax.set_title(
            _("{what}: image {image}, class {k}").format(what=word, image=image, k=channel),
            fontsize=9,
        )
    return figure


def _rows(truth: torch.Tensor, predicted: torch.Tensor) -> list[Row]:
    pairs = zip(truth.numpy(), predicted.numpy(), strict=True)
    return [((_("truth"), t), (_("prediction"), p)) for t, p in pairs]


def _pairs_of_maps(rows: Sequence[Row], room: float = 0.0) -> Any:
    """A figure with two label maps a row; `room`: width of a free third column."""
    from matplotlib.figure import Figure

    rows = rows[:_MOST_ROWS]
    widths = [1, 1, room] if room else [1, 1]
    figure = Figure(figsize=(2.1 * sum(widths), 0.4 + 1.7 * len(rows)), layout="constrained")
    grid = figure.add_gridspec(len(rows), len(widths), width_ratios=widths)
    for number, row in enumerate(rows):
        for column, (title, labels) in enumerate(row):
            ax = figure.add_subplot(grid[number, column])
            _draw_map(ax, labels)
            ax.set_title(title, fontsize=9)
    return figure


def _draw_map(ax: Any, labels: np.ndarray) -> None:
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
            ax.text(x, y, label, ha="center", va="center", fontsize=7, color=colour)


def _draw_values(ax: Any, values: np.ndarray) -> None:
    ax.imshow(values, vmin=0, vmax=1, cmap="gray")
    ax.set_xticks([])
    ax.set_yticks([])
    if values.size <= 64:
        for (y, x), value in np.ndenumerate(values):
            colour = "black" if value > 0.5 else "white"
            colour = "#c62828" if np.isnan(value) else colour
            ax.text(x, y, f"{value:.2g}", ha="center", va="center", fontsize=8, color=colour)


def _draw_bars(ax: Any, expected: torch.Tensor, got: torch.Tensor) -> None:
    places = np.arange(len(expected))
    series = ((expected, _("expected"), "0.65", -0.2), (got, _("got"), "#c62828", 0.2))
    for values, name, colour, shift in series:
        heights = values.double().numpy()
        drawn = np.where(np.abs(heights) < 1e6, heights, 0.0)
        ax.bar(places + shift, drawn, 0.38, color=colour, label=name)
        for place in places[drawn != heights]:  # nan, inf, or absurdly large
            word = f"{heights[place]:.0e}" if np.isfinite(heights[place]) else heights[place]
            ax.text(place + shift, 0.02, word, ha="center", fontsize=7, rotation=90)
    ax.set_xticks(places if len(places) <= 10 else places[::5])
    ax.set_xlabel(_("class"))
    ax.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1), ncol=2, frameon=False)


def _vector(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dim() == 1 and value.is_floating_point()
