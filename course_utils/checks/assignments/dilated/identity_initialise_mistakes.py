"""Wrong ways to start from the identity that students go, and the sentence for each."""

import copy

import torch
from torch import nn

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _convolutions(network):
    return [m for m in network.modules() if isinstance(m, nn.Conv2d)]


def _share(layer, channels, group=None):
    """(outputs, inputs): C / outputs where both carry the same score."""
    outputs, inputs = layer.weight.shape[:2]
    if group is None:

        def group(count):
            return torch.arange(count) * channels // count

    same = group(outputs)[:, None] == group(inputs)
    return same.float() * channels / outputs


def _set(layer, share, *, bias=True):
    with torch.no_grad():
        layer.weight.zero_()
        middle = [k // 2 for k in layer.kernel_size]
        layer.weight[:, :, middle[0], middle[1]] = share
        if bias and layer.bias is not None:
            layer.bias.zero_()


def _all_taps(network, channels):
    for layer in _convolutions(network):
        _set(layer, 0)
        with torch.no_grad():
            layer.weight.copy_(_share(layer, channels)[:, :, None, None])


def _corner(network, channels):
    for layer in _convolutions(network):
        _set(layer, 0)
        with torch.no_grad():
            layer.weight[:, :, 0, 0] = _share(layer, channels)


def _taps_averaged(network, channels):
    for layer in _convolutions(network):
        _set(layer, 0)
        with torch.no_grad():
            taps = layer.weight[0, 0].numel()
            layer.weight.copy_(_share(layer, channels)[:, :, None, None] / taps)


def _dirac(network, channels):
    for layer in _convolutions(network):
        nn.init.dirac_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _bias_kept(network, channels):
    for layer in _convolutions(network):
        _set(layer, _share(layer, channels), bias=False)


def _bias_one(network, channels):
    for layer in _convolutions(network):
        _set(layer, _share(layer, channels))
        if layer.bias is not None:
            nn.init.ones_(layer.bias)


def _bias_expected(network, channels):
    for layer in _convolutions(network):
        nn.init.zeros_(layer.bias)
        _set(layer, _share(layer, channels))


def _others_kept(network, channels):
    for layer in _convolutions(network):
        with torch.no_grad():
            middle = layer.kernel_size[0] // 2
            share = _share(layer, channels)
            centre = layer.weight[:, :, middle, middle]
            centre.copy_(torch.where(share > 0, share, centre))
            if layer.bias is not None:
                layer.bias.zero_()


def _new_parameters(network, channels):
    for layer in _convolutions(network):
        _set(layer, _share(layer, channels))
        layer.weight = nn.Parameter(layer.weight.detach().clone())
        if layer.bias is not None:
            layer.bias = nn.Parameter(layer.bias.detach().clone())


def _frozen(network, channels):
    for layer in _convolutions(network):
        _set(layer, _share(layer, channels))
    network.requires_grad_(False)


def _no_average(network, channels):
    for layer in _convolutions(network):
        _set(layer, (_share(layer, channels) > 0).float())


def _over_inputs(network, channels):
    for layer in _convolutions(network):
        outputs, inputs = layer.weight.shape[:2]
        _set(layer, _share(layer, channels) * outputs / inputs)


def _modulo(network, channels):
    for layer in _convolutions(network):
        _set(layer, _share(layer, channels, lambda n: torch.arange(n) % channels))


def _mixed(network, channels):
    for layer in _convolutions(network):
        _set(layer, channels / layer.out_channels)


def _ones(network, channels):
    for layer in _convolutions(network):
        nn.init.ones_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _zeros(network, channels):
    for layer in _convolutions(network):
        _set(layer, 0)


def _random(network, channels):
    for layer in _convolutions(network):
        nn.init.constant_(layer.weight, 0.1)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _top_level(network, channels):
    for layer in network:
        if isinstance(layer, nn.Conv2d):
            _set(layer, _share(layer, channels))


def _first_only(network, channels):
    layer = _convolutions(network)[0]
    _set(layer, _share(layer, channels))


def _threes_only(network, channels):
    for layer in _convolutions(network):
        if layer.kernel_size == (3, 3):
            _set(layer, _share(layer, channels))


def _tap_one(network, channels):
    for layer in _convolutions(network):
        _set(layer, 0)
        with torch.no_grad():
            layer.weight[:, :, 1, 1] = _share(layer, channels)


def _copy(network, channels):
    twin = copy.deepcopy(network)
    for layer in _convolutions(twin):
        _set(layer, _share(layer, channels))
    return twin


def _wide_left(network, channels):
    for layer in _convolutions(network):
        if layer.in_channels == layer.out_channels == channels:
            _set(layer, _share(layer, channels))


def _eye(network, channels):
    for layer in _convolutions(network):
        _set(layer, torch.eye(layer.out_channels, layer.in_channels) / 2)


def _twins_apart(network, channels):
    """Equal widths get the unit matrix: the output is right, the groups don't mix."""
    for layer in _convolutions(network):
        share = _share(layer, channels)
        if layer.in_channels == layer.out_channels:
            share = torch.eye(layer.in_channels)
        _set(layer, share)


_UNTOUCHED = N_("The numbers in the network are as before: change those, not a copy.")

MISTAKES = (
    Mistake(
        "all_taps",
        N_(
            "All weights of a kernel are set, so a pixel becomes the sum over its window; only"
            " the central one is wanted."
        ),
        _all_taps,
    ),
    Mistake(
        "taps_averaged",
        N_("The kernels average over their window; only the central weight is wanted."),
        _taps_averaged,
    ),
    Mistake(
        "corner",
        N_(
            "Weight (0, 0) of the kernel is its corner, so the map moves; the pixel itself is"
            " at the centre."
        ),
        _corner,
    ),
    Mistake(
        "dirac",
        N_(
            "Where a layer has as many inputs as outputs it is right. With more outputs the new"
            " ones are zero, with fewer some inputs are lost: every channel has a group."
        ),
        _dirac,
        N_("nn.init.dirac_ sets the diagonal of the channels and nothing else."),
    ),
    Mistake("bias_kept", N_("The biases are as before; they should be zero."), _bias_kept),
    Mistake("bias_one", N_("The biases are one; they should be zero."), _bias_one),
    Mistake(
        "bias_expected",
        N_("A layer may have no bias (layer.bias is None); then there is none to change."),
        _bias_expected,
    ),
    Mistake(
        "others_kept",
        N_("The central weights are right, but the other weights kept their old numbers."),
        _others_kept,
    ),
    Mistake(
        "new_parameters",
        N_(
            "The layers got new parameter objects; an optimiser made before would still hold"
            " the old ones. Change the numbers in place."
        ),
        _new_parameters,
    ),
    Mistake("frozen", N_("The parameters no longer learn (requires_grad)."), _frozen),
    Mistake(
        "no_average",
        N_(
            "Where widths differ the values grow: the inputs of a group are added up without"
            " the factor C / c_out."
        ),
        _no_average,
    ),
    Mistake(
        "over_inputs",
        N_("The factor is C / c_in; the exercise wants C / c_out."),
        _over_inputs,
    ),
    Mistake(
        "modulo",
        N_(
            "Your groups take every C-th channel; a group is channels in a row, the first ones"
            " for the first score."
        ),
        _modulo,
    ),
    Mistake(
        "mixed",
        N_("Every output adds up all inputs; it may take those of its own group only."),
        _mixed,
    ),
    Mistake("ones", N_("All weights are one, so everything is added up."), _ones),
    Mistake("zeros", N_("All weights are zero: nothing passes."), _zeros),
    Mistake("constant", N_("All weights are one and the same small number."), _random),
    Mistake(
        "top_level",
        N_(
            "Convolutions inside blocks are left as they were; network.modules() finds them at"
            " any depth."
        ),
        _top_level,
    ),
    Mistake("first_only", N_("Only the first convolution is initialised."), _first_only),
    Mistake(
        "threes_only",
        N_("Only kernels of 3 x 3 are initialised; the others must pass their input too."),
        _threes_only,
    ),
    Mistake(
        "tap_one",
        N_("Weight (1, 1) is the central one of a 3 x 3 kernel only."),
        _tap_one,
    ),
    Mistake("copy", _UNTOUCHED, _copy),
    Mistake(
        "wide_left",
        N_("Layers whose numbers of channels differ are left as they were."),
        _wide_left,
    ),
    Mistake("half", N_("The central weights are too small: a pixel is halved."), _eye),
    Mistake(
        "twins_apart",
        N_(
            "The output is right, but in a layer as wide behind as before every output takes"
            " one input only; it should average its group."
        ),
        _twins_apart,
    ),
)
