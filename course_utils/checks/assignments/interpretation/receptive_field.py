"""Exercise: which pixels a unit sees, from kernels, strides and padding."""

import torch

from course_utils.checks.assignments.interpretation.findings import whole_numbers
from course_utils.checks.compare import compare_with
from course_utils.checks.exercise import Banned, Case, Exercise, Mistake, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]

# (kernel, stride, padding), up to conv5 of AlexNet and up to conv5_3 of VGG16.
ALEXNET = [(11, 4, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 1, 1), (3, 1, 1), (3, 1, 1)]
_TWO, _THREE = [(3, 1, 1)] * 2 + [(2, 2, 0)], [(3, 1, 1)] * 3
VGG16 = _TWO * 2 + [*_THREE, (2, 2, 0)] * 2 + _THREE


def cases(seed: int) -> list[Case]:
    """From one layer to the convolutional part of VGG16."""
    g = draw(seed, "receptive_field")

    def some(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=g))

    def case(title: str, layers: list) -> Case:
        return Case(title, {"layers": layers})

    wide = (some(5, 7), some(2, 3), some(1, 2))
    pool = (some(2, 3), 2, 0)
    odd = [(some(1, 6), some(1, 3), some(0, 3)) for _layer in range(5)]
    return [
        case(N_("one convolution"), [(some(4, 6), 1, 0)]),
        case(N_("one convolution with stride and padding"), [wide]),
        case(N_("two convolutions of stride 1"), [(some(3, 5), 1, 0), (some(6, 7), 1, 0)]),
        case(N_("a convolution with padding on a strided one"), [wide, (some(3, 4), 1, 1)]),
        case(
            N_("strides one after another"),
            [(some(3, 5), some(2, 3), 1), pool, (some(4, 5), 3, some(1, 2))],
        ),
        case(N_("a convolution of 1 x 1 among others"), [wide, (1, 1, 0), pool, (3, 1, 1)]),
        case(N_("no layer at all: a unit is a pixel"), []),
        case(N_("five layers of any kind"), odd),
        case(N_("AlexNet up to conv5"), ALEXNET),
        case(N_("VGG16 up to conv5_3"), VGG16),
    ]


def _walk(layers, field=lambda r, k, s: r + (k - 1) * s, edge=lambda e, p, s: e - p * s):
    size, step, start = 1, 1, 0
    for kernel, stride, padding in layers:
        size, start = field(size, kernel, step), edge(start, padding, step)
        step *= stride
    return size, step, start


def _no_strides(layers):
    return _walk([(k, 1, p) for k, _s, p in layers])[:1] + _walk(layers)[1:]


def _whole_kernel(layers):
    return _walk(layers, field=lambda r, k, s: r + k * s)


def _own_stride(layers):
    size, step, start = 1, 1, 0
    for kernel, stride, padding in layers:
        step *= stride
        size, start = size + (kernel - 1) * step, start - padding * step
    return size, step, start


def _padding_ignored(layers):
    return _walk(layers, edge=lambda e, p, s: e)


def _padding_not_scaled(layers):
    return _walk(layers, edge=lambda e, p, s: e - p)


def _padding_positive(layers):
    return _walk(layers, edge=lambda e, p, s: e + p * s)


def _backwards(layers):
    return _walk(layers[::-1])


def _strides_added(layers):
    size, step, start = 1, 1, 0
    for kernel, stride, padding in layers:
        size, start = size + (kernel - 1) * step, start - padding * step
        step += stride - 1
    return size, step, start


def _last_stride(layers):
    size, step, start = 1, 1, 0
    for kernel, stride, padding in layers:
        size, start = size + (kernel - 1) * step, start - padding * step
        step = stride
    return size, step, start


def _product_of_kernels(layers):
    return _walk(layers, field=lambda r, k, s: r * k)


def _padding_shrinks(layers):
    return _walk([(k - 2 * p, s, 0) for k, s, p in layers])[:1] + _walk(layers)[1:]


def _from_zero(layers):
    size, step, start = _walk(layers)
    return size - 1, step, start


def _first_kernel_alone(layers):
    return _walk(layers)[0], layers[-1][1] if layers else 1, _walk(layers)[2]


MISTAKES = (
    Mistake(
        "no_strides",
        N_(
            "The strides don't enter the field. A kernel is measured in units of the map below"
            " it, and these stand several pixels apart."
        ),
        _no_strides,
    ),
    Mistake(
        "whole_kernel",
        N_(
            "The field grows by a whole kernel with every layer. The kernel's first unit has"
            " been counted already."
        ),
        _whole_kernel,
    ),
    Mistake(
        "own_stride",
        N_(
            "A layer's own stride enters its own window. It moves the units of this layer"
            " apart; only the layers above feel that."
        ),
        _own_stride,
    ),
    Mistake(
        "padding_ignored",
        N_("The padding does not enter the edge: unit 0 begins before the first pixel."),
        _padding_ignored,
    ),
    Mistake(
        "padding_not_scaled",
        N_(
            "The paddings are added as if all were in pixels. Padding of a layer is in units of"
            " the map below it."
        ),
        _padding_not_scaled,
    ),
    Mistake(
        "padding_positive",
        N_("The edge has the wrong sign: padding moves the window of unit 0 out to the left."),
        _padding_positive,
    ),
    Mistake(
        "backwards",
        N_("You walked over the layers from the last to the first."),
        _backwards,
        N_("A kernel feels the strides of the layers below it, not of those above."),
    ),
    Mistake(
        "strides_added",
        N_("Strides of layers on one another are added; each one multiplies what is there."),
        _strides_added,
    ),
    Mistake(
        "last_stride",
        N_(
            "For a window you took the stride of one layer only, the one below it. The strides"
            " of all layers below count."
        ),
        _last_stride,
    ),
    Mistake(
        "product_of_kernels",
        N_("The field is the product of the kernels; each layer adds to it."),
        _product_of_kernels,
    ),
    Mistake(
        "padding_shrinks",
        N_(
            "The padding makes your field smaller. It moves the window of unit 0; the window's"
            " size depends on kernels and strides alone."
        ),
        _padding_shrinks,
    ),
    Mistake(
        "from_zero",
        N_("The field is one too small: without any layer a unit sees one pixel."),
        _from_zero,
    ),
    Mistake(
        "stride_of_the_last_layer",
        N_("The stride is the last layer's own; wanted is the step in pixels of the image."),
        _first_kernel_alone,
    ),
)

EXERCISE = Exercise(
    name="receptive_field",
    function="receptive_field",
    parameters=("layers",),
    cases=cases,
    model="course_utils.checks.assignments.interpretation.model_answers:receptive_field",
    compare=compare_with(
        whole_numbers(N_("The size of the window"), N_("The stride"), N_("The edge"))
    ),
    banned=(
        Banned(
            ("torch_receptive_field", "torchscan", "receptivefield"),
            N_("A library that finds the window by itself leaves nothing to work out."),
        ),
    ),
    mistakes=MISTAKES,
)
