"""Exercise: gradient ascent to the picture of a class."""

import torch

from course_utils.checks.assignments.interpretation.findings import LEFT_BEHIND
from course_utils.checks.assignments.interpretation.maximise_class_mistakes import MISTAKES
from course_utils.checks.assignments.interpretation.pictures import made_pictures
from course_utils.checks.compare import compare_with, fields, tensor
from course_utils.checks.exercise import Banned, Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE", "INTERPRETERS"]

INTERPRETERS = Banned(
    ("captum", "lucent", "torch_dreams", "tf_explain", "xplique"),
    N_("A library that ascends by itself hides the very step that the exercise is about."),
)


def cases(seed: int) -> list[Case]:
    """From one step on a linear model to many steps on a convolutional network."""
    g = draw(seed, "maximise_class")

    def some(*choice):
        return choice[int(torch.randint(len(choice), (), generator=g))]

    def start(*shape):
        quarters = torch.randint(-4, 5, shape, generator=g)
        return (quarters + (quarters == 0)).float() / 4

    def case(title, network, start, classes, numbers, strided=()):
        lambda_, step, steps = numbers
        inputs = {
            "network": network,
            "classes": classes,
            "start": start,
            "lambda_": lambda_,
            "step": step,
            "steps": steps,
        }
        return Case(title, inputs, strided)

    linear = "Sequential(Flatten(), Linear(4, 3))"
    wide = "Sequential(Flatten(), Linear(12, 4))"
    deep = "Sequential(Flatten(), Linear(12, 9), Tanh(), Linear(9, 4))"
    maps = (
        "Sequential(Conv2d(3, 6, 3, padding=1), BatchNorm2d(6), Tanh(), AvgPool2d(2), "
        "Flatten(), Dropout(0.5), Linear(24, 4))"
    )
    convolutions = N_("several steps on a network with convolutions")
    return [
        case(N_("one step on a linear model"), linear, start(1, 1, 2, 2), [some(0, 1, 2)],
             (some(0.25, 0.375), some(0.5, 0.75), 1)),
        case(N_("no penalty"), linear, start(1, 1, 2, 2), [some(0, 1, 2)], (0.0, 0.5, 2)),
        case(N_("three steps on a linear model"), wide, start(1, 3, 2, 2), [some(0, 1, 2, 3)],
             (0.25, some(0.5, 0.25), 3)),
        case(N_("two pictures of different classes"), wide, start(2, 3, 2, 2),
             some([1, 3], [2, 0], [3, 1]), (0.125, 0.5, 2)),
        case(N_("two pictures of one class"), deep, start(2, 3, 2, 2), [some(1, 2, 3)] * 2,
             (0.125, 0.5, 3)),
        case(N_("a network with a layer that bends"), deep, start(3, 3, 2, 2),
             some([3, 1, 2], [2, 3, 0]), (0.0625, 0.5, 4)),
        case(convolutions, maps, start(2, 3, 5, 4), some([1, 2], [3, 0]),
             (0.0625, 0.25, 5)),
        case(N_("numbers in float64"), deep, start(2, 3, 2, 2).double(), [1, 3],
             (0.125, 0.25, 3)),
        case(N_("tensors that are not contiguous in memory"), wide, start(2, 3, 2, 2), [2, 1],
             (0.25, 0.25, 2), ("start",)),
    ]  # fmt: skip


FINDINGS = fields(pictures=tensor, **LEFT_BEHIND)

EXERCISE = Exercise(
    name="maximise_class",
    function="maximise_class",
    parameters=("model", "classes", "start", "lambda_", "step", "steps"),
    cases=cases,
    probe="course_utils.checks.assignments.interpretation.probes:observe_class_pictures",
    model="course_utils.checks.assignments.interpretation.model_answers:maximise_class",
    compare=compare_with(FINDINGS),
    picture=made_pictures,
    banned=(INTERPRETERS,),
    mistakes=MISTAKES,
)
