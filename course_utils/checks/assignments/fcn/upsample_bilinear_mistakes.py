"""Wrong ways to bilinear upsampling that students go, and the sentence for each."""

import torch
from torch.nn import functional as F

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _weights(size, factor, reach=None, shift=0.0):
    """(factor * size, size): the tent of every input pixel along one axis."""
    pixels = torch.arange(factor * size, dtype=torch.float64)[:, None]
    centres = factor * torch.arange(size, dtype=torch.float64) + (factor - 1) / 2 + shift
    return (1 - (pixels - centres).abs() / (reach or factor)).clamp(min=0)


def _with(scores, down, across):
    return torch.einsum("yi,ncij,xj->ncyx", down, scores.double(), across).to(scores.dtype)


def _right(scores, factor):
    height, width = scores.shape[2:]
    return _with(scores, _weights(height, factor), _weights(width, factor))


def _tent(size, factor):
    return 1 - (torch.arange(size) - (size - 1) / 2).abs() / factor


def _laid(scores, kernel, factor, padding):
    channels = scores.shape[1]
    weight = kernel.to(scores).expand(channels, 1, *kernel.shape)
    return F.conv_transpose2d(scores, weight, stride=factor, padding=padding, groups=channels)


def _interpolated(scores, factor):
    return F.interpolate(scores, scale_factor=factor, mode="bilinear", align_corners=False)


def _aligned_corners(scores, factor):
    return F.interpolate(scores, scale_factor=factor, mode="bilinear", align_corners=True)


def _replicated(scores, factor):
    return scores.repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)


def _bicubic(scores, factor):
    return F.interpolate(scores, scale_factor=factor, mode="bicubic")


def _kernel_of_factor(scores, factor):
    tent = _tent(factor, factor)
    return _laid(scores, torch.outer(tent, tent), factor, 0)


def _centre_late(scores, factor):
    height, width = scores.shape[2:]
    shift = 0.5 if factor % 2 == 0 else 0.0
    return _with(
        scores, _weights(height, factor, shift=shift), _weights(width, factor, shift=shift)
    )


def _centre_early(scores, factor):
    height, width = scores.shape[2:]
    shift = -0.5 if factor % 2 == 0 else 0.0
    return _with(
        scores, _weights(height, factor, shift=shift), _weights(width, factor, shift=shift)
    )


def _centre_at_the_corner(scores, factor):
    height, width = scores.shape[2:]
    shift = -(factor - 1) / 2
    return _with(
        scores, _weights(height, factor, shift=shift), _weights(width, factor, shift=shift)
    )


def _sum_of_one(scores, factor):
    return _right(scores, factor) / factor**2


