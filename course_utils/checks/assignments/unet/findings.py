"""Comparisons of what the probe finds in a network, shared by the two network exercises."""

from typing import Any

import torch

from course_utils.checks.assignments.fcn.answers import equal, same_numbers
from course_utils.checks.compare import Difference, fields, number_of
from course_utils.checks.exercise import draw
from course_utils.checks.said import Said
from course_utils.i18n import N_

__all__ = ["findings", "images"]

_OUTPUTS = same_numbers(
    N_("With the same numbers in its layers the network gives another answer than it should.")
)
_FIRST = fields(
    type=equal(
        N_("A network (nn.Module) was expected; what came is of type {got}."),
        N_("What was returned is no nn.Module."),
        "type",
    ),
    error=equal(
        N_("The network does not take the images. Python says: {got}"),
        N_("The network does not take the images."),
        "trouble",
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
)
_TRAINING = same_numbers(
    N_("In training mode the network gives another answer than in evaluation mode.")
)


def images(seed: int, what: str, *shape: int) -> torch.Tensor:
    """Images in quarters from -1 to 1, float32: with negative numbers a ReLU shows."""
    return torch.randint(-4, 5, shape, generator=draw(seed, what)).float() / 4


def findings(expected: dict[str, Any], got: Any) -> Difference | None:
    """The right network, joining its maps in either order.

    Where the answers differ, the first map whose size differs is said, if there is one.
    """
    if difference := _FIRST(expected, got):
        return difference
    orders = [expected["outputs"], expected["swapped"]]
    found = [_OUTPUTS(right, got["outputs"]) for right in orders]
    if all(found):
        return _sizes(expected["sizes"], got["sizes"]) or found[0]
    first = got["outputs"][0]
    return _TRAINING(first, got["in_training"])


def _sizes(expected: list[str], got: Any) -> Difference | None:
    if not isinstance(got, list) or not all(isinstance(size, str) for size in got):
        return None
    if len(got) != len(expected):
        message = N_(
            "{expected} convolutions larger than 1 x 1 were expected on the way through the"
            " network; {got} did their work."
        )
        plain = N_("The number of convolutions differs from the expected one.")
        values = {"expected": len(expected), "got": len(got)}
        return Difference("count", Said(message, values), Said(plain))
    for number, (right, came) in enumerate(zip(expected, got, strict=True), 1):
        if right != came:
            message = N_(
                "After convolution {number}, in the order of the work, the map should have"
                " {expected} pixels; it has {got}."
            )
            values = {"number": number, "expected": right, "got": came}
            plain = N_("Some map inside the network has another size than it should.")
            return Difference("shape", Said(message, values), Said(plain))
    return None
