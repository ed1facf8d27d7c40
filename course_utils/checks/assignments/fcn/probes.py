"""Calls for fully convolutional networks: what they do, as plain findings, no right answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.probing import Caller, Observation
from course_utils.checks.probing_networks import fill_weights, parameter_counts

__all__ = [
    "backbone_of",
    "observe_convolution",
    "observe_fcn",
    "observe_labels",
    "observe_scores",
]

_ALONE = 2  # scenes that are also answered by themselves
_MAY_DIFFER = 0.01  # of a scene's pixels: two scores that are equal but for rounding


def observe_scores(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on the inputs, with the gradient of a weighted sum of the answer by every input
    whose name begins with "scores"; the gradients in one row, None where one of them is none.
    """
    found = caller.call(inputs)
    if found.trouble or not isinstance(found.answer, Tensor):
        return found
    slopes = []
    for name in (n for n in inputs if n.startswith("scores")):
        slope = caller.call(inputs, gradient=name, examine=_weighted_sum).gradient
        if not isinstance(slope, Tensor):
            return found
        slopes.append(slope.flatten())
    return replace(found, gradient=torch.cat(slopes))


def observe_convolution(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on an nn.Linear, and what the convolution that it returns is and does.

    inputs: "weight", "bias" (or None) of the layer; "channels", "height", "width"; "maps".
    The answer: "type"; "error" of the forward pass or ""; "parameters", "learning": counts;
    "dtype"; "output" on the maps; "kept": whether the layer that was given is as before;
    "copied": whether changing the layer afterwards leaves the convolution alone.
    """
    weight, bias = inputs["weight"], inputs["bias"]
    linear = nn.Linear(*reversed(weight.shape), bias=bias is not None, dtype=weight.dtype)
    before = {"weight": weight} | ({} if bias is None else {"bias": bias})
    linear.load_state_dict(before)
    arguments = {"linear": linear}
    arguments |= {name: inputs[name] for name in ("channels", "height", "width")}
    names = ("error", "parameters", "learning", "dtype", "output", "kept", "copied")

    def examine(found: Any) -> dict[str, Any]:
        if not isinstance(found, nn.Conv2d):
            return {"type": type(found).__name__, **dict.fromkeys(names)}
        after = linear.state_dict()
        kept = after.keys() == before.keys() and all(
            torch.equal(after[name], value) for name, value in before.items()
        )
        count, learning = parameter_counts(found)
        dtype = str(found.weight.dtype).removeprefix("torch.")
        output, error = _output(found, inputs["maps"].to(found.weight.dtype))
        old = found.weight.detach().clone()
        with torch.no_grad():
            linear.weight.add_(1)
        copied = torch.equal(found.weight, old)
        findings = (error, count, learning, dtype, output, kept, copied)
        return {"type": "Conv2d", **dict(zip(names, findings, strict=True))}

    return caller.call(arguments, examine=examine)


def observe_fcn(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on a backbone, and what the network that it returns is and does.

    inputs: "widths", "norm": of the backbone, see `backbone_of`; "frozen": whether it learns;
    "num_classes"; "images": a list of images, each (N, 3, H, W) of its own size.
    The answer: "type"; "parameters", "learning": counts; "kept": whether the backbone's
    weights are as before; "start": outputs before training; "outputs": with other numbers in
    all layers, in evaluation mode; "in_training": the first of them in training mode;
    "reached": whether a gradient comes to all that learns.
    """
    backbone = backbone_of(inputs["widths"], norm=inputs["norm"])
    if inputs["frozen"]:
        backbone.requires_grad_(False)
    before = {n: value.clone() for n, value in backbone.state_dict().items()}
    arguments = {
        "backbone": backbone,
        "channels": inputs["widths"][-1],
        "stride": 2 ** len(inputs["widths"]),
        "num_classes": inputs["num_classes"],
    }
    names = ("parameters", "learning", "kept", "start", "outputs", "in_training", "reached")

    def examine(net: Any) -> dict[str, Any]:
        if not isinstance(net, nn.Module):
            return {"type": type(net).__name__, **dict.fromkeys(names)}
        count, learning = parameter_counts(net)
        after = backbone.state_dict()  # which may have got a part more
        kept = all(n in after and torch.equal(after[n], v) for n, v in before.items())
        start = _outputs(net.eval(), inputs["images"])
        _fill_what_learns(net)
        outputs = _outputs(net.eval(), inputs["images"])
        reached = _reached(net, inputs["images"][0])
        (in_training,) = _outputs(net.train(), inputs["images"][:1])
        values = (count, learning, kept, start, outputs, in_training, reached)
        return {"type": "module", **dict(zip(names, values, strict=True))}

    return caller.call(arguments, examine=examine)


def observe_labels(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on scenes, uint8 in the case and [0, 1] in the call; then a few one by one.

    The answer: "type", "shape", "dtype" of what came; "outside": the first label that no
    class has, or None; "steady": whether a scene by itself gets the labels that it gets among
    the others; "labels": uint8, None where anything of the above is not as labels are.
    """
    images = inputs["images"].float() / 255
    classes = inputs["num_classes"]

    def examine(found: Any) -> dict[str, Any]:
        answer = {"type": type(found).__name__, "shape": None, "dtype": None}
        answer |= {"outside": None, "steady": None, "labels": None}
        if not isinstance(found, Tensor):
            return answer
        answer |= {"type": "Tensor", "shape": tuple(found.shape), "dtype": _kind(found)}
        if answer["dtype"] != "int" or found.shape != images[:, 0].shape:
            return answer
        outside = found[(found < 0) | (found >= classes)]
        if len(outside):
            return answer | {"outside": int(outside[0])}
        alone = [caller.function(image.clone()) for image in images[:_ALONE].split(1)]
        steady = all(
            isinstance(one, Tensor)
            and one.shape == among.shape
            and (one != among).double().mean().item() <= _MAY_DIFFER
            for one, among in zip(alone, found[:_ALONE].split(1), strict=True)
        )
        return answer | {"steady": steady, "labels": found.byte() if steady else None}

    return caller.call({"images": images}, examine=examine)


def backbone_of(widths: list[int], *, norm: bool) -> nn.Sequential:
    """3 x 3 convolutions of stride 2, each with ReLU: (N, 3, H, W) -> sides ceil(H / 2^n)."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip([3, *widths], widths, strict=False):
        layers.append(nn.Conv2d(inputs, outputs, 3, stride=2, padding=1))
        if norm:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.ReLU())
    return fill_weights(nn.Sequential(*layers))


def _weighted_sum(answer: Any) -> Any:
    """One number that every value of the answer moves by another weight."""
    if not isinstance(answer, Tensor) or not answer.is_floating_point():
        return None
    weights = torch.arange(answer.numel()).mul(7).remainder(11).add(1)
    return (answer.double() * weights.reshape(answer.shape)).sum()


def _output(network: Callable, images: Tensor) -> tuple[Tensor | None, str]:
    """The answer, or the error in a line."""
    try:
        with torch.no_grad():
            return network(images), ""
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        return None, (str(error).strip() or type(error).__name__).splitlines()[0][:200]


@torch.no_grad()
def _outputs(network: nn.Module, images: list[Tensor]) -> list[Any]:
    return [network(one.clone()) for one in images]


def _fill_what_learns(net: nn.Module) -> None:
    """Other numbers in the layers that learn; fixed kernels and a frozen backbone stay.

    A 1 x 1 convolution gets the numbers of the dense layer over channels that it is.
    """
    fixed = {n: p.detach().clone() for n, p in net.named_parameters() if not p.requires_grad}
    fill_weights(net)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name in fixed:
                parameter.copy_(fixed[name])
            elif parameter.dim() == 4 and parameter.shape[2:] == (1, 1):
                dense = fill_weights(nn.ParameterList([torch.empty(parameter.shape[:2])]))
                parameter.copy_(dense[0].reshape(parameter.shape))


def _reached(net: nn.Module, images: Tensor) -> bool:
    output = net(images.clone())
    if not (isinstance(output, Tensor) and output.requires_grad):
        return False
    net.zero_grad()
    output.square().sum().backward()
    return all(p.grad is not None for p in net.parameters() if p.requires_grad)


def _kind(found: Tensor) -> str:
    if found.dtype == torch.bool or found.is_complex():
        return str(found.dtype).removeprefix("torch.")
    return "float" if found.is_floating_point() else "int"
