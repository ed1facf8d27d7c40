"""Wrong ways to falling learning rates that students go, and the sentence for each."""

from torch import nn

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _layers(network):
    """Parameters layer by layer: a layer begins with a convolution or a dense layer."""
    found = []
    for module in network.modules():
        own = list(module.parameters(recurse=False))
        if isinstance(module, nn.Conv2d | nn.Linear):
            found.append(own)
        elif own and found:
            found[-1] += own
    return found


def _groups(layers, rates):
    """Groups of what learns. rates: one a layer."""
    pairs = zip(layers, rates, strict=True)
    groups = [{"params": [p for p in ps if p.requires_grad], "lr": rate} for ps, rate in pairs]
    return [group for group in groups if group["params"]]


def _falling(number, lr, decay):
    return [lr * decay ** (number - 1 - index) for index in range(number)]


def _right(network, lr, decay):
    layers = _layers(network)
    return _groups(layers, _falling(len(layers), lr, decay))


def _one_rate(network, lr, decay):
    layers = _layers(network)
    return _groups(layers, [lr] * len(layers))


def _lr_scale(network, lr, decay):
    layers = _layers(network)
    rates = _falling(len(layers), 1.0, decay)
    groups = _groups(layers, rates)
    return [{"params": group["params"], "lr_scale": group["lr"]} for group in groups]


def _factor_alone(network, lr, decay):
    layers = _layers(network)
    return _groups(layers, _falling(len(layers), 1.0, decay))


def _first_is_fastest(network, lr, decay):
    layers = _layers(network)
    return _groups(layers, _falling(len(layers), lr, decay)[::-1])


def _rising(network, lr, decay):
    layers = _layers(network)
    return _groups(layers, _falling(len(layers), lr, 1 / decay))


def _one_too_many(network, lr, decay):
    layers = _layers(network)
    return _groups(layers, _falling(len(layers), lr * decay, decay))


def _linear(network, lr, decay):
    layers = _layers(network)
    number = len(layers)
    return _groups(layers, [lr * (index + 1) / number for index in range(number)])


def _two_rates(network, lr, decay):
    layers = _layers(network)
    return _groups(layers, [lr * decay] * (len(layers) - 1) + [lr])


def _every_tensor(network, lr, decay):
    layers = [[p] for p in network.parameters()]
    return _groups(layers, _falling(len(layers), lr, decay))


def _norms_are_layers(network, lr, decay):
    layers = [list(module.parameters(recurse=False)) for module in network.modules()]
    layers = [layer for layer in layers if layer]
    return _groups(layers, _falling(len(layers), lr, decay))


def _everything_is_a_layer(network, lr, decay):
    leaves = [module for module in network.modules() if not list(module.children())]
    layers = [list(module.parameters()) for module in leaves]
    return _groups(layers, _falling(len(layers), lr, decay))


def _outermost(network, lr, decay):
    layers = [list(child.parameters()) for child in network.children()]
    layers = [layer for layer in layers if layer]
    return _groups(layers, _falling(len(layers), lr, decay))


def _no_norms(network, lr, decay):
    kinds = nn.Conv2d | nn.Linear
    layers = [list(m.parameters()) for m in network.modules() if isinstance(m, kinds)]
    return _groups(layers, _falling(len(layers), lr, decay))


def _batch_norms_only(network, lr, decay):
    layers = []
    for module in network.modules():
        own = list(module.parameters(recurse=False))
        if isinstance(module, nn.Conv2d | nn.Linear):
            layers.append(own)
        elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            layers[-1] += own
    return _groups(layers, _falling(len(layers), lr, decay))


def _no_biases(network, lr, decay):
    layers = _layers(network)
    rates = _falling(len(layers), lr, decay)
    return _groups([[p for p in layer if p.dim() > 1] for layer in layers], rates)


def _with_frozen(network, lr, decay):
    layers = _layers(network)
    rates = _falling(len(layers), lr, decay)
    return [{"params": ps, "lr": rate} for ps, rate in zip(layers, rates, strict=True)]


