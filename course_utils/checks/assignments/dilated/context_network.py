"""Exercise: the context network, Basic and Large."""

from typing import Any

import torch

from course_utils.checks.assignments.dilated.context_network_mistakes import MISTAKES
from course_utils.checks.assignments.dilated.findings import equal, same_numbers
from course_utils.checks.compare import compare_with, fields, number_of
from course_utils.checks.exercise import Banned, Case, Exercise, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE", "READY"]

READY = Banned(
    ("torchvision.models.segmentation", "segmentation_models_pytorch", "monai", "timm"),
    N_("A ready network for segmentation hides the few lines that the exercise is about."),
)


def cases(seed: int) -> list[Case]:
    """From a map of a few units to one that is wider than the field."""

    def case(title, channels, size, shape, field=False):
        g = draw(seed, "context_network", title)
        images = torch.randint(-4, 9, (shape[0], channels, *shape[1:]), generator=g) / 4
        arguments: dict[str, Any] = {"channels": channels, "size": size}
        return Case(title, {"arguments": arguments, "images": images, "field": field})

    return [
        case(N_("Basic, 2 channels, a map of 6 x 6"), 2, "basic", (1, 6, 6)),
        case(N_("Basic, 3 channels, a batch of two maps of 37 x 40"), 3, "basic", (2, 37, 40)),
        case(N_("Basic, 1 channel, a map of 71 x 73"), 1, "basic", (1, 71, 73), True),
        case(N_("Large, 1 channel, a map of 6 x 6"), 1, "large", (1, 6, 6)),
        case(N_("Large, 2 channels, a batch of two maps of 21 x 18"), 2, "large", (2, 21, 18)),
        case(N_("Basic, 21 channels"), 21, "basic", (1, 9, 8)),
    ]


FINDINGS = fields(
    type=equal(
        N_("A network (nn.Module) was expected; what came is of type {got}."),
        N_("What was returned is no nn.Module."),
        "type",
    ),
    parameters=number_of(
        N_("The network should have {expected} parameters; it has {got}."),
        N_("The network has not as many parameters as it should have."),
        "count",
    ),
    learning=number_of(
        N_("{expected} parameters should learn; {got} do."),
        N_("Not the right parameters learn."),
        "count",
    ),
    error=equal(
        N_("The network does not take the maps. Python says: {got}"),
        N_("The network does not take the maps."),
        "trouble",
    ),
    size=equal(
        N_("For these maps the output should be of shape {expected}; it is {got}."),
        N_("The output of the network has another shape than it should have."),
        "shape",
    ),
    field=equal(
        N_("A value in the middle should depend on {expected} rows and columns, not on {got}."),
        N_("The receptive field is not as large as it should be."),
    ),
    output=same_numbers(
        N_("With the same numbers in its layers the network gives other scores than it should.")
    ),
    in_training=same_numbers(
        N_("In training mode the network gives other scores than it should.")
    ),
)

EXERCISE = Exercise(
    name="context_network",
    function="context_network",
    parameters=("channels", "size"),
    cases=cases,
    probe="course_utils.checks.assignments.dilated.probes:observe_context",
    model="course_utils.checks.assignments.dilated.model_answers:context_network",
    compare=compare_with(FINDINGS),
    banned=(READY,),
    mistakes=MISTAKES,
)
