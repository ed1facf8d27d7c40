"""Exercise: what a unit sees after each layer of a stack of convolutions."""

from typing import Any

import numpy as np
import torch

from course_utils.checks.compare import Difference, as_number, compare_with
from course_utils.checks.exercise import Case, Exercise, Mistake, draw
from course_utils.checks.said import Said
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From one layer to a stack of odd and even kernels."""
    g = draw(seed, "stack_receptive_fields")

    def some(low, high, count):
        return torch.randint(low, high, (count,), generator=g).tolist()

    def case(title, kernels, dilations):
        return Case(title, {"kernels": kernels, "dilations": dilations})

    odd = [2 * k + 1 for k in some(1, 4, 4)]
    return [
        case(N_("one layer without dilation"), [2 * some(1, 4, 1)[0] + 1], [1]),
        case(N_("one dilated layer"), [5], [some(2, 8, 1)[0]]),
        case(N_("two layers without dilation"), [3, 2 * some(2, 4, 1)[0] + 1], [1, 1]),
        case(N_("two layers, the second is dilated"), [3, 3], [1, some(2, 7, 1)[0]]),
        case(N_("three dilated layers"), [5, 3, 7], some(2, 4, 3)),
        case(N_("a 1 x 1 layer on top"), [3, 3, 1], [1, some(2, 7, 1)[0], 1]),
        case(N_("even kernels"), [2, 4, 2], some(2, 6, 3)),
        case(N_("four different kernels and dilations"), odd, some(1, 9, 4)),
        case(N_("the context network"), [3] * 7 + [1], [1, 1, 2, 4, 8, 16, 1, 1]),
    ]


def whole_numbers(expected: list[int], got: Any) -> Difference | None:
    """A row of as many whole numbers, in any container."""
    row = got.ndim == 1 if isinstance(got, torch.Tensor | np.ndarray) else False
    if not row and not isinstance(got, list | tuple):
        said = Said(N_("A list with one number a layer was expected."))
        return Difference("type", said, said)
    if len(got) != len(expected):
        message = N_("{expected} numbers were expected, one a layer; {got} came.")
        plain = Said(N_("There should be as many numbers as layers."))
        return Difference(
            "shape", Said(message, {"expected": len(expected), "got": len(got)}), plain
        )
    for place, (right, value) in enumerate(zip(expected, got, strict=True), 1):
        number = as_number(value)
        if number is None:
            said = Said(N_("The list should hold whole numbers."))
            return Difference("type", said, said)
        if number != right:
            message = N_("After layer {layer} a unit sees {expected} pixels a side, not {got}.")
            values = {"layer": place, "expected": right, "got": f"{number:g}"}
            plain = Said(N_("Some fields differ from the expected ones."))
            return Difference("value", Said(message, values), plain)
    return None


def _sums(terms, start=1):
    fields = []
    for term in terms:
        start += term
        fields.append(start)
    return fields


def _pairs(kernels, dilations):
    return list(zip(kernels, dilations, strict=True))


def _spans(kernels, dilations):
    return [d * (k - 1) + 1 for k, d in _pairs(kernels, dilations)]


def _product(kernels, dilations):
    field, fields = 1, []
    for span in _spans(kernels, dilations):
        field *= span
        fields.append(field)
    return fields


def _kernel_times_dilation(kernels, dilations):
    return _sums(k * d - 1 for k, d in _pairs(kernels, dilations))


def _no_minus_one(kernels, dilations):
    return _sums(k * d for k, d in _pairs(kernels, dilations))


def _spans_added(kernels, dilations):
    return _sums(_spans(kernels, dilations), 0)


def _from_zero(kernels, dilations):
    return _sums((d * (k - 1) for k, d in _pairs(kernels, dilations)), 0)


def _as_stride(kernels, dilations):
    step, terms = 1, []
    for k, d in _pairs(kernels, dilations):
        step *= d
        terms.append(step * (k - 1))
    return _sums(terms)


def _before_as_stride(kernels, dilations):
    step, terms = 1, []
    for k, d in _pairs(kernels, dilations):
        terms.append(step * (k - 1))
        step *= d
    return _sums(terms)


def _last_only(kernels, dilations):
    return _sums(d * (k - 1) for k, d in _pairs(kernels, dilations))[-1]


def _each_alone(kernels, dilations):
    return _spans(kernels, dilations)


def _ignored(kernels, dilations):
    return _sums(k - 1 for k in kernels)


def _holes(kernels, dilations):
    return _sums((k - 1) * (d + 1) for k, d in _pairs(kernels, dilations))


def _two_a_layer(kernels, dilations):
    return _sums(2 * d for d in dilations)


def _half(kernels, dilations):
    return _sums(2 * (d * (k // 2)) for k, d in _pairs(kernels, dilations))


def _with_image(kernels, dilations):
    return [1, *_sums(d * (k - 1) for k, d in _pairs(kernels, dilations))]


def _reversed(kernels, dilations):
    return _sums(d * (k - 1) for k, d in _pairs(kernels[::-1], dilations[::-1]))


def _squared(kernels, dilations):
    return [n * n for n in _sums(d * (k - 1) for k, d in _pairs(kernels, dilations))]


MISTAKES = (
    Mistake("product", N_("You multiply what the layers span; their reach adds up."), _product),
    Mistake(
        "kernel_times_dilation",
        N_(
            "A dilated kernel does not span k · l pixels: the last weight has no gap behind it."
        ),
        _kernel_times_dilation,
    ),
    Mistake(
        "no_minus_one",
        N_("Each layer adds too much: k weights have k - 1 gaps between them."),
        _no_minus_one,
    ),
    Mistake(
        "spans_added",
        N_(
            "You add up what the kernels span. The central pixel belongs to all of them and"
            " counts once."
        ),
        _spans_added,
    ),
    Mistake(
        "from_zero",
        N_("All fields are one too small: without any layer a unit sees one pixel."),
        _from_zero,
    ),
    Mistake(
        "as_stride",
        N_("Dilation is no stride: it does not carry over to the layers behind it."),
        _as_stride,
    ),
    Mistake(
        "before_as_stride",
        N_(
            "You let the dilations of the layers before act as strides; each layer spreads its"
            " own weights by its own dilation."
        ),
        _before_as_stride,
    ),
    Mistake(
        "last_only",
        N_("Only one number came; the field after every layer is wanted."),
        _last_only,
    ),
    Mistake(
        "each_alone",
        N_("That is what each layer spans by itself; the layers before it widen the field."),
        _each_alone,
    ),
    Mistake("ignored", N_("The dilations play no part in your fields."), _ignored),
    Mistake(
        "holes",
        N_(
            "With dilation l there are l - 1 pixels between two weights, so they stand l apart;"
            " yours stand l + 1 apart."
        ),
        _holes,
    ),
    Mistake(
        "two_a_layer",
        N_("You count with kernels of 3; they may be of any size."),
        _two_a_layer,
    ),
    Mistake(
        "half",
        N_("With odd kernels it is right; an even kernel is counted one too large."),
        _half,
    ),
    Mistake(
        "with_image",
        N_("The list begins with the image itself; it should begin with the first layer."),
        _with_image,
    ),
    Mistake("reversed", N_("The layers are taken from the last to the first."), _reversed),
    Mistake("squared", N_("That is the number of pixels; the side is wanted."), _squared),
)

EXERCISE = Exercise(
    name="stack_receptive_fields",
    function="stack_receptive_fields",
    parameters=("kernels", "dilations"),
    cases=cases,
    model="course_utils.checks.assignments.dilated.model_answers:stack_receptive_fields",
    compare=compare_with(whole_numbers),
    mistakes=MISTAKES,
)
