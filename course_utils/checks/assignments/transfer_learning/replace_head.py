"""Exercise: a new last layer on an old network."""

import torch

from course_utils.checks.assignments.transfer_learning.findings import (
    equal,
    pictures,
    same_numbers,
)
from course_utils.checks.assignments.transfer_learning.replace_head_mistakes import MISTAKES
from course_utils.checks.compare import compare_with, fields, number_of
from course_utils.checks.exercise import Banned, Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE", "TIMM"]

TIMM = Banned(
    ("timm", "fastai", "pytorch_lightning", "lightning", "peft"),
    N_("A library that does it for you hides the very step that the exercise is about."),
)


def cases(seed: int) -> list[Case]:
    """From a dense layer at the end to layers that stand elsewhere, frozen or in float64."""
    g = draw(seed, "replace_head")

    def some(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=g))

    def case(title, network, size=4, classes=None, **more):
        inputs = {
            "network": network,
            "num_classes": classes or some(2, 3),
            "dtype": "float32",
            "device": "cpu",
            "frozen": False,
            "images": pictures(seed, title, 2, 3, size, size),
        }
        return Case(title, inputs | more)

    a, b = some(4, 6), some(5, 7)
    dense = f"Flatten(), Linear(48, {a}), ReLU(), Linear({a}, 4"
    maps = f"Conv2d(3, {a}, 3, bias=False), BatchNorm2d({a}), ReLU()"
    pooled = "AdaptiveAvgPool2d(1), Flatten()"
    parts = (
        f"Parts(features=Sequential({maps}), pool=Sequential({pooled}), "
        f"classifier=Sequential(Dropout(0.5), Linear({a}, {b}), ReLU(), Linear({b}, 5)))"
    )
    conv = f"Sequential({maps}, Conv2d({a}, 4, 1), ReLU(), {pooled})"
    wide = f"Sequential({maps}, Conv2d({a}, 4, 3, stride=2, padding=2, dilation=2, bias=False))"
    last = N_("a layer without weights after the last one with weights")
    return [
        case(N_("a dense layer at the end"), f"Sequential({dense}))"),
        case(N_("a dense layer without bias"), f"Sequential({dense}, bias=False))"),
        case(last, f"Sequential({dense}), LogSoftmax(1))"),
        case(N_("features, pooling and a classifier in parts"), parts, 6),
        case(N_("a 1 x 1 convolution as the last layer"), conv, 6),
        case(N_("a convolution with its own kernel, stride, padding and dilation"), wide, 8),
        case(N_("as many classes as before"), f"Sequential({dense}))", classes=4),
        case(N_("a network in float64"), f"Sequential({dense}))", dtype="float64"),
        case(N_("a frozen network"), parts, 6, frozen=True),
        case(N_("a network on another device"), f"Sequential({dense}))", device="meta"),
    ]


FINDINGS = fields(
    type=equal(
        N_("The network was expected back; what came is of type {got}."),
        N_("What was returned is not the network."),
        "type",
    ),
    error=equal(
        N_("The network that you returned does not run any more. Python says: {got}"),
        N_("The network that you returned does not run any more."),
        "trouble",
    ),
    outputs=number_of(
        N_("The network must give {expected} numbers an image; it gives {got}."),
        N_("The network does not give as many numbers an image as there are classes."),
        "shape",
    ),
    parameters=number_of(
        N_("The network should have {expected} parameters; it has {got}."),
        N_("The network has not as many parameters as it should have."),
        "count",
    ),
    dtype=equal(
        N_("The new layer computes in {got}, the rest of the network in {expected}."),
        N_("The new layer does not compute in the dtype of the network."),
        "dtype",
    ),
    device=equal(
        N_("The new layer lies on the device {got}, the rest of the network on {expected}."),
        N_("The new layer does not lie on the device of the network."),
        "device",
    ),
    last_layer=equal(
        N_("The last layer should be {expected}; it is {got}."),
        N_("The last layer's settings are not those of the old one."),
        "settings",
    ),
    new=equal(N_("The last layer still holds the old numbers; it must be a new one.")),
    learning=number_of(
        N_("{expected} parameters should learn after the change; {got} do."),
        N_("Not the right parameters learn after the change."),
        "count",
    ),
    output=same_numbers(
        N_(
            "With the same numbers in the last layer the network answers otherwise than it"
            " should: the layers before it have changed."
        )
    ),
)  # fmt: skip

EXERCISE = Exercise(
    name="replace_head",
    function="replace_head",
    parameters=("network", "num_classes"),
    cases=cases,
    probe="course_utils.checks.assignments.transfer_learning.probes:observe_head",
    model="course_utils.checks.assignments.transfer_learning.model_answers:replace_head",
    compare=compare_with(FINDINGS),
    banned=(TIMM,),
    mistakes=MISTAKES,
)
