"""Wrong ways to replicate pixels that students go, and the sentence for each."""

import torch
from torch.nn import functional as F

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _right(images, factor):
    return images.repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)


def _tiled(images, factor):
    return images.repeat(1, 1, factor, factor)


def _tiled_down(images, factor):
    return images.repeat(1, 1, factor, 1).repeat_interleave(factor, dim=3)


def _tiled_across(images, factor):
    return images.repeat(1, 1, 1, factor).repeat_interleave(factor, dim=2)


def _rows_only(images, factor):
    return images.repeat_interleave(factor, dim=2)


def _columns_only(images, factor):
    return images.repeat_interleave(factor, dim=3)


def _square_of_factor(images, factor):
    return _right(images, factor * factor)


def _with_zeros(images, factor):
    n, c, h, w = images.shape
    answer = images.new_zeros(n, c, h * factor, w * factor)
    answer[:, :, ::factor, ::factor] = images
    return answer


def _bilinear(images, factor):
    larger = F.interpolate(images.double(), scale_factor=factor, mode="bilinear")
    return larger.to(images.dtype)


def _in_runs(images, factor):
    n, c, h, w = images.shape
    run = images.flatten().repeat_interleave(factor * factor)
    return run.reshape(n, c, h * factor, w * factor)


def _shuffled_channels(images, factor):
    return F.pixel_shuffle(images.repeat(1, factor * factor, 1, 1), factor)


def _divided(images, factor):
    answer = _right(images, factor) / factor**2
    return answer.to(images.dtype)


def _turned(images, factor):
    return _right(images, factor).transpose(2, 3)


def _wrong_axes(images, factor):
    return images.repeat_interleave(factor, dim=1).repeat_interleave(factor, dim=2)


def _always_two(images, factor):
    return _right(images, 2)


def _corners(images, factor):
    def places(size):
        return torch.linspace(0, size - 1, size * factor).round().long()

    return images[:, :, places(images.shape[2])][:, :, :, places(images.shape[3])]


def _first_image(images, factor):
    return _right(images[:1], factor)


def _first_channel(images, factor):
    return _right(images[:, :1], factor)


def _floats(images, factor):
    return _right(images, factor).float()


def _transposed_convolution(images, factor):
    channels = images.shape[1]
    ones = torch.ones(channels, 1, factor, factor)
    return F.conv_transpose2d(images, ones, stride=factor, groups=channels)


def _no_channels(images, factor):
    return _right(images, factor)[:, 0]


_ORDER = N_(
    "The numbers have the right count but stand in the wrong places: a reshape reads the axes"
    " in their order, so each factor must stand right behind the axis that it enlarges."
)
_TILED = N_(
    "You put whole copies of the image side by side; each pixel should be repeated on the spot:"
    " a a b b, not a b a b."
)

MISTAKES = (
    Mistake("tiled", _TILED, _tiled),
    Mistake(
        "tiled_down",
        N_("Along the rows' axis the image is repeated as a whole, not pixel by pixel."),
        _tiled_down,
    ),
    Mistake(
        "tiled_across",
        N_("Along the columns' axis the image is repeated as a whole, not pixel by pixel."),
        _tiled_across,
    ),
    Mistake("rows_only", N_("Only the height has grown; the width must grow too."), _rows_only),
    Mistake(
        "columns_only",
        N_("Only the width has grown; the height must grow too."),
        _columns_only,
    ),
    Mistake(
        "square_of_factor",
        N_("Each side has grown by the square of the factor."),
        _square_of_factor,
    ),
    Mistake(
        "with_zeros",
        N_(
            "Each pixel stands in one corner of its square and the rest is zero; it should fill"
            " the square."
        ),
        _with_zeros,
    ),
    Mistake(
        "bilinear",
        N_("There are new values between the pixels: that is interpolation, not replication."),
        _bilinear,
    ),
    Mistake("in_runs", _ORDER, _in_runs),
    Mistake(
        "shuffled_channels",
        N_("With several channels their numbers get mixed: each channel must stay by itself."),
        _shuffled_channels,
    ),
    Mistake(
        "divided",
        N_("The values are divided by the square of the factor; a copy keeps its value."),
        _divided,
    ),
    Mistake("turned", N_("Rows and columns are swapped in the answer."), _turned),
    Mistake(
        "wrong_axes",
        N_("You enlarged channels and rows; rows and columns are the last two axes."),
        _wrong_axes,
    ),
    Mistake("always_two", N_("The answer is enlarged by 2 whatever the factor."), _always_two),
    Mistake(
        "corners",
        N_(
            "Pixels are not repeated equally often: the first and the last fill less. Each must"
            " fill a square of its own."
        ),
        _corners,
    ),
    Mistake("first_image", N_("Only the first image of the batch came back."), _first_image),
    Mistake("first_channel", N_("Only the first channel came back."), _first_channel),
    Mistake(
        "floats",
        N_("The labels became floats; the answer must have the dtype of the images."),
        _floats,
    ),
    Mistake(
        "transposed_convolution",
        N_("Images of floats are right, but a convolution does not take labels (integers)."),
        _transposed_convolution,
    ),
    Mistake("no_channels", N_("The axis of channels is gone."), _no_channels),
)
