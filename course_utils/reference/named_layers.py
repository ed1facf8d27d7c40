"""Looking into a trained network and leaving it as it was found."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["activation", "device_of", "evaluating"]


class _Reached(Exception):
    """The layer has run: what comes after it need not."""


def activation(model: nn.Module, layer: str, images: Tensor) -> Tensor:
    """What a named layer answers to images; the network behind the layer does not run.

    images: (N, C, H, W). Returns the layer's output, with its gradient graph; a layer
    that runs twice gives its first answer. No hook stays behind, even after an error.
    Raises ValueError for a name that is not in `model.named_modules()`, a layer that
    this input does not reach, and an output that is not one tensor.
    """
    answers: list[Tensor] = []

    def take(_module, _inputs, output) -> None:
        answers.append(output)
        raise _Reached

    modules = dict(model.named_modules())
    if layer not in modules:
        names = ", ".join(filter(None, modules))
        raise ValueError(f"Expected a layer of the model, got {layer!r}. Its layers: {names}.")
    handle = modules[layer].register_forward_hook(take)
    try:
        model(images)
    except _Reached:
        pass
    finally:
        handle.remove()
    if not answers:
        raise ValueError(f"Expected {layer!r} to run, but this input never reaches it.")
    if not isinstance(answers[0], Tensor):
        kind = type(answers[0]).__name__
        raise ValueError(
            f"Expected {layer!r} to give a tensor, got a {kind}. Name a part of it."
        )
    return answers[0]


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
