"""Comparisons of what the probes of this assignment find."""

from typing import Any

import torch

from course_utils.checks.compare import Answers, Difference, tensor
from course_utils.checks.said import Said
from course_utils.i18n import N_

__all__ = ["equal", "same_numbers", "same_tensor"]


def equal(message: str, plain: str | None = None, kind: str = "value") -> Answers:
    """A finding that must be the expected one. message: with {expected} and {got} or none."""

    def compare(expected: Any, got: Any) -> Difference | None:
        if type(expected) is type(got) and expected == got:
            return None
        said = Said(message, {"expected": expected, "got": got})
        return Difference(kind, said, Said(plain or message))

    return compare


def same_numbers(message: str) -> Answers:
    """A tensor or a list of tensors; message: what it means that they differ, said first."""

    def compare(expected: Any, got: Any) -> Difference | None:
        if not isinstance(expected, list):
            expected, got = [expected], [got]
        if not isinstance(got, list) or len(got) != len(expected):
            return Difference("type", Said(message), Said(message))
        for right, came in zip(expected, got, strict=True):
            if found := tensor(right, came):
                said = Said("{what} {numbers}", {"what": Said(message), "numbers": found.said})
                return Difference(found.kind, said, Said(message))
        return None

    return compare


def same_tensor(expected: torch.Tensor, got: Any) -> Difference | None:
    """A tensor of floats of the expected shape, numbers and dtype."""
    difference = tensor(expected, got)
    if difference is None and got.dtype != expected.dtype:
        message = N_("The numbers are right but of dtype {got}; {expected} was expected.")
        names = [str(x.dtype).removeprefix("torch.") for x in (expected, got)]
        said = Said(message, dict(zip(("expected", "got"), names, strict=True)))
        difference = Difference("dtype", said, said)
    return difference
