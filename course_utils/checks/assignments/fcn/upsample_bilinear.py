"""Exercise: bilinear upsampling as a transposed convolution does it."""

import torch

from course_utils.checks.assignments.fcn.answers import (
    ENLARGING,
    INTERPOLATION,
    distinct,
    same_tensor,
)
from course_utils.checks.assignments.fcn.pictures import worst_channel
from course_utils.checks.assignments.fcn.upsample_bilinear_mistakes import MISTAKES
from course_utils.checks.compare import compare_with
from course_utils.checks.exercise import Banned, Case, Exercise, draw, ready_made
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

BANNED = Banned(
    (*INTERPOLATION, *ready_made("upsample_bilinear", __file__)),
    N_(
        "Ready interpolation hides the weights, and it treats borders otherwise; the exercise"
        " is to find the weights. A transposed convolution may be called."
    ),
)


def cases(seed: int) -> list[Case]:
    """From a single pixel, which shows the kernel, to a batch with a large factor."""
    g = draw(seed, "upsample_bilinear")

    def case(title, shape, factor, strided=(), dtype=torch.float32):
        scores = distinct(seed, title, *shape).to(dtype)
        return Case(title, {"scores": scores, "factor": factor}, strided)

    single = 16.0 * torch.randint(1, 7, (1, 1, 1, 1), generator=g)
    return [
        Case(N_("a single pixel, factor 2"), {"scores": single, "factor": 2}),
        case(N_("one row of pixels, factor 2"), (1, 1, 1, 3), 2),
        case(N_("one image, factor 2"), (1, 1, 2, 3), 2),
        case(N_("one image, factor 4"), (1, 1, 2, 2), 4),
        case(N_("an odd factor, 3"), (1, 1, 2, 2), 3),
        case(N_("several channels"), (1, 3, 2, 2), 2),
        case(N_("two images in a batch"), (2, 2, 3, 2), 2),
        case(N_("numbers of type float64"), (1, 2, 2, 3), 2, dtype=torch.float64),
        case(N_("factor 1"), (1, 2, 2, 3), 1),
        case(N_("a tensor that is not contiguous in memory"), (2, 3, 3, 2), 4, ("scores",)),
        case(N_("a batch, factor 8"), (2, 4, 3, 4), 8),
    ]


EXERCISE = Exercise(
    name="upsample_bilinear",
    function="upsample_bilinear",
    parameters=("scores", "factor"),
    cases=cases,
    probe="course_utils.checks.assignments.fcn.probes:observe_scores",
    model="course_utils.checks.assignments.fcn.model_answers:upsample_bilinear",
    compare=compare_with(same_tensor),
    picture=worst_channel,
    banned=(BANNED,),
    operators=ENLARGING,
    mistakes=MISTAKES,
)
