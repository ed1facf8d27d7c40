"""Transfer learning: what to keep of a trained network, what to learn anew, and how fast.

Three recipes of the lecture, from the fewest data to the most:

    linear_probe(layer_features(...), ...)     a linear model on the last features (probe.py)
    freeze(network); replace_head(network, K)  the same, trained inside the network
    learning_rate_groups(network, lr)          all layers, the first ones by smaller steps

Sources: Yosinski et al. 2014, arXiv:1411.1792 (which layers transfer); Howard & Ruder
2018, arXiv:1801.06146, section 3.2 (discriminative learning rates).
"""

import difflib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

__all__ = [
    "freeze",
    "layer_features",
    "learning_rate_groups",
    "replace_head",
    "unfreeze",
]


def freeze(module: nn.Module) -> None:
    """Hold a network, or any part of it, as it is: nothing in it changes by training.

    Gradients are switched off, and normalisation layers keep their running statistics and
    use them: `requires_grad` alone does not stop those, and `.train()` on a parent would
    wake them up again. Dropout is left to the mode of the network.
    Freezing twice is the same as once; `unfreeze` undoes it.

        >>> layer = nn.BatchNorm1d(2)
        >>> freeze(layer)
        >>> _ = layer.train()(torch.ones(3, 2))
        >>> layer.running_mean.tolist()
        [0.0, 0.0]
    """
    module.requires_grad_(False)
    for layer in _with_running_statistics(module):
        layer.eval()
        if not hasattr(layer, "hold_statistics"):
            layer.hold_statistics = layer.register_forward_pre_hook(_stay_in_eval)


def unfreeze(module: nn.Module) -> None:
    """Let a network, or any part of it, learn again, running statistics included.

    Its normalisation layers take the mode (training or evaluation) that `module` is in.
    """
    module.requires_grad_(True)
    for layer in _with_running_statistics(module):
        if hasattr(layer, "hold_statistics"):
            layer.hold_statistics.remove()
            del layer.hold_statistics
        layer.train(module.training)


def replace_head(model: nn.Module, num_classes: int, name: str | None = None) -> nn.Module:
    """Put a new last layer with `num_classes` outputs in place of the old one; return it.

    The head is the dense or convolutional layer that the model registers last, which is
    the classifier in every torchvision classification network (SqueezeNet's is a 1 x 1
    convolution); otherwise say its dotted `name`. The new layer has the inputs, kernel,
    stride, padding, dilation, bias, device and dtype of the old one, fresh random weights,
    and learns even where the rest is frozen.
    Auxiliary classifiers (GoogLeNet, Inception v3) stay as they are.
    Raises ValueError for num_classes < 1, an unknown name, or a model without such a layer.

        >>> network = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 10))
        >>> replace_head(network, num_classes=3)
        Linear(in_features=4, out_features=3, bias=True)
    """
    if num_classes < 1:
        raise ValueError(f"Expected num_classes of at least 1, got {num_classes}.")
    name = _last_layer(model) if name is None else name
    old = _submodule(model, name)
    if not name or not isinstance(old, _HEADS):
        raise ValueError(
            f"Expected a dense or convolutional layer inside the model as its head, got "
            f"{type(old).__name__} {name!r}. Say the head's name, as in named_modules()."
        )
    new = _like(old, num_classes)
    parent, _, attribute = name.rpartition(".")
    setattr(model.get_submodule(parent), attribute, new)
    return new


def learning_rate_groups(model: nn.Module, lr: float, decay: float = 1 / 2.6) -> list[dict]:
    """Parameter groups for an optimizer: `lr` in the last layer, less in each one before.

        lr_l = lr * decay^(L - l),   l = 1..L

    A layer is a child of the model; `nn.Sequential` is opened up, anything else (a
    residual block, say) is one layer, and normalisation belongs to the layer before it.
    Parameters that the model holds itself come first. The default decay is Howard &
    Ruder's; choose one nearer 1 for a deep network. Frozen layers count in the depth.

    lr: step of the last layer, > 0. decay: in (0, 1].
    Returns groups {"params", "lr", "name"}, first layer first. Every parameter that
    learns is in exactly one group (a shared one in the earliest), a frozen one in none.
    Raises ValueError for lr or decay out of range, or when nothing is left to learn.

        >>> network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
        >>> [(g["name"], g["lr"]) for g in learning_rate_groups(network, lr=1.0, decay=0.5)]
        [('0', 0.5), ('2', 1.0)]
    """
    if not lr > 0:
        raise ValueError(f"Expected lr > 0, got {lr}.")
    if not 0 < decay <= 1:
        raise ValueError(f"Expected decay in (0, 1], got {decay}.")
    layers = _layers(model)
    groups, taken = [], set()
    for depth, (name, parameters) in enumerate(layers, start=1):
        fresh = [p for p in parameters if p.requires_grad and p not in taken]
        taken.update(fresh)
        if fresh:
            rate = lr * decay ** (len(layers) - depth)
            groups.append({"params": fresh, "lr": rate, "name": name})
    if not groups:
        raise ValueError(
            "Expected a model with parameters that learn, got none. "
            "Unfreeze a part of it or replace its head."
        )
    return groups


