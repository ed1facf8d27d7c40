"""Exercise: a convolution whose taps stand apart, by hand."""

from typing import Any

import torch

from course_utils.checks.assignments.dilated.dilated_convolution_mistakes import MISTAKES
from course_utils.checks.assignments.dilated.findings import same_tensor
from course_utils.checks.assignments.dilated.pictures import worst_map
from course_utils.checks.compare import Difference, compare_with, tensor
from course_utils.checks.exercise import Banned, Case, Exercise, draw, ready_made
from course_utils.checks.said import Said
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

BANNED = Banned(
    (
        "torch.nn.functional.conv*",
        "torch.conv*",
        "torch.convolution",
        "torch._convolution",
        "torch.nn.functional.unfold",
        "torch._C._nn.im2col",
        "torch.nn.Conv*",
        "torch.nn.LazyConv*",
        "torch.nn.Unfold",
        "torch.ops",
        "torch.nn.functional.grid_sample",
        "torchvision.ops",
        "scipy.ndimage",
        "scipy.signal",
        "skimage",
        "cv2",
        "kornia",
        *ready_made("dilated_convolution", __file__),
    ),
    N_(
        "Ready convolutions and F.unfold know the dilation themselves; here you place the"
        " weights yourself. Slices, F.pad, einsum and Tensor.unfold are allowed."
    ),
)


def answers(expected: dict[str, Any], got: Any) -> Difference | None:
    """The output, then its gradient."""
    if not isinstance(got, dict) or got.keys() != expected.keys():
        return same_tensor(expected["output"], got)
    if difference := same_tensor(expected["output"], got["output"]):
        return difference
    if not isinstance(got["gradient"], torch.Tensor):
        said = Said(N_("The value is right, but no gradient flows back to the images."))
        return Difference("gradient", said, said)
    if tensor(expected["gradient"], got["gradient"]):
        said = Said(N_("The value is right, but its gradient differs."))
        return Difference("gradient", said, said)
    return None


def cases(seed: int) -> list[Case]:
    """From four windows to a batch with several channels; the kernels have no symmetry."""

    def case(title, images, weight, dilation, padding, strided=(), dtype=torch.float32):
        g = draw(seed, "dilated_convolution", title)

        def whole(shape):
            numbers = torch.randperm(torch.Size(shape).numel(), generator=g) + 1
            return numbers.remainder(97).to(dtype).reshape(shape)

        kernel = whole(weight)
        kernel = torch.where(torch.rand(weight, generator=g) < 0.3, -kernel, kernel) / 4
        inputs = {"images": whole(images), "weight": kernel}
        return Case(title, inputs | {"dilation": dilation, "padding": padding}, strided)

    return [
        case(N_("dilation 1, a kernel of 2 x 2"), (1, 1, 3, 3), (1, 1, 2, 2), 1, 0),
        case(N_("dilation 1, an image of 4 x 5"), (1, 1, 4, 5), (1, 1, 3, 3), 1, 0),
        case(N_("dilation 2, an image of 7 x 6"), (1, 1, 7, 6), (1, 1, 3, 3), 2, 0),
        case(N_("dilation 1, padding 1"), (1, 1, 3, 4), (1, 1, 3, 3), 1, 1),
        case(N_("dilation 2, padding 2: the size is kept"), (1, 1, 4, 5), (1, 1, 3, 3), 2, 2),
        case(N_("padding 1 with dilation 3"), (1, 1, 8, 9), (1, 1, 3, 3), 3, 1),
        case(N_("two input channels"), (1, 2, 5, 6), (1, 2, 3, 3), 2, 1),
        case(N_("two output channels"), (1, 1, 5, 6), (2, 1, 3, 3), 2, 1),
        case(N_("two images in a batch"), (2, 2, 6, 5), (3, 2, 3, 3), 2, 2),
        case(N_("a 1 x 1 kernel"), (2, 3, 4, 3), (2, 3, 1, 1), 4, 0),
        case(N_("an even kernel"), (1, 2, 7, 8), (2, 2, 2, 2), 3, 1),
        case(N_("more zeros than the kernel needs"), (1, 1, 2, 3), (1, 1, 3, 3), 1, 4),
        case(
            N_("numbers of type float64"), (1, 2, 9, 9), (2, 2, 5, 5), 2, 2, (), torch.float64
        ),
        case(
            N_("tensors that are not contiguous in memory"),
            (2, 3, 8, 9), (4, 3, 3, 3), 4, 4, ("images", "weight"),
        ),
    ]  # fmt: skip


EXERCISE = Exercise(
    name="dilated_convolution",
    function="dilated_convolution",
    parameters=("images", "weight", "dilation", "padding"),
    cases=cases,
    probe="course_utils.checks.assignments.dilated.probes:observe_convolution",
    model="course_utils.checks.assignments.dilated.model_answers:dilated_convolution",
    compare=compare_with(answers),
    picture=worst_map,
    banned=(BANNED,),
    operators=("*convolution*", "*conv?d*", "*conv_*", "*im2col*", "*grid_sampler*"),
    mistakes=MISTAKES,
)
