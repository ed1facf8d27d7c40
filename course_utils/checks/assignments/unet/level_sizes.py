"""Exercise: the sides of a U-Net's maps, and whether an input fits."""

from typing import Any

import torch

from course_utils.checks.assignments.unet.level_sizes_mistakes import MISTAKES
from course_utils.checks.compare import Difference, as_number, compare_with
from course_utils.checks.exercise import Case, Exercise, draw
from course_utils.checks.said import Said
from course_utils.i18n import N_

__all__ = ["EXERCISE", "rows"]


def cases(seed: int) -> list[Case]:
    """From no level at all to the paper's network; sizes that fit and sizes that don't."""

    def case(title, size, depth, *more):
        """size + one of the `more`, all as good."""
        choice = int(torch.randint(len(more or (0,)), (), generator=draw(seed, title)))
        return Case(title, {"size": size + (more or (0,))[choice], "depth": depth})

    steps = range(0, 60, 4)
    return [
        case(N_("no pooling at all"), 9, 0, *range(20)),  # room for wider convolutions, too
        case(N_("one pooling"), 44, 1, *steps),  # room for one level more
        case(N_("one pooling, an odd side before it"), 21, 1, *steps),
        case(N_("nothing is left after the first level"), 3, 0, 0, 1),
        case(N_("two poolings"), 60, 2, *range(0, 96, 4)),
        case(N_("two poolings, an odd side before the second"), 46, 2, *range(0, 96, 4)),
        case(N_("nothing is left at the bottom"), 12, 1, 0, -2),
        case(N_("less than nothing is left on the way up"), 14, 1),
        case(N_("nothing is left on the way up"), 16, 1),
        case(N_("three poolings"), 92, 3, *range(0, 80, 8)),
        case(N_("the paper's network, an input that fits"), 572, 4, *range(0, 320, 16)),
        case(N_("the paper's network, an input that does not"), 576, 4, *range(0, 320, 16)),
    ]


def rows(expected: list[tuple[int, int, int]], got: Any) -> Difference | None:
    """A list of triples of whole numbers, one a level; empty where the input does not fit."""
    if not isinstance(got, list | tuple):
        return _said("type", N_("A list of triples was expected."))
    if not expected and got:
        return _said("fits", N_("This input does not fit, so an empty list was expected."))
    if expected and not got:
        return _said("fits", N_("This input fits, but your list is empty."))
    if not all(isinstance(row, list | tuple) and len(row) == 3 for row in got):
        return _said("type", N_("Each level should have three sides: a tuple of three."))
    if len(got) != len(expected):
        message = N_("{expected} levels were expected, down, bottom and up; {got} came.")
        plain = N_("The number of levels differs from the expected one.")
        return _said("count", message, plain, expected=len(expected), got=len(got))
    for level, (right, row) in enumerate(zip(expected, got, strict=True)):
        numbers = [as_number(side) for side in row]
        if None in numbers:
            return _said("type", N_("The sides should be whole numbers."))
        if list(right) != numbers:
            message = N_("Level {level} of the list: expected {expected}, got {got}.")
            plain = N_("The sides of some levels differ from the expected ones.")
            came = f"({', '.join(f'{number:g}' for number in numbers)})"
            return _said("value", message, plain, level=level, expected=right, got=came)
    return None


def _said(kind: str, message: str, plain: str | None = None, **values: Any) -> Difference:
    return Difference(kind, Said(message, values), Said(plain or message))


EXERCISE = Exercise(
    name="level_sizes",
    function="level_sizes",
    parameters=("size", "depth"),
    cases=cases,
    model="course_utils.checks.assignments.unet.model_answers:level_sizes",
    compare=compare_with(rows),
    mistakes=MISTAKES,
)
