"""Exercise: an up-convolution, every pixel a stamp."""

import torch

from course_utils.checks.assignments.fcn.answers import (
    ENLARGING,
    INTERPOLATION,
    same_tensor,
    scores_map,
)
from course_utils.checks.assignments.fcn.pictures import worst_channel
from course_utils.checks.assignments.unet.up_convolution_mistakes import MISTAKES
from course_utils.checks.compare import compare_with
from course_utils.checks.exercise import Banned, Case, Exercise, ready_made
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

BANNED = Banned(
    (
        *(
            f"torch.{place}conv_transpose{axes}d"
            for place in ("", "nn.functional.")
            for axes in (1, 2, 3)
        ),
        "torch.nn.functional.fold",
        *(f"torch.nn.ConvTranspose{axes}d" for axes in (1, 2, 3)),
        "torch.nn.Fold",
        "torch.nn.grad",
        "torch.convolution",
        "torch.ops.aten.conv*",
        "torch.ops.aten.slow_conv*",
        "torch.ops.aten.col2im",
        *INTERPOLATION,
        *ready_made("up_convolution", __file__),
    ),
    N_("Laying the stamps yourself is what this exercise is about; the library does it whole."),
)


def cases(seed: int) -> list[Case]:
    """From a row of two pixels to overlapping kernels, gaps and a batch."""

    def case(title, maps, outputs, kernel, stride, strided=(), dtype=torch.float32):
        shape = (maps[1], outputs, kernel, kernel)
        inputs = {
            "maps": scores_map(seed, f"{title}/maps", *maps).to(dtype),
            "weight": scores_map(seed, f"{title}/weight", *shape).to(dtype),
            "stride": stride,
        }
        return Case(title, inputs, strided)

    return [
        case(N_("kernel 2, stride 2: a row of two pixels"), (1, 1, 1, 2), 1, 2, 2),
        case(N_("kernel 3, stride 2: the stamps overlap"), (1, 1, 2, 3), 1, 3, 2),
        case(N_("kernel 2, stride 3: there are gaps"), (1, 1, 2, 2), 1, 2, 3),
        case(N_("kernel 3, stride 1"), (1, 1, 3, 2), 1, 3, 1),
        case(N_("two channels in, two out"), (1, 2, 2, 2), 2, 2, 2),
        case(N_("three channels in, two out"), (1, 3, 2, 3), 2, 2, 2),
        case(N_("kernel 4, stride 2, two images in a batch"), (2, 2, 3, 2), 3, 4, 2),
        case(N_("numbers of type float64"), (1, 2, 2, 2), 1, 3, 2, dtype=torch.float64),
        case(
            N_("tensors that are not contiguous in memory"),
            (2, 3, 3, 4), 2, 3, 2, ("maps", "weight"),
        ),
        case(N_("a batch, kernel 5, stride 3"), (3, 2, 4, 3), 4, 5, 3),
    ]  # fmt: skip


EXERCISE = Exercise(
    name="up_convolution",
    function="up_convolution",
    parameters=("maps", "weight", "stride"),
    cases=cases,
    probe="course_utils.checks.assignments.unet.probes:observe_maps",
    model="course_utils.checks.assignments.unet.model_answers:up_convolution",
    compare=compare_with(same_tensor),
    picture=worst_channel,
    banned=(BANNED,),
    operators=(
        "*(transposed)",
        "*conv_transpose*",
        "*convolution_backward*",
        "*col2im*",
        *ENLARGING,
    ),
    mistakes=MISTAKES,
)
