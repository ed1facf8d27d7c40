"""Pictures that a student's classifier took for something else.

Matplotlib is imported when something is drawn, not before.
"""

from typing import Any

import torch

from course_utils.checks.exercise import Case
from course_utils.checks.probing import Observation
from course_utils.data.shapes import OTHER_SHAPES
from course_utils.i18n import N_, _

__all__ = ["wrong_answers"]

_MOST = 8
_NAMES = {
    "heart": N_("heart"),
    "moon": N_("moon"),
    "drop": N_("drop"),
    "hexagon": N_("hexagon"),
    "arrow": N_("arrow"),
    "bolt": N_("bolt"),
}


def wrong_answers(case: Case, _expected: Observation, got: Observation) -> Any:
    """The first pictures with a wrong label: what is there and what was answered."""
    labels = got.answer.get("labels") if isinstance(got.answer, dict) else None
    if not isinstance(labels, torch.Tensor) or labels.shape != case.truth.shape:
        return None
    if labels.is_floating_point() or labels.is_complex():
        return None
    wrong = (labels != case.truth).nonzero()[:, 0].tolist()[:_MOST]
    if not wrong:
        return None
    from matplotlib.figure import Figure

    columns = min(4, len(wrong))
    rows = -(-len(wrong) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.9 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for ax in axes:
        ax.axis("off")
    for ax, index in zip(axes, wrong, strict=False):
        ax.imshow(case.inputs["images"][index].permute(1, 2, 0).numpy())
        title = _("{truth}\nanswer: {answer}").format(
            truth=_name(case.truth[index]), answer=_name(labels[index])
        )
        ax.set_title(title, fontsize=9)
    return figure


def _name(label: torch.Tensor) -> str:
    number = int(label)
    if not 0 <= number < len(OTHER_SHAPES):
        return str(number)
    return _(_NAMES[OTHER_SHAPES[number].name])
