"""Exercise: where each filter responds most, one unit an image."""

from typing import Any

import torch

from course_utils.checks.assignments.interpretation.best_patches_mistakes import MISTAKES
from course_utils.checks.assignments.interpretation.findings import whole_numbers
from course_utils.checks.assignments.interpretation.pictures import response_maps
from course_utils.checks.compare import Difference, compare_with
from course_utils.checks.exercise import Case, Exercise, draw
from course_utils.checks.said import Said
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From one filter on two small maps to many filters on many maps."""

    def maps(title, images, filters, height, width, low=1):
        """Different quarters from `low` quarters on, in any order."""
        count = images * filters * height * width
        numbers = torch.randperm(count, generator=draw(seed, "best_patches", title)) + low
        return (numbers.float() / 4).reshape(images, filters, height, width)

    def case(title, responses, count, strided=()):
        return Case(title, {"responses": responses, "count": count}, strided)

    one = maps("one", 2, 1, 2, 3)
    best = int(one.flatten(1).amax(1).argmax())
    row = maps("row", 3, 1, 2, 3)
    row[1] += 20  # its weakest is above all the others
    signed = maps("signed", 3, 2, 3, 4, low=-36)
    signed[:, 1] -= 12  # the largest absolute values are negative
    equal = (maps("equal", 4, 2, 2, 3) / 8).ceil()
    equal[:, :, 1, 2] = equal[:, :, 0, 1] = 9.0
    late = torch.tensor([5.0, 7, 7, 5, 7, 6])[:, None, None, None]
    ties = late * torch.eye(3)[1] * torch.ones(6, 2, 3, 1)
    dead = maps("dead", 3, 3, 2, 3)
    dead[:, 1] = 0
    few = maps("few", 4, 2, 3, 2) / 64  # weak responses count too
    few[2:, 0] = 0
    few[0, 1] = -few[0, 1]
    return [
        case(N_("one filter, two images, one patch"), one, 1),
        case(N_("the best patch of each of two images"), one.flip(0) if best else one, 2),
        case(N_("an image that responds most at all its units"), row, 2),
        case(N_("two filters, maps higher than wide"), maps("two", 3, 2, 4, 2), 2),
        case(N_("negative responses among others"), signed, 2),
        case(N_("equal responses in one image"), equal, 1),
        case(N_("equal responses in several images"), ties, 4),
        case(N_("more patches asked for than there are images"), maps("more", 2, 3, 2, 3), 5),
        case(N_("a filter that never responds"), dead, 2),
        case(N_("filters that respond in some images only"), few, 3),
        case(N_("responses in float64"), maps("double", 3, 2, 3, 3).double(), 2),
        case(
            N_("tensors that are not contiguous in memory"),
            maps("strided", 4, 3, 3, 5),
            2,
            ("responses",),
        ),
        case(N_("many images and filters"), maps("many", 12, 8, 6, 5).sub(40).relu(), 5),
    ]


_PATCH = whole_numbers(N_("The image"), N_("The row"), N_("The column"))


def answers(expected: list, got: Any) -> Difference | None:
    """Filter by filter, patch by patch: the number of lists, their lengths, the triples."""
    if not isinstance(got, list | tuple):
        return _said("type", N_("A list with a list for every filter was expected."))
    if len(got) != len(expected):
        message = N_("One list for each of {expected} filters was expected; {got} came.")
        plain = N_("There are not as many lists as filters.")
        return _said("shape", message, plain, expected=len(expected), got=len(got))
    for number, (right, row) in enumerate(zip(expected, got, strict=True)):
        if not isinstance(row, list | tuple):
            return _said("type", N_("The patches of a filter should be a list of tuples."))
        if len(row) != len(right):
            message = N_("Filter {filter}: patches expected {expected}, got {got}.")
            plain = N_("A filter has not as many patches as it should have.")
            values = {"filter": number, "expected": len(right), "got": len(row)}
            return _said("shape", message, plain, **values)
        for place, (patch, found) in enumerate(zip(right, row, strict=True)):
            if difference := _PATCH(patch, found):
                values = {"filter": number, "place": place, "what": difference.said}
                said = Said(N_("Filter {filter}, patch {place}. {what}"), values)
                return Difference(difference.kind, said, difference.plain)
    return None


def _said(kind: str, message: str, plain: str | None = None, **values: Any) -> Difference:
    return Difference(kind, Said(message, values), Said(plain or message))


EXERCISE = Exercise(
    name="best_patches",
    function="best_patches",
    parameters=("responses", "count"),
    cases=cases,
    model="course_utils.checks.assignments.interpretation.model_answers:best_patches",
    compare=compare_with(answers),
    picture=response_maps,
    mistakes=MISTAKES,
)
