"""Exercise: FCN-8s, scores of three maps made one."""

import torch

from course_utils.checks.assignments.fcn.answers import same_tensor, scores_map
from course_utils.checks.assignments.fcn.fuse_mistakes import MISTAKES
from course_utils.checks.assignments.fcn.make_fcn import READY
from course_utils.checks.assignments.fcn.pictures import worst_channel
from course_utils.checks.compare import compare_with
from course_utils.checks.exercise import Case, Exercise
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

_MAPS = {32: "scores32", 16: "scores16", 8: "scores8"}


def cases(seed: int) -> list[Case]:
    """From an image of 32 x 32 pixels to sides that none of the strides divides."""

    def case(title, height, width, channels=1, batch=1, strided=(), dtype=torch.float32):
        inputs = {
            name: scores_map(
                seed, f"{title}/{name}", batch, channels, -(-height // s), -(-width // s)
            ).to(dtype)
            for s, name in _MAPS.items()
        }
        return Case(title, inputs | {"height": height, "width": width}, strided)

    return [
        case(N_("an image of 32 x 32 pixels, one class"), 32, 32),
        case(N_("an image of 64 x 32 pixels, three classes"), 64, 32, 3),
        case(N_("sides that 8 does not divide"), 29, 62, 2),
        case(N_("a side of 40 pixels: the maps have 5, 3 and 2 rows"), 40, 32),
        case(N_("two images in a batch, odd maps on both axes"), 40, 72, 2, 2),
        case(N_("scores of type float64"), 32, 40, 2, dtype=torch.float64),
        case(
            N_("tensors that are not contiguous in memory"), 64, 64, 3, 2, tuple(_MAPS.values())
        ),
        case(N_("a batch of images of 97 x 131 pixels"), 97, 131, 5, 2),
    ]


EXERCISE = Exercise(
    name="fuse",
    function="fuse",
    parameters=("scores32", "scores16", "scores8", "height", "width"),
    cases=cases,
    probe="course_utils.checks.assignments.fcn.probes:observe_scores",
    model="course_utils.checks.assignments.fcn.model_answers:fuse",
    compare=compare_with(same_tensor),
    picture=worst_channel,
    banned=(READY,),
    mistakes=MISTAKES,
)
