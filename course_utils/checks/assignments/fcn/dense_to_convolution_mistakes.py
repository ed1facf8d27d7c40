"""Wrong ways to make a convolution of a dense layer that students go, and the sentences."""

import torch
from torch import nn

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _empty(linear, channels, height, width, **settings):
    settings = {"bias": linear.bias is not None, "dtype": linear.weight.dtype} | settings
    return nn.Conv2d(channels, linear.out_features, (height, width), **settings)


def _filled(convolution, linear, weight=None):
    with torch.no_grad():
        weight = linear.weight if weight is None else weight
        convolution.weight.copy_(weight.reshape(convolution.weight.shape))
        if linear.bias is not None and convolution.bias is not None:
            convolution.bias.copy_(linear.bias)
    return convolution


def _columns_first(linear, channels, height, width):
    weight = linear.weight.reshape(-1, channels, width, height).transpose(2, 3)
    return _filled(_empty(linear, channels, height, width), linear, weight)


def _channels_last(linear, channels, height, width):
    weight = linear.weight.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
    return _filled(_empty(linear, channels, height, width), linear, weight)


def _matrix_turned(linear, channels, height, width):
    return _filled(_empty(linear, channels, height, width), linear, linear.weight.T)


def _flipped(linear, channels, height, width):
    weight = linear.weight.reshape(-1, channels, height, width).flip(2, 3)
    return _filled(_empty(linear, channels, height, width), linear, weight)


def _no_bias(linear, channels, height, width):
    return _filled(_empty(linear, channels, height, width, bias=False), linear)


def _own_bias(linear, channels, height, width):
    convolution = _empty(linear, channels, height, width)
    with torch.no_grad():
        convolution.weight.copy_(linear.weight.reshape(convolution.weight.shape))
        if convolution.bias is not None:
            convolution.bias.zero_()
    return convolution


def _bias_always(linear, channels, height, width):
    return _filled(_empty(linear, channels, height, width, bias=True), linear)


def _bias_expected(linear, channels, height, width):
    convolution = nn.Conv2d(
        channels, linear.out_features, (height, width), dtype=linear.weight.dtype
    )
    with torch.no_grad():
        convolution.weight.copy_(linear.weight.reshape(convolution.weight.shape))
        convolution.bias.copy_(linear.bias)
    return convolution


def _not_copied(linear, channels, height, width):
    convolution = _empty(linear, channels, height, width)
    with torch.no_grad():
        convolution.weight.fill_(0.1)
        if convolution.bias is not None:
            convolution.bias.fill_(0.1)
    return convolution


def _one_by_one(linear, channels, height, width):
    convolution = nn.Conv2d(linear.in_features, linear.out_features, 1)
    return _filled(convolution, linear)


def _mean_kernel(linear, channels, height, width):
    convolution = nn.Conv2d(channels, linear.out_features, 1, dtype=linear.weight.dtype)
    weight = linear.weight.reshape(-1, channels, height * width).mean(dim=2)
    return _filled(convolution, linear, weight)


