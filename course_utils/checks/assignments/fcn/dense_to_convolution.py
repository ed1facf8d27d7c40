"""Exercise: a fully connected layer as a convolution."""

import torch

from course_utils.checks.assignments.fcn.answers import equal, same_numbers
from course_utils.checks.assignments.fcn.dense_to_convolution_mistakes import MISTAKES
from course_utils.checks.compare import compare_with, fields, number_of
from course_utils.checks.exercise import Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From a map of four units to a layer that is slid over larger maps."""

    def case(title, outputs, kernel, maps, bias=True, dtype=torch.float32):
        g = draw(seed, "dense_to_convolution", title)

        def quarters(*shape):
            return torch.randint(-8, 9, shape, generator=g).to(dtype) / 4

        channels, height, width = kernel
        inputs = {
            "weight": quarters(outputs, channels * height * width),
            "bias": quarters(outputs) + 3 if bias else None,
            "channels": channels,
            "height": height,
            "width": width,
            "maps": quarters(maps[0], channels, *maps[1:]),
        }
        return Case(title, inputs)

    return [
        case(N_("one channel, a map of 2 x 2 units"), 1, (1, 2, 2), (1, 2, 2)),
        case(N_("one channel, a map of 2 x 3 units"), 2, (1, 2, 3), (1, 2, 3)),
        case(N_("two channels, a map of 2 x 2 units"), 2, (2, 2, 2), (1, 2, 2)),
        case(N_("three channels, two maps in a batch"), 3, (3, 2, 3), (2, 2, 3)),
        case(N_("a map that is larger than the layer's own"), 2, (2, 2, 3), (1, 4, 5)),
        case(N_("a layer without bias"), 3, (2, 2, 2), (1, 3, 3), bias=False),
        case(N_("numbers of type float64"), 2, (2, 2, 2), (1, 3, 3), dtype=torch.float64),
        case(N_("a layer after a 1 x 1 map"), 4, (5, 1, 1), (2, 3, 2)),
        case(N_("seven outputs, a batch of larger maps"), 7, (4, 3, 3), (3, 6, 5)),
    ]


FINDINGS = fields(
    type=equal(
        N_("An nn.Conv2d was expected; what came is of type {got}."),
        N_("What was returned is no nn.Conv2d."),
        "type",
    ),
    error=equal(
        N_("The convolution does not take a map of the layer's own size. Python says: {got}"),
        N_("The convolution does not take a map of the layer's own size."),
        "trouble",
    ),
    parameters=number_of(
        N_("The convolution should have {expected} parameters; it has {got}."),
        N_("The convolution has not as many numbers as the layer."),
        "count",
    ),
    dtype=equal(
        N_("The convolution should compute in {expected}, as the layer does; it uses {got}."),
        N_("The convolution does not compute in the dtype of the layer."),
        "dtype",
    ),
    output=same_numbers(N_("The convolution does not answer as the layer would.")),
    learning=number_of(
        N_("{expected} numbers of the convolution should learn; {got} do."),
        N_("Not all numbers of the convolution learn."),
        "count",
    ),
    kept=equal(N_("The layer that was given has changed; it should stay as it was.")),
    copied=equal(
        N_(
            "The convolution and the layer share their memory: whoever trains one changes the"
            " other."
        )
    ),
)  # fmt: skip

EXERCISE = Exercise(
    name="dense_to_convolution",
    function="dense_to_convolution",
    parameters=("linear", "channels", "height", "width"),
    cases=cases,
    probe="course_utils.checks.assignments.fcn.probes:observe_convolution",
    model="course_utils.checks.assignments.fcn.model_answers:dense_to_convolution",
    compare=compare_with(FINDINGS),
    mistakes=MISTAKES,
)
