"""Wrong ways to a new last layer that students go, and the sentence for each."""

import torch
from torch import nn

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _layers(network):
    kinds = nn.Linear | nn.Conv2d
    return [(n, m) for n, m in network.named_modules() if isinstance(m, kinds)]


def _put(network, name, layer):
    parent, _dot, own = name.rpartition(".")
    setattr(network.get_submodule(parent), own, layer)


def _like(old, outputs, **changes):
    settings = {"bias": old.bias is not None, "dtype": old.weight.dtype}
    settings |= {"device": old.weight.device}
    if isinstance(old, nn.Linear):
        return nn.Linear(old.in_features, outputs, **settings | changes)
    settings |= {"stride": old.stride, "padding": old.padding, "dilation": old.dilation}
    return nn.Conv2d(old.in_channels, outputs, old.kernel_size, **settings | changes)


def _with(network, num_classes, **changes):
    name, old = _layers(network)[-1]
    if isinstance(old, nn.Linear):
        changes.pop("dilation", None)
    _put(network, name, _like(old, num_classes, **changes))
    return network


def _attribute_only(network, num_classes):
    _name, last = _layers(network)[-1]
    if isinstance(last, nn.Linear):
        last.out_features = num_classes
    else:
        last.out_channels = num_classes
    return network


def _on_top(network, num_classes):
    _name, last = _layers(network)[-1]
    old = last.out_features if isinstance(last, nn.Linear) else last.out_channels
    top = nn.Linear(old, num_classes, dtype=last.weight.dtype, device=last.weight.device)
    return nn.Sequential(network, top)


def _returns_layer(network, num_classes):
    name, old = _layers(network)[-1]
    new = _like(old, num_classes)
    _put(network, name, new)
    return new


def _returns_nothing(network, num_classes):
    _with(network, num_classes)


def _bias_always(network, num_classes):
    return _with(network, num_classes, bias=True)


def _bias_never(network, num_classes):
    return _with(network, num_classes, bias=False)


def _last_child(network, num_classes):
    *_others, (name, last) = network.named_children()
    old = last if isinstance(last, nn.Conv2d) else None
    new = _like(old, num_classes) if old else _like_dense(last, num_classes)
    setattr(network, name, new)
    return network


def _like_dense(last, num_classes):
    settings = {"bias": last.bias is not None, "dtype": last.weight.dtype}
    return nn.Linear(last.in_features, num_classes, **settings, device=last.weight.device)


def _first_layer(network, num_classes):
    name, old = _layers(network)[0]
    _put(network, name, _like(old, num_classes))
    return network


def _dense_only(network, num_classes):
    dense = [(n, m) for n, m in network.named_modules() if isinstance(m, nn.Linear)]
    name, old = dense[-1]
    _put(network, name, _like(old, num_classes))
    return network


def _kernel_of_one(network, num_classes):
    name, old = _layers(network)[-1]
    new = _like(old, num_classes)
    if isinstance(old, nn.Conv2d):
        bias = old.bias is not None
        new = nn.Conv2d(old.in_channels, num_classes, 1, bias=bias, dtype=old.weight.dtype)
    _put(network, name, new)
    return network


def _kernel_alone(network, num_classes):
    name, old = _layers(network)[-1]
    new = _like(old, num_classes)
    if isinstance(old, nn.Conv2d):
        bias = old.bias is not None
        new = nn.Conv2d(old.in_channels, num_classes, old.kernel_size, bias=bias)
    _put(network, name, new)
    return network


def _no_dilation(network, num_classes):
    return _with(network, num_classes, dilation=1)


def _old_when_it_fits(network, num_classes):
    _name, last = _layers(network)[-1]
    if len(last.weight) == num_classes:
        return network
    return _with(network, num_classes)


def _rows_of_the_old(network, num_classes):
    name, old = _layers(network)[-1]
    new = _like(old, num_classes)
    with torch.no_grad():
        fits = min(num_classes, len(old.weight))
        new.weight[:fits] = old.weight[:fits]
    _put(network, name, new)
    return network


def _float32(network, num_classes):
    return _with(network, num_classes, dtype=torch.float32)


def _frozen_as_the_old(network, num_classes):
    name, old = _layers(network)[-1]
    new = _like(old, num_classes).requires_grad_(old.weight.requires_grad)
    _put(network, name, new)
    return network


def _all_awake(network, num_classes):
    return _with(network, num_classes).requires_grad_(True)


def _all_frozen_but_the_head(network, num_classes):
    network.requires_grad_(False)
    return _with(network, num_classes)


def _on_the_cpu(network, num_classes):
    return _with(network, num_classes, device="cpu")


_OLD = N_(
    "The last layer holds the old layer's numbers where the number of classes happens to be the"
    " same. The classes are others, so the layer must be a new one."
)

MISTAKES = (
    Mistake(
        "attribute_only",
        N_(
            "The last layer says that it has another number of outputs, but its weights are the"
            " old ones: an attribute makes no new matrix."
        ),
        _attribute_only,
    ),
    Mistake(
        "on_top",
        N_("The new layer stands on top of the old last one; it should stand in its place."),
        _on_top,
    ),
    Mistake(
        "returns_layer",
        N_("You returned the new layer alone; the network with it in its place is wanted."),
        _returns_layer,
    ),
    Mistake(
        "returns_nothing",
        N_(
            "The function returns nothing. Return the network, even if you changed it in place."
        ),
        _returns_nothing,
    ),
    Mistake(
        "bias_always",
        N_("The old last layer had no bias; yours has one."),
        _bias_always,
    ),
    Mistake(
        "bias_never",
        N_("The old last layer had a bias; yours has none."),
        _bias_never,
    ),
    Mistake(
        "last_child",
        N_(
            "You took the network's last part for the last layer. What stands there may have no"
            " weights, or be made of several layers itself."
        ),
        _last_child,
    ),
    Mistake(
        "first_layer",
        N_("You replaced the first layer with weights; the last one is to be replaced."),
        _first_layer,
    ),
    Mistake(
        "dense_only",
        N_("The last layer with weights need not be a dense one: here it is a convolution."),
        _dense_only,
    ),
    Mistake(
        "kernel_of_one",
        N_("A last layer that is a convolution keeps the old kernel size; yours is 1 x 1."),
        _kernel_of_one,
    ),
    Mistake(
        "kernel_alone",
        N_("The new convolution has the old kernel, but not the old stride and padding."),
        _kernel_alone,
    ),
    Mistake(
        "no_dilation",
        N_("The new convolution lost the old one's dilation."),
        _no_dilation,
    ),
    Mistake("old_when_it_fits", _OLD, _old_when_it_fits),
    Mistake("rows_of_the_old", _OLD, _rows_of_the_old),
    Mistake(
        "float32",
        N_("The new layer is in float32, the network in float64: they can't compute together."),
        _float32,
    ),
    Mistake(
        "frozen_as_the_old",
        N_("The new layer does not learn where the network was frozen; then nothing learns."),
        _frozen_as_the_old,
    ),
    Mistake(
        "all_awake",
        N_("Layers that were frozen learn after the change; only the last one is new."),
        _all_awake,
    ),
    Mistake(
        "all_frozen_but_the_head",
        N_(
            "You froze the layers before the last one. The exercise changes the last layer and"
            " leaves it to the caller which others learn."
        ),
        _all_frozen_but_the_head,
    ),
    Mistake(
        "on_the_cpu",
        N_("The new layer lies on the processor, the network on another device."),
        _on_the_cpu,
    ),
)
