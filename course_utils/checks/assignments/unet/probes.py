"""Calls for U-Net: what maps and networks do, as plain findings, no right answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_utils.checks.probing import Caller, Observation
from course_utils.checks.probing_networks import fill_weights, parameter_counts

__all__ = ["observe_maps", "observe_network"]

_FOUND = ("error", "parameters", "learning", "sizes", "outputs", "swapped", "in_training")
_ERRORS = (RuntimeError, ValueError, TypeError, IndexError, AttributeError)


def observe_maps(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on the inputs, with the gradient of a weighted sum of the answer by every input
    that is a tensor; the gradients in one row, None where one of them is none.
    """
    found = caller.call(inputs)
    if found.trouble or not isinstance(found.answer, Tensor):
        return found
    slopes = []
    for name in (n for n, value in inputs.items() if isinstance(value, Tensor)):
        slope = caller.call(inputs, gradient=name, examine=_weighted_sum).gradient
        if not isinstance(slope, Tensor):
            return found
        slopes.append(slope.flatten())
    return replace(found, gradient=torch.cat(slopes))


def observe_network(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """A call of the function, and what the network that it returns is and does.

    inputs: "arguments" of the function, by name; "images": a list of images for the network,
    each (N, C, H, W) of its own size.
    The answer: "type"; "error" of a forward pass or ""; "parameters", "learning": counts;
    "sizes": "height x width" after every convolution of side 3, in the order of the work, for
    the first images; "outputs": weights filled, in evaluation mode; "swapped": the same with
    the halves of the weights that join two maps exchanged, which is the network that joins
    them in the other order; "in_training": the first output in training mode.
    """

    def examine(net: Any) -> dict[str, Any]:
        if not isinstance(net, nn.Module):
            return {"type": type(net).__name__, **dict.fromkeys(_FOUND)}
        count, learning = parameter_counts(net)
        fill_weights(net)
        with torch.no_grad(), _recorded() as sizes:
            try:
                outputs = [net.eval()(inputs["images"][0].clone())]
                sizes = list(sizes)
                outputs += [net(images.clone()) for images in inputs["images"][1:]]
                error = ""
            except _ERRORS as problem:
                lines = str(problem).strip().splitlines() or [type(problem).__name__]
                error = lines[0][:200]
        if error:
            values = (error, count, learning, None, None, None, None)
            return {"type": "module", **dict(zip(_FOUND, values, strict=True))}
        with torch.no_grad():
            torch.manual_seed(0)  # dropout, if there is any
            in_training = net.train()(inputs["images"][0].clone())
            _swap_halves(fill_weights(net).eval())
            swapped = [net(images.clone()) for images in inputs["images"]]
        values = ("", count, learning, sizes, outputs, swapped, in_training)
        return {"type": "module", **dict(zip(_FOUND, values, strict=True))}

    return caller.call(inputs["arguments"], examine=examine)


class _Recorder(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[str] = []

    def __torch_function__(
        self, function: Any, _types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        answer = function(*args, **(kwargs or {}))
        if function is torch.nn.functional.conv2d and isinstance(answer, Tensor):
            weight = args[1] if len(args) > 1 else (kwargs or {}).get("weight")
            if isinstance(weight, Tensor) and weight.shape[-1] > 1:
                self.sizes.append(f"{answer.shape[-2]} x {answer.shape[-1]}")
        return answer


@contextmanager
def _recorded() -> Iterator[list[str]]:
    with _Recorder() as recorder:
        yield recorder.sizes


def _swap_halves(net: nn.Module) -> None:
    """In place: the halves of the input channels of every 3 x 3 kernel that halves them."""
    with torch.no_grad():
        for weight in net.parameters():
            shape = weight.shape
            if shape[2:] == (3, 3) and shape[1] == 2 * shape[0]:
                first, second = weight.chunk(2, dim=1)
                weight.copy_(torch.cat([second, first], dim=1))


def _weighted_sum(answer: Any) -> Any:
    """One number that every value of the answer moves by another weight."""
    if not isinstance(answer, Tensor) or not answer.is_floating_point():
        return None
    weights = torch.arange(answer.numel()).mul(7).remainder(11).add(1)
    return (answer.double() * weights.reshape(answer.shape)).sum()
