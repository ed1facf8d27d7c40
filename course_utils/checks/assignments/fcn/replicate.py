"""Exercise: upsampling by replication of pixels."""

import torch

from course_utils.checks.assignments.fcn.answers import (
    ENLARGING,
    INTERPOLATION,
    distinct,
    same_tensor,
)
from course_utils.checks.assignments.fcn.pictures import worst_channel
from course_utils.checks.assignments.fcn.replicate_mistakes import MISTAKES
from course_utils.checks.compare import compare_with
from course_utils.checks.exercise import Banned, Case, Exercise, draw, ready_made
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

BANNED = Banned(
    (*INTERPOLATION, *ready_made("replicate", __file__)),
    N_(
        "Interpolation has replication ready-made; the exercise is to see which axes the"
        " pixels are repeated along. Repeat, index or reshape."
    ),
)


def cases(seed: int) -> list[Case]:
    """From a row of two pixels to a batch of several channels."""
    g = draw(seed, "replicate")

    def case(title, shape, factor, strided=()):
        images = distinct(seed, title, *shape)
        return Case(title, {"images": images, "factor": factor}, strided)

    labels = torch.randperm(250, generator=g)[:6].to(torch.uint8).reshape(1, 1, 2, 3)
    numbers = torch.randperm(9, generator=g)[:8].reshape(2, 1, 2, 2)
    return [
        case(N_("one row of pixels, factor 2"), (1, 1, 1, 3), 2),
        case(N_("one column of pixels, factor 2"), (1, 1, 3, 1), 2),
        case(N_("one image, factor 2"), (1, 1, 2, 3), 2),
        case(N_("one image, factor 3"), (1, 1, 2, 2), 3),
        case(N_("several channels"), (1, 3, 2, 2), 2),
        case(N_("two images in a batch"), (2, 2, 2, 3), 2),
        Case(N_("labels of type uint8"), {"images": labels, "factor": 2}),
        Case(N_("labels of type int64"), {"images": numbers, "factor": 3}),
        case(N_("factor 1"), (1, 2, 2, 3), 1),
        case(N_("a tensor that is not contiguous in memory"), (2, 3, 3, 2), 2, ("images",)),
        case(N_("a batch, factor 4"), (3, 4, 3, 5), 4),
    ]


EXERCISE = Exercise(
    name="replicate",
    function="replicate",
    parameters=("images", "factor"),
    cases=cases,
    model="course_utils.checks.assignments.fcn.model_answers:replicate",
    compare=compare_with(same_tensor),
    picture=worst_channel,
    banned=(BANNED,),
    operators=(*ENLARGING, "*adaptive_*_pool*"),
    mistakes=MISTAKES,
)
