"""Looking into a trained network and leaving it as it was found."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import torch
from torch import Tensor, nn

__all__ = ["activation", "activations", "device_of", "evaluating"]


class _Reached(Exception):
    """All layers that were asked for have run: what comes after them need not."""


def activation(model: nn.Module, layer: str, images: Tensor) -> Tensor:
    """What a named layer answers to images; the network behind the layer does not run.

    images: (N, C, H, W). Returns the layer's output, with its gradient graph; a layer
    that runs twice gives its first answer. No hook stays behind, even after an error.
    Raises ValueError for a name that is not in `model.named_modules()`, a layer that
    this input does not reach, and an output that is not one tensor.

        >>> network = nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(2, 1))
        >>> activation(network, "1", torch.tensor([[[[-1.0, 2.0]]]])).tolist()
        [[0.0, 2.0]]
    """
    return activations(model, [layer], images)[layer]


def activations(model: nn.Module, layers: Sequence[str], images: Tensor) -> dict[str, Tensor]:
    """What several named layers answer to images, in one run of the network.

    Rules and errors are those of `activation`; the network stops behind the last of the layers.
    """
    modules = dict(model.named_modules())
    for layer in layers:
        if layer not in modules:
            names = ", ".join(filter(None, modules))
            raise ValueError(
                f"Expected a layer of the model, got {layer!r}. Its layers: {names}."
            )
    answers: dict[str, Tensor] = {}
    with ExitStack() as hooks:
        for layer in layers:

            def take(_module, _inputs, output, layer=layer) -> None:
                if layer in answers:
                    return
                answers[layer] = output
                if len(answers) == len(set(layers)):
                    raise _Reached
                if isinstance(output, Tensor):
                    answers[layer] = output.clone()  # a ReLU behind it may work in place

            hooks.callback(modules[layer].register_forward_hook(take).remove)
        with suppress(_Reached):
            model(images)
    for layer in layers:
        if layer not in answers:
            raise ValueError(f"Expected {layer!r} to run, but this input never reaches it.")
        if not isinstance(answers[layer], Tensor):
            kind = type(answers[layer]).__name__
            raise ValueError(
                f"Expected {layer!r} to give a tensor, got a {kind}. Name a part of it."
            )
    return {layer: answers[layer] for layer in layers}


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put every module into eval mode; afterwards each one back into its own mode.

    `model.train()` would not do: a frozen BatchNorm inside a training network is in eval.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def device_of(model: nn.Module) -> torch.device | None:
    """Where the model computes: the device of its first number; None if it has none."""
    for number in (*model.parameters(), *model.buffers()):
        return number.device
    return None