def _frozen_do_not_count(network, lr, decay):
    awake = [[p for p in layer if p.requires_grad] for layer in _layers(network)]
    awake = [layer for layer in awake if layer]
    return _groups(awake, _falling(len(awake), lr, decay))


def _twice(network, lr, decay):
    return [{"params": list(network.parameters()), "lr": lr}, *_right(network, lr, decay)]


def _last_alone(network, lr, decay):
    return _right(network, lr, decay)[-1:]


def _optimizer(network, lr, decay):
    import torch

    return torch.optim.AdamW(_right(network, lr, decay))


def _dict(network, lr, decay):
    groups = _right(network, lr, decay)
    return {index: group["lr"] for index, group in enumerate(groups)}


MISTAKES = (
    Mistake(
        "one_rate",
        N_("All layers learn at one rate; it should fall towards the first layer."),
        _one_rate,
    ),
    Mistake(
        "lr_scale",
        N_(
            "The groups have no “lr”, so AdamW takes its own rate for all of them; a key that"
            " it does not know changes nothing."
        ),
        _lr_scale,
    ),
    Mistake(
        "factor_alone",
        N_("The rates are powers of `decay` alone; each must be multiplied by `lr`."),
        _factor_alone,
    ),
    Mistake(
        "first_is_fastest",
        N_("The first layer learns fastest; it should learn slowest, and the last at `lr`."),
        _first_is_fastest,
    ),
    Mistake(
        "rising",
        N_(
            "The last layer learns at `lr`, but before it the rates rise where they should"
            " fall."
        ),
        _rising,
    ),
    Mistake(
        "one_too_many",
        N_(
            "Every rate is multiplied by `decay` once too often: the last layer learns at `lr`."
        ),
        _one_too_many,
    ),
    Mistake(
        "linear",
        N_(
            "The rates fall by equal amounts; each layer's should be `decay` times the next"
            " one's."
        ),
        _linear,
    ),
    Mistake(
        "two_rates",
        N_("There are only two rates; the rate should fall from layer to layer."),
        _two_rates,
    ),
    Mistake(
        "every_tensor",
        N_(
            "You counted every tensor of parameters as a layer: weight and bias belong"
            " together."
        ),
        _every_tensor,
    ),
    Mistake(
        "norms_are_layers",
        N_(
            "You counted normalisation as a layer of its own; it belongs to the convolution"
            " before it and learns at the same rate."
        ),
        _norms_are_layers,
    ),
    Mistake(
        "everything_is_a_layer",
        N_("You counted layers without parameters too, ReLU for one."),
        _everything_is_a_layer,
    ),
    Mistake(
        "outermost",
        N_("You counted only the outermost parts; a block holds several layers."),
        _outermost,
    ),
    Mistake(
        "no_norms",
        N_("The parameters of normalisation are in no group, so they don't learn."),
        _no_norms,
    ),
    Mistake(
        "batch_norms_only",
        N_(
            "The parameters of GroupNorm are in no group: not every normalisation is batch"
            " normalisation."
        ),
        _batch_norms_only,
    ),
    Mistake(
        "no_biases",
        N_("Parameters with one axis, such as biases, are in no group, so they don't learn."),
        _no_biases,
    ),
    Mistake(
        "with_frozen",
        N_("Frozen parameters are in the groups; they have nothing to do there."),
        _with_frozen,
    ),
    Mistake(
        "frozen_do_not_count",
        N_(
            "A frozen layer was passed over when the layers were counted, so those before it"
            " learn too fast."
        ),
        _frozen_do_not_count,
    ),
    Mistake(
        "twice",
        N_("Parameters are in two groups at once; AdamW refuses that."),
        _twice,
    ),
    Mistake(
        "last_alone",
        N_(
            "Only the last layer is in the groups; the others are to learn as well, more"
            " slowly."
        ),
        _last_alone,
    ),
    Mistake(
        "optimizer",
        N_(
            "You returned an optimizer; the list of groups is wanted, which an optimizer takes."
        ),
        _optimizer,
    ),
    Mistake(
        "dict",
        N_("You returned a dict; a list of groups is wanted, each of them a dict."),
        _dict,
    ),
)