@torch.no_grad()
def layer_features(model: nn.Module, images: Tensor, layer: str) -> Tensor:
    """What the layer of that dotted name gives for these images, without gradient.

    The model computes in evaluation mode and is left in the mode it was in; the result is
    a copy, for the next layer may work in place (ReLU in AlexNet does).

    images: (N, C, H, W), as the model wants them. Returns what the layer returns, for a
    convolution (N, channels, h, w).
    Raises ValueError for an unknown name, a layer that does not run or runs more than once
    (a ReLU used twice, say), or one that returns no tensor.
    """
    found: list[Tensor] = []
    modes = [(module, module.training) for module in model.modules()]
    handle = _submodule(model, layer).register_forward_hook(
        lambda _module, _inputs, output: found.append(_copy(output, layer))
    )
    try:
        model.eval()
        model(images)
    finally:
        handle.remove()
        for module, mode in modes:
            module.training = mode
    if len(found) != 1:
        raise ValueError(
            f"Expected layer {layer!r} to run once in a forward pass, it ran {len(found)} "
            "times. Name the layer around it, or the one before."
        )
    return found[0]


_HEADS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def _with_running_statistics(module: nn.Module) -> Iterator[nn.Module]:
    # BatchNorm of any dimension, SyncBatchNorm, InstanceNorm: all have this flag.
    return (layer for layer in module.modules() if hasattr(layer, "track_running_stats"))


def _stay_in_eval(layer: nn.Module, _inputs: tuple) -> None:
    layer.eval()


def _last_layer(model: nn.Module) -> str:
    names = [name for name, module in model.named_modules() if isinstance(module, _HEADS)]
    if not names:
        raise ValueError(
            f"Expected a model with a dense or convolutional layer, got "
            f"{type(model).__name__} without one."
        )
    return names[-1]


def _like(old: nn.Module, outputs: int) -> nn.Module:
    shared = {
        "bias": old.bias is not None,
        "device": old.weight.device,
        "dtype": old.weight.dtype,
    }
    if isinstance(old, nn.Linear):
        return nn.Linear(old.in_features, outputs, **shared)
    kind = next(kind for kind in _HEADS if isinstance(old, kind))
    return kind(
        old.in_channels,
        outputs,
        old.kernel_size,
        stride=old.stride,
        padding=old.padding,
        dilation=old.dilation,
        padding_mode=old.padding_mode,
        **shared,
    )


def _layers(module: nn.Module, prefix: str = "") -> list[tuple[str, list[nn.Parameter]]]:
    """Name and parameters of every layer, in the order in which they are registered."""
    own = list(module.parameters(recurse=False))
    layers = [(prefix or "(model)", own)] if own else []
    for child_name, child in module.named_children():
        name = f"{prefix}.{child_name}" if prefix else child_name
        parameters = list(child.parameters())
        if isinstance(child, nn.Sequential):
            layers += _layers(child, name)
        elif _is_normalisation(child) and layers:
            layers[-1][1].extend(parameters)
        elif parameters:
            layers.append((name, parameters))
    return layers


def _is_normalisation(module: nn.Module) -> bool:
    return hasattr(module, "track_running_stats") or isinstance(
        module, nn.LayerNorm | nn.GroupNorm
    )


def _submodule(model: nn.Module, name: str) -> nn.Module:
    names = dict(model.named_modules(remove_duplicate=False))
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0) or ["none"]
        raise ValueError(
            f"Expected the name of a layer of {type(model).__name__}, got {name!r}. "
            f"The nearest are {', '.join(near)}; named_modules() gives them all."
        )
    return names[name]


def _copy(output: object, layer: str) -> Tensor:
    if not isinstance(output, Tensor):
        raise ValueError(
            f"Expected layer {layer!r} to return a tensor, got {type(output).__name__}. "
            "Name a layer inside it."
        )
    return output.detach().clone()
