"""Calls for dilated convolutions and context networks: findings, no right answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.probing import Caller, Observation
from course_utils.checks.probing_networks import fill_weights, parameter_counts, seen_pixels

__all__ = ["layers_of", "observe_context", "observe_convolution", "observe_initialised"]


def observe_convolution(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on the inputs, and one more for the gradient by `images`.

    The answer: "output"; "gradient" of a weighted sum of it, or None; as it came
    where it is no tensor.
    """
    found = caller.call(inputs)
    if found.trouble or not isinstance(found.answer, Tensor):
        return found
    slope = caller.call(inputs, gradient="images", examine=_weighted_sum).gradient
    return replace(found, answer={"output": found.answer, "gradient": slope})


def observe_context(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """A call of the function, and what the network that it returns is and does.

    inputs: "arguments" of the function, by name; "images" for the network; "field": whether
    the receptive field is measured too (the images are then larger than it).
    The answer: "type"; "parameters", "learning": counts; "error" of the forward pass or "";
    "size": (N, C, H, W) of the output; "field": how many rows and columns move the middle of
    the output, or None; "output": on the images with other numbers in the layers, in
    evaluation mode; "in_training": the same in training mode.
    """
    images = inputs["images"]
    names = ("parameters", "learning", "error", "size", "field", "output", "in_training")

    def examine(net: Any) -> dict[str, Any]:
        if not isinstance(net, nn.Module):
            return {"type": type(net).__name__, **dict.fromkeys(names)}
        findings: dict[str, Any] = {"type": "module", **dict.fromkeys(names)}
        findings["parameters"], findings["learning"] = parameter_counts(net)
        output, findings["error"] = _output(fill_weights(net).eval(), images.clone())
        if findings["error"]:
            return findings
        findings["size"] = tuple(output.shape) if isinstance(output, Tensor) else None
        findings["output"] = output
        findings["in_training"], _error = _output(net.train(), images.clone())
        if inputs["field"] and findings["size"] == tuple(images.shape):
            seen = seen_pixels(net, images, images.shape[2] // 2, images.shape[3] // 2)
            findings["field"] = tuple(int(seen.any(dim=axis).sum()) for axis in (1, 0))
        return findings

    return caller.call(inputs["arguments"], examine=examine)


def observe_initialised(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on a network with random numbers, and what has become of the network.

    inputs: "layers" of the network, see `layers_of`; "nested"; "channels"; "images".
    The answer: "same": whether the network holds the parameter objects it held before, of the
    same shapes; "learning": how many numbers learn; "biases": all in one row; "output": on
    the images; "weights": of each convolution.
    """
    network = layers_of(inputs["layers"], nested=inputs["nested"])
    before = list(network.parameters())
    shapes = [parameter.shape for parameter in before]

    def examine(_returned: Any) -> dict[str, Any]:
        after = list(network.parameters())
        same = len(after) == len(before) and all(
            one is other and one.shape == shape
            for one, other, shape in zip(after, before, shapes, strict=True)
        )
        found = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
        biases = [m.bias.detach() for m in found if m.bias is not None]
        output, error = _output(network.eval(), inputs["images"].clone())
        return {
            "same": same,
            "error": error,
            "learning": parameter_counts(network)[1],
            "biases": torch.cat(biases) if biases else torch.zeros(0),
            "output": output,
            "weights": [m.weight.detach() for m in found],
        }

    return caller.call({"network": network, "channels": inputs["channels"]}, examine=examine)


def layers_of(rows: list[list[int]], *, nested: bool) -> nn.Sequential:
    """Convolutions with ReLU between: each row (inputs, outputs, kernel, dilation, bias).

    The size is kept. nested: the convolutions stand in blocks of their own.
    """
    layers: list[nn.Module] = []
    for number, (inputs, outputs, kernel, dilation, bias) in enumerate(rows):
        convolution = nn.Conv2d(
            inputs,
            outputs,
            kernel,
            dilation=dilation,
            padding=dilation * (kernel // 2),
            bias=bool(bias),
        )
        last = number == len(rows) - 1
        block = [convolution] if last else [convolution, nn.ReLU()]
        layers += [nn.Sequential(*block)] if nested else block
    return fill_weights(nn.Sequential(*layers))


def _weighted_sum(answer: Any) -> Any:
    """One number that every value of the answer moves by another weight."""
    if not isinstance(answer, Tensor) or not answer.is_floating_point():
        return None
    weights = torch.arange(answer.numel()).mul(7).remainder(11).add(1)
    return (answer.double() * weights.reshape(answer.shape)).sum()


def _output(network: Callable, images: Tensor) -> tuple[Any, str]:
    """The answer, or the error in a line."""
    try:
        with torch.no_grad():
            return network(images), ""
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError) as error:
        return None, (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
