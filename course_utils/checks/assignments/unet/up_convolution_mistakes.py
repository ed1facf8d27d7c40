"""Wrong ways to lay the stamps that students go, and the sentence for each."""

import torch
from torch.nn import functional as F

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _stamped(maps, weight, strides, size=None, *, add=True):
    """Stamps `strides` apart on a map of `size`, added up or written over one another."""
    n, _, height, width = maps.shape
    k = weight.shape[-1]
    if size is None:
        size = [(side - 1) * s + k for side, s in zip((height, width), strides, strict=True)]
    answer = maps.new_zeros(n, weight.shape[1], *size)
    for i in range(height):
        for j in range(width):
            stamp = torch.einsum("na,abyx->nbyx", maps[:, :, i, j], weight)
            top, left = i * strides[0], j * strides[1]
            place = answer[:, :, top : top + k, left : left + k]
            stamp = stamp[:, :, : place.shape[2], : place.shape[3]]
            place.copy_(place + stamp if add else stamp)
    return answer


def _right(maps, weight, stride):
    return _stamped(maps, weight, (stride, stride))


def _written_over(maps, weight, stride):
    return _stamped(maps, weight, (stride, stride), add=False)


def _flipped(maps, weight, stride):
    return _right(maps, weight.flip(2, 3), stride)


def _turned(maps, weight, stride):
    return _right(maps, weight.transpose(2, 3), stride)


def _axes_swapped(maps, weight, stride):
    return F.conv_transpose2d(maps, weight.transpose(0, 1), stride=stride)


def _side_times_stride(maps, weight, stride):
    size = [stride * side for side in maps.shape[2:]]
    return _stamped(maps, weight, (stride, stride), size)


def _cropped(maps, weight, stride):
    return F.conv_transpose2d(maps, weight, stride=stride, padding=(weight.shape[-1] - 1) // 2)


def _replicated(maps, weight, stride):
    larger = maps.repeat_interleave(stride, 2).repeat_interleave(stride, 3)
    return F.conv2d(larger, weight.transpose(0, 1), padding="same")


def _convolved(maps, weight, stride):
    k = weight.shape[-1]
    padded = F.pad(maps, (k - 1,) * 4)
    return F.conv2d(padded, weight.transpose(0, 1).flip(2, 3))


def _by_rows_only(maps, weight, stride):
    return _stamped(maps, weight, (stride, 1))


def _by_columns_only(maps, weight, stride):
    return _stamped(maps, weight, (1, stride))


def _kernel_apart(maps, weight, stride):
    k = weight.shape[-1]
    return _stamped(maps, weight, (k, k))


def _always_two(maps, weight, stride):
    return _stamped(maps, weight, (2, 2))


def _averaged(maps, weight, stride):
    counts = _right(torch.ones_like(maps[:1, :1]), torch.ones_like(weight[:1, :1]), stride)
    return _right(maps, weight, stride) / counts.clamp(min=1)


def _one_channel(maps, weight, stride):
    return _right(maps[:, :1], weight[:1], stride)


def _channels_apart(maps, weight, stride):
    mean = weight.mean(dim=0, keepdim=True).expand_as(weight)
    return _right(maps, mean, stride)


def _detached(maps, weight, stride):
    return _right(maps.detach(), weight.detach(), stride)


def _zeros_before(maps, weight, stride):
    """Zeros between the pixels stand at the left and above, and not at the right and below."""
    answer, shift = _right(maps, weight, stride), stride - 1
    return F.pad(answer, (shift, 0, shift, 0))


MISTAKES = (
    Mistake(
        "written_over",
        N_(
            "Where stamps overlap, the later one replaced the earlier; their values should be"
            " added."
        ),
        _written_over,
    ),
    Mistake(
        "flipped",
        N_(
            "The kernel is flipped: its first row and column belong at the top left of a stamp."
        ),
        _flipped,
    ),
    Mistake(
        "turned",
        N_("Rows and columns of the kernel are swapped."),
        _turned,
    ),
    Mistake(
        "axes_swapped",
        N_(
            "The first two axes of the weight are swapped: here the input channels come first,"
            " unlike in nn.Conv2d."
        ),
        _axes_swapped,
    ),
    Mistake(
        "side_times_stride",
        N_(
            "The side of your answer is n times the stride. The last stamp begins at (n - 1)"
            " times the stride and is as long as the kernel."
        ),
        _side_times_stride,
    ),
    Mistake(
        "cropped",
        N_("A margin was cut off; all stamps should be seen whole."),
        _cropped,
    ),
    Mistake(
        "replicated",
        N_(
            "You replicated the pixels and convolved the result. That is another layer: here"
            " every pixel puts down the kernel itself."
        ),
        _replicated,
    ),
    Mistake(
        "convolved",
        N_("The stamps lie one pixel apart whatever the stride."),
        _convolved,
    ),
    Mistake(
        "by_rows_only",
        N_("The stride acts on rows only; it should part columns too."),
        _by_rows_only,
    ),
    Mistake(
        "by_columns_only",
        N_("The stride acts on columns only; it should part rows too."),
        _by_columns_only,
    ),
    Mistake(
        "kernel_apart",
        N_("The stamps lie edge to edge: they are a kernel apart, not a stride."),
        _kernel_apart,
    ),
    Mistake(
        "always_two",
        N_("The stamps lie two pixels apart whatever the stride."),
        _always_two,
    ),
    Mistake(
        "averaged",
        N_("Where stamps overlap you averaged them; they should be added."),
        _averaged,
    ),
    Mistake(
        "one_channel",
        N_("Only the first input channel came through; the stamps of all should be added."),
        _one_channel,
    ),
    Mistake(
        "channels_apart",
        N_(
            "All input channels were stamped with the same kernel; each pair of an input and an"
            " output channel has its own."
        ),
        _channels_apart,
    ),
    Mistake(
        "zeros_before",
        N_("The first stamp does not begin at the corner: there are zeros before it."),
        _zeros_before,
    ),
    Mistake(
        "detached",
        N_(
            "The numbers are right, but no gradient flows back: .detach(), .data, .item() and"
            " numpy cut it off."
        ),
        _detached,
    ),
)
