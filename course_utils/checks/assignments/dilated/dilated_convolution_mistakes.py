"""Wrong ways to a dilated convolution that students go, and the sentence for each."""

import torch
from torch.nn import functional as F

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _right(images, weight, dilation, padding):
    return F.conv2d(images, weight, dilation=dilation, padding=padding)


def _flipped(images, weight, dilation, padding):
    return _right(images, weight.flip(2, 3), dilation, padding)


def _turned(images, weight, dilation, padding):
    return _right(images, weight.transpose(2, 3), dilation, padding)


def _ignored(images, weight, dilation, padding):
    return _right(images, weight, 1, padding)


def _one_less(images, weight, dilation, padding):
    return _right(images, weight, max(1, dilation - 1), padding)


def _one_more(images, weight, dilation, padding):
    return _right(images, weight, dilation + 1, padding)


def _no_padding(images, weight, dilation, padding):
    return _right(images, weight, dilation, 0)


def _own_padding(images, weight, dilation, padding):
    return _right(images, weight, dilation, dilation * (weight.shape[2] - 1) // 2)


def _one_side(images, weight, dilation, padding):
    return _right(F.pad(images, (padding, 0, padding, 0)), weight, dilation, 0)


def _far_side(images, weight, dilation, padding):
    return _right(F.pad(images, (0, padding, 0, padding)), weight, dilation, 0)


def _rows_only(images, weight, dilation, padding):
    return _right(images, weight, dilation, (padding, 0))


def _columns_only(images, weight, dilation, padding):
    return _right(images, weight, dilation, (0, padding))


def _scaled_padding(images, weight, dilation, padding):
    return _right(images, weight, dilation, dilation * padding)


def _replicated(images, weight, dilation, padding):
    padded = F.pad(images, [padding] * 4, mode="replicate") if padding else images
    return _right(padded, weight, dilation, 0)


def _stride(images, weight, dilation, padding):
    return F.conv2d(images, weight, stride=dilation, padding=padding)


def _spread_images(images, weight, dilation, padding):
    """Zeros between the pixels in place of the weights."""
    n, c, h, w = images.shape
    sparse = images.new_zeros(n, c, dilation * (h - 1) + 1, dilation * (w - 1) + 1)
    sparse[:, :, ::dilation, ::dilation] = images
    return _right(sparse, weight, 1, padding)


def _undilated_size(images, weight, dilation, padding):
    """The loops run as with an ordinary kernel; beyond the edge is nothing."""
    k = weight.shape[2]
    height, width = (s + 2 * padding - k + 1 for s in images.shape[2:])
    extra = (dilation - 1) * (k - 1)
    padded = F.pad(images, (padding, padding + extra, padding, padding + extra))
    return _right(padded, weight, dilation, 0)[:, :, :height, :width]


def _one_too_few(images, weight, dilation, padding):
    answer = _right(images, weight, dilation, padding)
    return answer[:, :, :-1, :-1]


def _span_off(images, weight, dilation, padding):
    """The span taken for l k, one time too many for l > 1."""
    cut = dilation - 1
    answer = _right(images, weight, dilation, padding)
    height, width = answer.shape[2] - cut, answer.shape[3] - cut
    return answer[:, :, :height, :width]


def _first_channel(images, weight, dilation, padding):
    return _right(images[:, :1], weight[:, :1], dilation, padding)


def _mean_channels(images, weight, dilation, padding):
    return _right(images, weight, dilation, padding) / images.shape[1]


def _channels_apart(images, weight, dilation, padding):
    parts = [
        _right(images[:, c : c + 1], weight[:, c : c + 1], dilation, padding)
        for c in range(images.shape[1])
    ]
    return torch.cat(parts, dim=1)


def _outputs_added(images, weight, dilation, padding):
    return _right(images, weight, dilation, padding).sum(dim=1, keepdim=True)


def _means(images, weight, dilation, padding):
    return _right(images, weight, dilation, padding) / weight[0, 0].numel()


def _detached(images, weight, dilation, padding):
    return _right(images.detach(), weight, dilation, padding)


def _always_float(images, weight, dilation, padding):
    return _right(images.float(), weight.float(), dilation, padding)


def _float_zeros(images, weight, dilation, padding):
    """An answer made of torch.zeros, which is float32, and written in place."""
    answer = torch.zeros(_right(images, weight, dilation, padding).shape)
    answer[:] = _right(images, weight, dilation, padding)
    return answer


def _one_image(images, weight, dilation, padding):
    return _right(images[:1], weight, dilation, padding)


def _no_batch(images, weight, dilation, padding):
    return _right(images, weight, dilation, padding).squeeze()


_PADDING = N_("The zeros stand on one side only; they belong on all four.")
_DTYPE = N_("The answer is float32 whatever the images are; it should keep their dtype.")

MISTAKES = (
    Mistake(
        "flipped",
        N_(
            "The kernel is laid on flipped. Weight (0, 0) belongs to the upper left pixel of"
            " the window, as in libraries."
        ),
        _flipped,
    ),
    Mistake("turned", N_("Rows and columns of the kernel are swapped."), _turned),
    Mistake(
        "ignored", N_("The dilation plays no part: your weights stand side by side."), _ignored
    ),
    Mistake(
        "one_less",
        N_("The weights stand l - 1 pixels apart; that is how many pixels lie between them."),
        _one_less,
    ),
    Mistake(
        "one_more",
        N_("The weights stand l + 1 pixels apart; with l pixels apart l - 1 lie between them."),
        _one_more,
    ),
    Mistake("no_padding", N_("No zeros are put around the image."), _no_padding),
    Mistake(
        "own_padding",
        N_("You pad so that the size is kept, whatever padding was asked for."),
        _own_padding,
    ),
    Mistake("one_side", _PADDING, _one_side),
    Mistake("far_side", _PADDING, _far_side),
    Mistake(
        "rows_only", N_("Zeros are put above and below, but not at the sides."), _rows_only
    ),
    Mistake(
        "columns_only",
        N_("Zeros are put at the sides, but not above and below."),
        _columns_only,
    ),
    Mistake(
        "scaled_padding",
        N_("The padding is multiplied by the dilation; it is given in pixels already."),
        _scaled_padding,
    ),
    Mistake(
        "replicated",
        N_("You repeat the outer pixels; beyond the edge there are zeros."),
        _replicated,
    ),
    Mistake(
        "stride",
        N_("You move the window by l pixels (a stride) in place of spreading its weights."),
        _stride,
    ),
    Mistake(
        "spread_images",
        N_("You spread the pixels of the image; it is the weights that are to stand apart."),
        _spread_images,
    ),
    Mistake(
        "undilated_size",
        N_(
            "The output has as many pixels as with an ordinary kernel; the dilated one spans"
            " more and fits into fewer places."
        ),
        _undilated_size,
    ),
    Mistake(
        "one_too_few",
        N_(
            "The last row and column are missing: count the places where the kernel fits again."
        ),
        _one_too_few,
    ),
    Mistake(
        "span_off",
        N_(
            "With dilation rows and columns are missing at the end: the last weight has no gap"
            " behind it."
        ),
        _span_off,
    ),
    Mistake("first_channel", N_("Only the first input channel is used."), _first_channel),
    Mistake(
        "mean_channels",
        N_("The input channels are averaged; their products are to be summed."),
        _mean_channels,
    ),
    Mistake(
        "channels_apart",
        N_("Each input channel has an output of its own; they should be summed."),
        _channels_apart,
    ),
    Mistake(
        "outputs_added",
        N_("All output channels are added up into one; each has a kernel of its own."),
        _outputs_added,
    ),
    Mistake("means", N_("The products are averaged over the window, not summed."), _means),
    Mistake(
        "detached",
        N_("The value is right, but no gradient flows back to the images."),
        _detached,
    ),
    Mistake("always_float", _DTYPE, _always_float),
    Mistake("float_zeros", _DTYPE, _float_zeros),
    Mistake("one_image", N_("Only the first image of the batch is answered."), _one_image),
    Mistake(
        "no_batch",
        N_("Axes of length 1 are dropped (squeeze); the answer always has four axes."),
        _no_batch,
    ),
)
