"""Maps for the cases of this assignment, and comparisons of what comes back."""

from typing import Any

import torch

from course_utils.checks.compare import Answers, Difference, labels, tensor
from course_utils.checks.exercise import draw
from course_utils.checks.said import Said
from course_utils.i18n import N_

__all__ = [
    "ENLARGING",
    "INTERPOLATION",
    "distinct",
    "equal",
    "same_numbers",
    "same_tensor",
    "scores_map",
]

INTERPOLATION = (
    "torch.nn.functional.interpolate",
    "torch.nn.functional.upsample*",
    "torch.nn.functional.grid_sample",
    "torch.nn.Upsample",
    "torch.nn.UpsamplingBilinear2d",
    "torch.nn.UpsamplingNearest2d",
    "torch.grid_sampler*",
    "torch._C._nn.upsample*",
    "torch.ops.aten.upsample*",
    "torchvision.transforms",
    "scipy.ndimage",
    "scipy.interpolate",
    "skimage.transform",
    "cv2",
    "kornia",
)
ENLARGING = ("*upsample*", "*grid_sampler*")  # ATen's operators behind them


def distinct(seed: int, what: str, *shape: int) -> torch.Tensor:
    """Whole numbers from 1 on, each once, in random order: float32."""
    size = torch.Size(shape).numel()
    return (torch.randperm(size, generator=draw(seed, what)) + 1).float().reshape(shape)


def scores_map(seed: int, what: str, *shape: int) -> torch.Tensor:
    """Scores in whole numbers from -8 to 8, without 0: float32."""
    numbers = torch.randint(1, 9, shape, generator=draw(seed, what)).float()
    signs = torch.randint(0, 2, shape, generator=draw(seed, what, "sign")) * 2 - 1
    return numbers * signs


def same_tensor(expected: torch.Tensor, got: Any) -> Difference | None:
    """A tensor of the expected shape, numbers and dtype."""
    compare = tensor if expected.is_floating_point() else labels
    difference = compare(expected, got)
    if difference is None and got.dtype != expected.dtype:
        message = N_("The numbers are right but of dtype {got}; {expected} was expected.")
        names = [str(x.dtype).removeprefix("torch.") for x in (expected, got)]
        said = Said(message, dict(zip(("expected", "got"), names, strict=True)))
        difference = Difference("dtype", said, said)
    return difference


def equal(message: str, plain: str | None = None, kind: str = "value") -> Answers:
    """A finding that must be the expected one. message: with {expected} and {got} or none."""

    def compare(expected: Any, got: Any) -> Difference | None:
        if type(expected) is type(got) and expected == got:
            return None
        said = Said(message, {"expected": expected, "got": got})
        return Difference(kind, said, Said(plain or message))

    return compare


def same_numbers(message: str, answers: Answers = tensor) -> Answers:
    """Numbers, or a list of tensors; message: what it means that they differ, said first."""

    def compare(expected: Any, got: Any) -> Difference | None:
        if not isinstance(expected, list):
            expected, got = [expected], [got]
        if not isinstance(got, list) or len(got) != len(expected):
            return Difference("type", Said(message), Said(message))
        for right, came in zip(expected, got, strict=True):
            if found := answers(right, came):
                said = Said("{what} {numbers}", {"what": Said(message), "numbers": found.said})
                return Difference(found.kind, said, Said(message))
        return None

    return compare
