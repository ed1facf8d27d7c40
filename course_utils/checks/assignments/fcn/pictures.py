"""The smallest failing case as a picture: the expected map and the one that came.

Matplotlib is imported when something is drawn, not before.
"""

from typing import Any

import numpy as np
import torch

from course_utils.checks.compare import tensor
from course_utils.checks.exercise import Case
from course_utils.checks.probing import Observation
from course_utils.i18n import _

__all__ = ["labels_of_scenes", "worst_channel", "worst_output"]

_MOST_ROWS = 3
_MOST_NUMBERS = 100  # a larger map is drawn without its numbers


def worst_channel(case: Case, expected: Observation, got: Observation) -> Any:
    """The channel that differs most, expected and got; the first one where shapes differ."""
    right, answer = expected.answer, got.answer
    if not isinstance(answer, torch.Tensor) or answer.dim() != 4 or not answer.numel():
        return None
    image = channel = 0
    if answer.shape == right.shape:
        off = (answer.double() - right.double()).abs().nan_to_num(torch.inf).amax(dim=(2, 3))
        image, channel = divmod(int(off.argmax()), off.shape[1])
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, 2.9), layout="constrained")
    shown = [x[image, channel].double().numpy() for x in (right, answer)]
    finite = np.concatenate([x[np.isfinite(x)] for x in shown])
    limits = (finite.min(), finite.max()) if finite.size else (0, 1)
    for ax, values, word in zip(
        figure.subplots(1, 2), shown, (_("expected"), _("got")), strict=True
    ):
        _draw_numbers(ax, values, limits)
        ax.set_title(
            _("{what}: image {image}, channel {k}, {rows} × {columns}").format(
                what=word, image=image, k=channel, rows=values.shape[0], columns=values.shape[1]
            ),
            fontsize=8,
        )
    return figure


def worst_output(case: Case, expected: Observation, got: Observation) -> Any:
    """The same for the first output of a network, before or after training, that differs."""
    for name in ("start", "outputs"):
        found = got.answer.get(name) if isinstance(got.answer, dict) else None
        right = expected.answer[name]
        if not isinstance(found, list) or len(found) != len(right):
            return None
        for one, other in zip(right, found, strict=True):
            if tensor(one, other) is not None:
                pair = Observation(answer=one), Observation(answer=other)
                return worst_channel(case, *pair)
    return None


def labels_of_scenes(case: Case, _expected: Observation, got: Observation) -> Any:
    """Images, their truth and the answer, a row a scene."""
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
        ax.text(x, y, f"{value:.3g}", ha="center", va="center", fontsize=7, color=colour)
