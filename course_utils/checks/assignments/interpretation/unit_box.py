"""Exercise: the pixels of one unit's window that lie inside the image."""

import torch

from course_utils.checks.assignments.interpretation.findings import whole_numbers
from course_utils.checks.assignments.interpretation.pictures import boxes
from course_utils.checks.compare import compare_with
from course_utils.checks.exercise import Case, Exercise, Mistake, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From a window in the middle to one that is larger than the image."""
    g = draw(seed, "unit_box")

    def some(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=g))

    def case(title, geometry, unit, size):
        return Case(title, {"geometry": geometry, "unit": unit, "size": size})

    height, width = some(30, 34), some(40, 46)
    size, small = (height, width), (some(5, 7), some(2, 3), -some(1, 2))
    row, column = some(2, 3), some(5, 7)
    low = (height - 4) // small[1]  # a row of units whose windows cross the lower border
    right = (width - 4) // small[1]
    large = (some(60, 70), 8, -some(20, 24))
    tall = (some(20, 22), some(12, 14))
    return [
        case(N_("a window inside the image"), small, (row, column), size),
        case(N_("the first unit, whose window begins in the padding"), small, (0, 0), size),
        case(N_("a window across the upper border"), small, (0, column), size),
        case(N_("a window across the left border"), small, (row, 0), size),
        case(N_("a window across the lower border"), (8, small[1], 0), (low, column), size),
        case(N_("a window across the right border"), (8, small[1], 0), (row, right), size),
        case(N_("an image that is higher than wide"), (9, 2, -3), (some(7, 8), 5), tall),
        case(N_("a window larger than the image"), large, (some(1, 2), some(1, 2)), size),
        case(N_("a unit of AlexNet's conv5"), (163, 16, -66), (some(0, 12), some(0, 12)),
             (224, 224)),
        case(N_("a window that ends with the image"), (10, 4, -2), (4, 3), (24, 20)),
    ]  # fmt: skip


def _starts(geometry, unit):
    _field, stride, edge = geometry
    return [stride * index + edge for index in unit]


def _box(starts, field, size):
    (top, left), (height, width) = starts, size
    return (
        max(top, 0),
        max(left, 0),
        min(top + field, height),
        min(left + field, width),
    )


def _right(geometry, unit, size):
    return _box(_starts(geometry, unit), geometry[0], size)


def _not_clipped(geometry, unit, size):
    top, left = _starts(geometry, unit)
    return top, left, top + geometry[0], left + geometry[0]


def _clipped_at_zero_only(geometry, unit, size):
    top, left = _starts(geometry, unit)
    return max(top, 0), max(left, 0), top + geometry[0], left + geometry[0]


def _last_pixel(geometry, unit, size):
    top, left = _starts(geometry, unit)
    bottom, right = top + geometry[0] - 1, left + geometry[0] - 1
    return max(top, 0), max(left, 0), min(bottom, size[0] - 1), min(right, size[1] - 1)


def _end_at_size_less_one(geometry, unit, size):
    top, left = _starts(geometry, unit)
    bottom, right = top + geometry[0], left + geometry[0]
    return max(top, 0), max(left, 0), min(bottom, size[0] - 1), min(right, size[1] - 1)


def _units_swapped(geometry, unit, size):
    return _right(geometry, unit[::-1], size)


def _sizes_swapped(geometry, unit, size):
    return _right(geometry, unit, size[::-1])


def _columns_first(geometry, unit, size):
    top, left, bottom, right = _right(geometry, unit, size)
    return left, top, right, bottom


def _width_and_height(geometry, unit, size):
    top, left, bottom, right = _right(geometry, unit, size)
    return top, left, bottom - top, right - left


def _no_edge(geometry, unit, size):
    return _right((*geometry[:2], 0), unit, size)


def _edge_times_stride(geometry, unit, size):
    field, stride, edge = geometry
    return _box([stride * (index + edge) for index in unit], field, size)


def _edge_subtracted(geometry, unit, size):
    field, stride, edge = geometry
    return _right((field, stride, -edge), unit, size)


def _clipped_before_the_end(geometry, unit, size):
    starts = [max(start, 0) for start in _starts(geometry, unit)]
    return _box(starts, geometry[0], size)


def _pushed_inside(geometry, unit, size):
    starts = [
        max(min(start, limit - geometry[0]), 0)
        for start, limit in zip(_starts(geometry, unit), size, strict=True)
    ]
    return _box(starts, geometry[0], size)


def _no_stride(geometry, unit, size):
    field, _stride, edge = geometry
    return _right((field, 1, edge), unit, size)


def _about_the_middle(geometry, unit, size):
    field, stride, _edge = geometry
    return _box([stride * index - field // 2 for index in unit], field, size)


MISTAKES = (
    Mistake(
        "not_clipped",
        N_("The window reaches past the image; cut off what lies outside."),
        _not_clipped,
    ),
    Mistake(
        "clipped_at_zero_only",
        N_("The window is cut at the upper and left border, not at the lower and right one."),
        _clipped_at_zero_only,
    ),
    Mistake(
        "last_pixel",
        N_(
            "Bottom and right are the last pixels of the window; wanted are the first ones past"
            " it, as in a slice."
        ),
        _last_pixel,
    ),
    Mistake(
        "end_at_size_less_one",
        N_("At the lower or right border one row or column of pixels is lost."),
        _end_at_size_less_one,
    ),
    Mistake("units_swapped", N_("The unit's row and column are swapped."), _units_swapped),
    Mistake(
        "sizes_swapped",
        N_("The size of the image is (height, width); you read it as (width, height)."),
        _sizes_swapped,
    ),
    Mistake(
        "columns_first",
        N_("The order is (top, left, bottom, right); yours begins with the columns."),
        _columns_first,
    ),
    Mistake(
        "width_and_height",
        N_("The last two numbers are the window's height and width; wanted are its ends."),
        _width_and_height,
    ),
    Mistake(
        "no_edge", N_("The edge does not enter: unit 0 need not begin at pixel 0."), _no_edge
    ),
    Mistake(
        "edge_times_stride",
        N_("The edge is in pixels already; don't multiply it by the stride."),
        _edge_times_stride,
    ),
    Mistake(
        "edge_subtracted",
        N_("The edge is subtracted; a negative edge should move the window up and left."),
        _edge_subtracted,
    ),
    Mistake(
        "clipped_before_the_end",
        N_(
            "The window is cut at the upper or left border and then measured anew from there:"
            " its other end comes out too far."
        ),
        _clipped_before_the_end,
    ),
    Mistake(
        "pushed_inside",
        N_(
            "The window is pushed into the image and keeps its size; a unit at the border sees"
            " fewer pixels."
        ),
        _pushed_inside,
    ),
    Mistake(
        "no_stride",
        N_("The stride does not enter: next units are several pixels apart."),
        _no_stride,
    ),
    Mistake(
        "about_the_middle",
        N_(
            "You put the window's middle at stride times the unit. The edge says where the"
            " window begins."
        ),
        _about_the_middle,
    ),
)

EXERCISE = Exercise(
    name="unit_box",
    function="unit_box",
    parameters=("geometry", "unit", "size"),
    cases=cases,
    model="course_utils.checks.assignments.interpretation.model_answers:unit_box",
    compare=compare_with(whole_numbers("top", "left", "bottom", "right")),
    picture=boxes,
    mistakes=MISTAKES,
)
