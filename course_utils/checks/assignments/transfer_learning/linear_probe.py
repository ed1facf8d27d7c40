"""Exercise: the best last layer on fixed features."""

from typing import Any

import torch

from course_utils.checks.assignments.transfer_learning.findings import equal, same_numbers
from course_utils.checks.assignments.transfer_learning.linear_probe_mistakes import MISTAKES
from course_utils.checks.compare import (
    Difference,
    as_number,
    compare_with,
    fields,
    near,
    number_of,
)
from course_utils.checks.exercise import Banned, Case, Exercise, draw
from course_utils.checks.said import Said
from course_utils.i18n import N_

__all__ = ["EXERCISE", "TOLERANCE"]

_SLACK = 2e-3  # of the function
TOLERANCE = 0.01  # of a probability: a descent that went on for long enough comes closer

REGRESSIONS = Banned(
    ("sklearn", "statsmodels", "cuml", "xgboost", "lightgbm", "jax.scipy.optimize"),
    N_(
        "The exercise is to minimise the function yourself: then you see that it is the one"
        " which the last layer of a network descends on."
    ),
)


def cases(seed: int) -> list[Case]:
    """From one feature and two classes to many, all with classes that overlap."""
    g = draw(seed, "linear_probe")

    def case(title, counts, width, l2, strided=()):
        centres = torch.randint(-4, 5, (len(counts), width), generator=g) / 4
        centres += torch.arange(len(counts))[:, None] % 3 - 1.0
        labels = torch.cat([torch.full((n,), k) for k, n in enumerate(counts)])
        labels = labels[torch.randperm(len(labels), generator=g)]
        noise = torch.randint(-6, 7, (len(labels), width), generator=g) / 4
        inputs = {
            "features": centres[labels] + noise,
            "labels": labels,
            "num_classes": len(counts),
            "l2": l2,
            "new": torch.randint(-8, 9, (6, width), generator=g) / 4,
        }
        return Case(title, inputs, strided)

    return [
        case(N_("one feature, two classes"), (4, 4), 1, 0.25),
        case(N_("two features, two classes"), (5, 5), 2, 0.25),
        case(N_("three classes"), (5, 5, 5), 3, 0.25),
        case(N_("classes of unequal size"), (12, 4, 2), 2, 0.5),
        case(N_("a feature matrix that is not contiguous"), (9, 9, 9), 4, 0.2,
             strided=("features",)),
        case(N_("more features than samples"), (3, 3, 3), 12, 0.5),
        case(N_("six classes, twelve features"), (6,) * 6, 12, 0.2),
    ]  # fmt: skip


def _smallest(expected: torch.Tensor, got: Any) -> Difference | None:
    """The function's value at the answer: about the smallest that it has."""
    value = as_number(got)
    if value is not None and value <= float(expected) + _SLACK:
        return None
    shown = "?" if value is None else f"{value:.4g}"
    said = N_("At your weights the function is {got}; its smallest value is {expected}.")
    values = {"got": shown, "expected": f"{float(expected):.4g}"}
    plain = Said(N_("The function is not at its smallest with your weights."))
    return Difference("value", Said(said, values), plain)


FINDINGS = fields(
    type=equal(
        N_("An nn.Linear was expected; what came is of type {got}."),
        N_("What was returned is no nn.Linear."),
        "type",
    ),
    outputs=number_of(
        N_("The layer must give {expected} numbers a sample; it gives {got}."),
        N_("The layer does not give as many numbers a sample as there are classes."),
        "shape",
    ),
    objective=_smallest,
    probabilities=same_numbers(
        N_("The probabilities of new samples are not those of the best layer."), near(TOLERANCE)
    ),
)

EXERCISE = Exercise(
    name="linear_probe",
    function="linear_probe",
    parameters=("features", "labels", "num_classes", "l2"),
    cases=cases,
    probe="course_utils.checks.assignments.transfer_learning.probes:observe_linear",
    model="course_utils.checks.assignments.transfer_learning.model_answers:linear_probe",
    compare=compare_with(FINDINGS),
    banned=(REGRESSIONS,),
    mistakes=MISTAKES,
    tolerance=TOLERANCE / 2,
)
