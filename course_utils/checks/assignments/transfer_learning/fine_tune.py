"""Exercise: six new classes from sixty pictures, judged on pictures that nobody has seen."""

from typing import Any

import torch

from course_utils.checks.assignments.transfer_learning.fine_tune_mistakes import (
    BATCH,
    FROM_ONE,
    MISTAKES,
    SCORES,
)
from course_utils.checks.assignments.transfer_learning.pictures import wrong_answers
from course_utils.checks.compare import Difference, compare_with, labels
from course_utils.checks.exercise import Case, Exercise, draw
from course_utils.checks.said import Said
from course_utils.data.shapes import OTHER_SHAPES
from course_utils.data.shapes_classification import ShapesClassification
from course_utils.i18n import N_

__all__ = ["EXERCISE", "REQUIRED", "right_share"]

# Measured with sixty pictures: 0.86 to 0.93 right from the pretrained network, with the last
# layer alone or with all of them; 0.28 to 0.30 from random weights, in 200 or 500 steps.
REQUIRED = 0.75
_CLASSES = len(OTHER_SHAPES)
_COUNTED = 30  # pictures from which on the share of right answers says something


def cases(seed: int) -> list[Case]:
    """One picture, three, then thirty of every class; each time new ones."""

    def case(title, per_class, number):
        other = int(torch.randint(10**6, 2**31, (), generator=draw(seed, "fine_tune", title)))
        drawn = ShapesClassification(OTHER_SHAPES, per_class=per_class, seed=other)
        chosen = torch.randperm(len(drawn), generator=draw(seed, title))[:number]
        return Case(title, {"images": drawn.images[chosen]}, truth=drawn.targets[chosen])

    return [
        case(N_("one new picture"), 1, 1),
        case(N_("three new pictures"), 1, 3),
        case(N_("30 new pictures of every class"), 30, 180),
    ]


def right_share(truth: torch.Tensor, answer: torch.Tensor) -> float:
    """Share of right answers, 0..1."""
    return (truth == answer).double().mean().item()


def answers(truth: torch.Tensor, found: Any) -> Difference | None:
    """Labels in range that do not depend on the batch, enough of them right."""
    got = found.get("labels") if isinstance(found, dict) else found
    difference = _form(truth, got)
    if difference is None and not _same_alone(found, got):
        difference = _said("batch", BATCH)
    if difference is None and len(truth) >= _COUNTED:
        difference = _share(truth, got.long())
    return difference


def _form(truth: torch.Tensor, got: Any) -> Difference | None:
    if got is None:
        return _said("nothing", N_("The function returned nothing (None)."))
    shape = (len(truth), _CLASSES)
    if isinstance(got, torch.Tensor) and tuple(got.shape) == shape:
        return _said("shape", SCORES)
    # Compared with the shape and type alone: the answers themselves may be wrong in part.
    difference = labels(truth, got)
    if difference is not None and difference.kind != "value":
        return difference
    outside = got[(got < 0) | (got > _CLASSES)]
    if len(outside):
        message = N_("The labels should lie between 0 and {last}; {got} came.")
        values = {"last": _CLASSES - 1, "got": int(outside[0])}
        plain = Said(N_("Some labels lie outside the classes."))
        return Difference("value", Said(message, values), plain)
    return None


def _same_alone(found: Any, got: torch.Tensor) -> bool:
    alone = found.get("alone") if isinstance(found, dict) else None
    if not isinstance(alone, list) or len(alone) != min(3, len(got)):
        return False
    return all(
        isinstance(one, torch.Tensor) and one.shape == (1,) and bool(one[0] == label)
        for one, label in zip(alone, got[: len(alone)], strict=True)
    )


def _share(truth: torch.Tensor, got: torch.Tensor) -> Difference | None:
    share = right_share(truth, got)
    if share >= REQUIRED and int(got.max()) < _CLASSES:
        return None
    if right_share(truth, got - 1) >= REQUIRED:
        return _said("value", FROM_ONE)
    if len(got.unique()) == 1:
        return _said("value", N_("Every picture got the same label."))
    message = N_(
        "{got} of the {count} new pictures are recognised; at least {required} must be."
    )
    values = {"got": f"{share:.0%}", "count": len(truth), "required": f"{REQUIRED:.0%}"}
    plain = N_("Too few new pictures are recognised; at least {required} must be.")
    return Difference("accuracy", Said(message, values), Said(plain, values))


def _said(kind: str, message: str) -> Difference:
    return Difference(kind, Said(message), Said(message))


EXERCISE = Exercise(
    name="fine_tune",
    function="classify",
    parameters=("images",),
    cases=cases,
    probe="course_utils.checks.assignments.transfer_learning.probes:observe_classifier",
    model=None,
    compare=compare_with(answers),
    picture=wrong_answers,
    mistakes=MISTAKES,
    seconds=30.0,
    trains=True,
)