def _cone(scores, factor):
    size = 2 * factor - factor % 2
    away = torch.arange(size) - (size - 1) / 2
    kernel = (1 - torch.hypot(away[:, None], away) / factor).clamp(min=0)
    return _laid(scores, kernel, factor, factor // 2)


def _smaller_of_two(scores, factor):
    tent = _tent(2 * factor - factor % 2, factor)
    return _laid(scores, torch.minimum(tent[:, None], tent), factor, factor // 2)


def _not_cut(scores, factor):
    tent = _tent(2 * factor - factor % 2, factor)
    return _laid(scores, torch.outer(tent, tent), factor, 0)


def _cut_at_the_end(scores, factor):
    height, width = scores.shape[2:]
    return _not_cut(scores, factor)[:, :, : factor * height, : factor * width]


def _even_kernel_for_odd(scores, factor):
    tent = _tent(2 * factor, factor)
    return _laid(scores, torch.outer(tent, tent), factor, factor // 2)


def _mixed(scores, factor):
    return _right(scores, factor).sum(dim=1, keepdim=True).expand(-1, scores.shape[1], -1, -1)


def _one_channel(scores, factor):
    return _right(scores, factor).sum(dim=1, keepdim=True)


def _down_only(scores, factor):
    height, width = scores.shape[2:]
    box = torch.eye(width, dtype=torch.float64).repeat_interleave(factor, dim=0)
    return _with(scores, _weights(height, factor), box)


def _across_only(scores, factor):
    height, width = scores.shape[2:]
    box = torch.eye(height, dtype=torch.float64).repeat_interleave(factor, dim=0)
    return _with(scores, box, _weights(width, factor))


def _float_kernel(scores, factor):
    tent = _tent(2 * factor - factor % 2, factor)
    weight = torch.outer(tent, tent).expand(scores.shape[1], 1, -1, -1).float()
    channels = scores.shape[1]
    return F.conv_transpose2d(
        scores, weight, stride=factor, padding=factor // 2, groups=channels
    )


def _always_float(scores, factor):
    return _right(scores, factor).float()


_BORDER = N_(
    "The middle is right, but at the border you repeat the outer pixel. Beyond the map there"
    " are zeros, so the values fade there."
)
_CENTRE = N_(
    "The weights lean to one side: the centre of the tent is not over the middle of the pixel's"
    " square."
)

MISTAKES = (
    Mistake("border_repeated", _BORDER, _interpolated),
    Mistake(
        "aligned_corners",
        N_(
            "The corners of both maps are laid over one another, so the pixels are spread more"
            " widely than the factor says; their squares should cover one another."
        ),
        _aligned_corners,
    ),
    Mistake(
        "replicated",
        N_("The pixels are replicated; between them the values should change evenly."),
        _replicated,
    ),
    Mistake(
        "bicubic",
        N_("That is bicubic: the values overshoot. The tent is made of straight lines."),
        _bicubic,
    ),
    Mistake(
        "kernel_of_factor",
        N_(
            "Your kernel is as large as the factor, so the tents of neighbours don't overlap;"
            " a tent reaches up to the neighbour's centre."
        ),
        _kernel_of_factor,
    ),
    Mistake("centre_late", _CENTRE, _centre_late),
    Mistake("centre_early", _CENTRE, _centre_early),
    Mistake("centre_at_the_corner", _CENTRE, _centre_at_the_corner),
    Mistake(
        "sum_of_one",
        N_(
            "All values are too small by the square of the factor. The weights that meet in one"
            " output pixel must sum to 1, not those of one kernel."
        ),
        _sum_of_one,
    ),
    Mistake(
        "cone",
        N_(
            "Your kernel is a round cone; it should be the product of a tent along the rows and"
            " one along the columns."
        ),
        _cone,
    ),
    Mistake(
        "smaller_of_two",
        N_("Your kernel takes the smaller of the two tents; they are to be multiplied."),
        _smaller_of_two,
    ),
    Mistake(
        "not_cut",
        N_("The answer is larger than the factor says: the margin is not cut off."),
        _not_cut,
    ),
    Mistake(
        "cut_at_the_end",
        N_(
            "The margin is cut off at the right and below only, so the map has moved; it must"
            " go on all four sides."
        ),
        _cut_at_the_end,
    ),
    Mistake(
        "even_kernel_for_odd",
        N_(
            "Even factors are right. With an odd one the answer is a pixel too large: there the"
            " tent has its peak at the centre of a pixel and the kernel is of odd size."
        ),
        _even_kernel_for_odd,
    ),
    Mistake(
        "mixed",
        N_("Each channel became the sum of all; a channel must stay by itself."),
        _mixed,
    ),
    Mistake(
        "one_channel",
        N_("The channels were added up into one; the answer needs all of them."),
        _one_channel,
    ),
    Mistake(
        "down_only",
        N_("You interpolate along columns and replicate along rows; both axes need the tent."),
        _down_only,
    ),
    Mistake(
        "across_only",
        N_("You interpolate along rows and replicate along columns; both axes need the tent."),
        _across_only,
    ),
    Mistake(
        "float_kernel",
        N_("Your kernel is float32 whatever the scores are; it must have their dtype."),
        _float_kernel,
    ),
    Mistake(
        "always_float",
        N_("The answer is float32 whatever the scores are; it must keep their dtype."),
        _always_float,
    ),
)