def _padded(linear, channels, height, width):
    padding = (height // 2, width // 2)
    return _filled(_empty(linear, channels, height, width, padding=padding), linear)


def _strided(linear, channels, height, width):
    return _filled(_empty(linear, channels, height, width, stride=(height, width)), linear)


def _shared(linear, channels, height, width):
    convolution = _empty(linear, channels, height, width)
    shape = convolution.weight.shape
    convolution.weight = nn.Parameter(linear.weight.detach().view(shape))
    if linear.bias is not None:
        convolution.bias = nn.Parameter(linear.bias.detach())
    return convolution


def _always_float(linear, channels, height, width):
    return _filled(_empty(linear, channels, height, width, dtype=torch.float32), linear)


def _frozen(linear, channels, height, width):
    return _filled(_empty(linear, channels, height, width), linear).requires_grad_(False)


def _sides_swapped(linear, channels, height, width):
    return _filled(_empty(linear, channels, width, height), linear)


def _square_kernel(linear, channels, height, width):
    convolution = nn.Conv2d(
        channels,
        linear.out_features,
        height,
        bias=linear.bias is not None,
        dtype=linear.weight.dtype,
    )
    return _filled(convolution, linear)


def _weight_only(linear, channels, height, width):
    return linear.weight.detach().clone().reshape(-1, channels, height, width)


def _sequence(linear, channels, height, width):
    return nn.Sequential(_filled(_empty(linear, channels, height, width), linear))


def _the_layer_reshaped(linear, channels, height, width):
    convolution = _filled(_empty(linear, channels, height, width), linear)
    linear.weight.data = linear.weight.data.reshape(-1, channels, height, width)
    return convolution


_ORDER = N_(
    "All numbers are there but in other places. The map was flattened as (channel, row, column)"
    " with the column running fastest."
)
_VALUE = N_(
    "The numbers of the convolution are not those of the layer: nothing was copied into it."
)

MISTAKES = (
    Mistake("columns_first", _ORDER, _columns_first),
    Mistake("channels_last", _ORDER, _channels_last),
    Mistake("matrix_turned", _ORDER, _matrix_turned),
    Mistake(
        "flipped",
        N_(
            "The kernel is flipped. nn.Conv2d does not flip kernels: it multiplies unit by"
            " unit, as the layer does."
        ),
        _flipped,
    ),
    Mistake("no_bias", N_("The layer has a bias, the convolution has none."), _no_bias),
    Mistake(
        "own_bias",
        N_("The bias of the convolution is zero; it should be that of the layer."),
        _own_bias,
    ),
    Mistake(
        "bias_always",
        N_("The layer has no bias, and the convolution must have none either."),
        _bias_always,
    ),
    Mistake(
        "bias_expected",
        N_("A layer may have no bias (linear.bias is None); then there is none to copy."),
        _bias_expected,
    ),
    Mistake("not_copied", _VALUE, _not_copied),
    Mistake(
        "one_by_one",
        N_(
            "Your convolution wants as many channels as the layer has inputs. It should take"
            " the map as it is, unflattened, with a kernel as large as the map."
        ),
        _one_by_one,
    ),
    Mistake(
        "mean_kernel",
        N_(
            "A 1 x 1 kernel has one number a channel, but the layer weighs every unit of the"
            " map by itself."
        ),
        _mean_kernel,
    ),
    Mistake(
        "padded",
        N_("The maps are padded; the layer saw no zeros around its map."),
        _padded,
    ),
    Mistake(
        "strided",
        N_(
            "On a larger map the windows should overlap, moving by one unit; yours move by"
            " their own size."
        ),
        _strided,
    ),
    Mistake(
        "shared",
        N_(
            "The convolution uses the layer's own memory, so training it would change the layer"
            " too. Copy the numbers."
        ),
        _shared,
    ),
    Mistake(
        "always_float",
        N_("The convolution is float32 whatever the layer is; it must have its dtype."),
        _always_float,
    ),
    Mistake(
        "frozen",
        N_("The numbers are right, but the convolution can't learn: they are frozen."),
        _frozen,
    ),
    Mistake(
        "sides_swapped",
        N_("Height and width of the kernel are swapped."),
        _sides_swapped,
    ),
    Mistake(
        "square_kernel",
        N_("The kernel takes its width from the height; a map need not be square."),
        _square_kernel,
    ),
    Mistake(
        "weight_only",
        N_("That is a tensor of weights; a layer (nn.Conv2d) is wanted."),
        _weight_only,
    ),
    Mistake(
        "sequence",
        N_("The convolution is packed into an nn.Sequential; return it by itself."),
        _sequence,
    ),
    Mistake(
        "the_layer_reshaped",
        N_("You reshaped the weights of the layer itself; it must stay usable."),
        _the_layer_reshaped,
    ),
)
