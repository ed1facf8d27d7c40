"""The smallest failing case as a picture: the image, the expected map and the one that came.

Matplotlib is imported when something is drawn, not before.
"""

from typing import Any

import numpy as np
import torch

from course_utils.checks.exercise import Case
from course_utils.checks.probing import Observation
from course_utils.i18n import _

__all__ = ["labels_of_scenes", "worst_map"]

_MOST_ROWS = 3
_MOST_NUMBERS = 100  # a larger map is drawn without its numbers


def worst_map(case: Case, expected: Observation, got: Observation) -> Any:
    """The image's first channel and the map that differs most, expected and got."""
    right = expected.answer["output"]
    answer = got.answer.get("output") if isinstance(got.answer, dict) else None
    if not isinstance(answer, torch.Tensor) or answer.dim() != 4 or not answer.numel():
        return None
    image = channel = 0
    if answer.shape == right.shape:
        off = (answer.double() - right.double()).abs().nan_to_num(torch.inf).amax(dim=(2, 3))
        image, channel = divmod(int(off.argmax()), off.shape[1])
    from matplotlib.figure import Figure

    given = case.inputs["images"][image, 0].double().numpy()
    shown = [given, *(x[image, channel].double().numpy() for x in (right, answer))]
    words = (_("image"), _("expected"), _("got"))
    finite = np.concatenate([x[np.isfinite(x)] for x in shown[1:]])
    limits = (finite.min(), finite.max()) if finite.size else (0, 1)
    figure = Figure(figsize=(8.4, 2.9), layout="constrained")
    for ax, values, word in zip(figure.subplots(1, 3), shown, words, strict=True):
        ours = (given.min(), given.max()) if values is given else limits
        _draw_numbers(ax, values, ours)
        rows, columns = values.shape
        size = _("{what}: {rows} × {columns}").format(what=word, rows=rows, columns=columns)
        ax.set_title(size, fontsize=9)
    return figure


def labels_of_scenes(case: Case, _expected: Observation, got: Observation) -> Any:
    """Scenes, their truth and the answer, a row a scene."""
    answer = got.answer.get("labels") if isinstance(got.answer, dict) else None
    if not isinstance(answer, torch.Tensor) or answer.shape != case.truth.shape:
        return None
    from matplotlib.figure import Figure

    from course_utils.figures.palette import colorize

    wrong = ((answer != case.truth) & (case.truth != 255)).sum(dim=(1, 2))
    chosen = wrong.argsort(descending=True, stable=True)[:_MOST_ROWS].tolist()
    figure = Figure(figsize=(5.4, 0.4 + 1.8 * len(chosen)), layout="constrained")
    axes = figure.subplots(len(chosen), 3, squeeze=False)
    known = answer.double().nan_to_num(255).clamp(0, 255).byte().numpy()
    for row, index in zip(axes, chosen, strict=True):
        picture = case.inputs["images"][index].permute(1, 2, 0).numpy()
        shown = (picture, colorize(case.truth[index].byte().numpy()), colorize(known[index]))
        words = (_("image {number}"), _("truth"), _("answer"))
        for ax, drawn, word in zip(row, shown, words, strict=True):
            ax.imshow(drawn, interpolation="nearest")
            ax.set_title(word.format(number=index), fontsize=9)
            ax.axis("off")
    return figure


def _draw_numbers(ax: Any, values: np.ndarray, limits: tuple[float, float]) -> None:
    low, high = limits
    high = high if high > low else low + 1
    ax.imshow(values, vmin=low, vmax=high, cmap="gray", interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    if values.size > _MOST_NUMBERS:
        return
    for (y, x), value in np.ndenumerate(values):
        colour = "black" if value > (low + high) / 2 else "white"
        colour = colour if np.isfinite(value) else "#c62828"
        ax.text(x, y, f"{value:.4g}", ha="center", va="center", fontsize=7, color=colour)
