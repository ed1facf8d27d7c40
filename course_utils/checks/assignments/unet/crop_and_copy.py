"""Exercise: the middle of the encoder's map, and the decoder's map behind it."""

import torch

from course_utils.checks.assignments.fcn.answers import same_tensor, scores_map
from course_utils.checks.assignments.fcn.pictures import worst_channel
from course_utils.checks.assignments.unet.crop_and_copy_mistakes import MISTAKES
from course_utils.checks.compare import compare_with
from course_utils.checks.exercise import Banned, Case, Exercise, ready_made
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

BANNED = Banned(
    (
        *("torchvision.transforms", "kornia", "monai", "segmentation_models_pytorch"),
        *ready_made("crop_and_copy", __file__),
    ),
    N_("Cutting out the middle is what this exercise is about; the library does it whole."),
)


def cases(seed: int) -> list[Case]:
    """From one row more on every side to odd differences and a batch."""

    def case(title, larger, smaller, channels=(1, 1), batch=1, strided=(), dtype=torch.float32):
        inputs = {
            name: scores_map(seed, f"{title}/{name}", batch, count, *size).to(dtype)
            for name, count, size in zip(
                ("copied", "upsampled"), channels, (larger, smaller), strict=True
            )
        }
        return Case(title, inputs, strided)

    both = ("copied", "upsampled")
    return [
        case(N_("a map of 4 x 4 pixels for one of 2 x 2"), (4, 4), (2, 2)),
        case(N_("two images in a batch"), (4, 6), (2, 4), batch=2),
        case(N_("maps of equal size"), (3, 2), (3, 2)),
        case(N_("two channels and three"), (6, 6), (2, 2), (2, 3)),
        case(N_("rows and columns differ by different numbers"), (8, 5), (2, 3), (2, 2)),
        case(N_("only columns are cut"), (2, 6), (2, 2), (1, 2)),
        case(N_("an odd difference"), (5, 7), (2, 4), (2, 1)),
        case(N_("numbers of type float64"), (4, 6), (2, 2), (2, 2), dtype=torch.float64),
        case(N_("tensors that are not contiguous in memory"), (6, 4), (4, 2), (2, 3), 2, both),
        case(N_("a batch with many channels"), (11, 10), (4, 6), (5, 4), 3),
    ]


EXERCISE = Exercise(
    name="crop_and_copy",
    function="crop_and_copy",
    parameters=("copied", "upsampled"),
    cases=cases,
    probe="course_utils.checks.assignments.unet.probes:observe_maps",
    model="course_utils.checks.assignments.unet.model_answers:crop_and_copy",
    compare=compare_with(same_tensor),
    picture=worst_channel,
    banned=(BANNED,),
    mistakes=MISTAKES,
)
