"""Examines a network that a student's function returns: plain findings, no right answer.

Two networks with the same layers give the same numbers once their weights are the same. So
that modules may have any names and stand in any order, weights are not copied but filled:
each tensor by numbers that its shape alone decides.
"""

import hashlib
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.probing import Caller, Observation

__all__ = ["fill_weights", "observe_network", "parameter_counts", "seen_pixels"]


def observe_network(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """A call of the function, and what the network that it returns is and does.

    inputs: "arguments" of the function, by name; "images" for the network.
    The answer: {"type": "module" or the name of what came instead, "parameters", "learning":
    counts; "output": on the images, weights filled, in evaluation mode; "in_training": the
    same in training mode}. What comes after a type that is no module is None.
    """
    return caller.call(
        inputs["arguments"], examine=lambda net: _findings(net, inputs["images"])
    )


def fill_weights(network: nn.Module) -> nn.Module:
    """Give every parameter and running statistic numbers that follow from its shape. In place.

    Weights have the variance of He's initialisation, so that deep networks neither die out nor
    blow up; variances are positive.
    """
    with torch.no_grad():
        for parameter in network.parameters():
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 0
            scale = (2 / fan_in) ** 0.5 if fan_in else 0.2
            parameter.copy_(scale * _numbers(parameter.shape).to(parameter))
        for layer in network.modules():
            if isinstance(getattr(layer, "running_var", None), Tensor):
                layer.running_mean.copy_(0.1 * _numbers(layer.running_mean.shape))
                layer.running_var.copy_(1 + 0.5 * _numbers(layer.running_var.shape).tanh())
                if layer.weight is not None:  # a scale about 1, as training finds it
                    layer.weight.copy_(1 + 0.2 * _numbers(layer.weight.shape).tanh())
    return network


def parameter_counts(network: nn.Module) -> tuple[int, int]:
    """Parameters of the network, and those of them that learn."""
    found = {id(p): p for p in network.parameters()}.values()
    return sum(p.numel() for p in found), sum(p.numel() for p in found if p.requires_grad)


def seen_pixels(network: nn.Module, images: Tensor, row: int, column: int) -> Tensor:
    """Which pixels move the output at (row, column): a bool map (H, W).

    The weights are made positive first, so that no two paths cancel. The network is changed.
    """
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.abs() + 0.01)
    given = images[:1].detach().abs().add(0.1).requires_grad_()
    network.eval()
    (slope,) = torch.autograd.grad(network(given)[0, :, row, column].sum(), given)
    return slope[0].abs().sum(dim=0) > 0


def _findings(network: Any, images: Tensor) -> dict[str, Any]:
    names = ("type", "parameters", "learning", "output", "in_training")
    if not isinstance(network, nn.Module):
        return dict.fromkeys(names) | {"type": type(network).__name__}
    parameters, learning = parameter_counts(network)
    fill_weights(network)
    with torch.no_grad():
        output = network.eval()(images.clone())
        torch.manual_seed(0)  # dropout, if there is any
        in_training = network.train()(images.clone())
    return dict(zip(names, ("module", parameters, learning, output, in_training), strict=True))


def _numbers(shape: torch.Size) -> Tensor:
    text = "x".join(map(str, shape))
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")
    return torch.randn(tuple(shape), generator=torch.Generator().manual_seed(seed))
