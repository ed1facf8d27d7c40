"""Probes of the assignment on transfer learning: they build small networks from their text and
note what a student's function did to them. They know no right answer.

    build("Sequential(Conv2d(3, 4, 3), BatchNorm2d(4), ReLU())")

A network travels as text because a case is plain data; the student reads the same text.
"""

import ast
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.checks.probing import Caller, Observation
from course_utils.checks.probing_networks import fill_weights, parameter_counts

__all__ = [
    "Parts",
    "build",
    "observe_classifier",
    "observe_features",
    "observe_freezing",
    "observe_head",
    "observe_linear",
    "observe_rates",
]

_NUMBERS = (nn.Linear, nn.Conv2d)  # layers that a head can be
_ALONE = 3  # pictures that are also classified one by one
_OF_A_HEAD = (
    *("type", "error", "outputs", "parameters", "last_layer", "dtype", "device"),
    *("learning", "new", "output"),
)


class Parts(nn.Module):
    """Parts with names, run one after another: what a torchvision classifier is."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: Tensor) -> Tensor:
        for part in self.children():
            x = part(x)
        return x


def build(text: str) -> nn.Module:
    """The network written in `text`: calls of layers of torch.nn and of Parts, with literals
    or layers as arguments. Its weights follow from their shapes.

    Raises ValueError for anything else.
    """
    return fill_weights(_layer(ast.parse(text, mode="eval").body))


def observe_freezing(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on a network; then a parent that holds the network makes a training step.

    inputs: "network" (text), "training": the mode it is given in, "images".
    The answer: names of parameters that "still_learn" and of numbers that have "moved";
    what the network gives "in_training" of its parent (None where dropout makes it random)
    and "in_evaluation" afterwards; whether the layers before and after it get a gradient.
    """
    network = build(inputs["network"])
    random = any(isinstance(m, nn.Dropout) for m in network.modules())
    before = _in_evaluation(network, inputs["images"])
    state = {name: value.clone() for name, value in network.state_dict().items()}
    network.train(inputs["training"])

    def examine(_answer: Any) -> dict[str, Any]:
        first = _Scale()
        last = nn.Sequential(
            nn.Flatten(), nn.BatchNorm1d(before[0].numel()), nn.Linear(before[0].numel(), 1)
        )
        fill_weights(last)
        parent = nn.Sequential(first, network, last).eval().train()
        trained = [p for p in parent.parameters() if p.requires_grad]
        descent = torch.optim.SGD(trained, lr=0.1) if trained else None
        torch.manual_seed(0)
        given = network(first(inputs["images"]))
        loss = last(given).square().sum()
        if loss.requires_grad:
            loss.backward()
        if descent:
            descent.step()
        parent(3 * inputs["images"].flip(0))
        found = {
            "still_learn": [n for n, p in network.named_parameters() if p.requires_grad],
            "moved": _moved(state, network),
            "in_training": None if random else given.detach(),
            "layer_before_learns": _has_gradient(first),
            "layers_after_learn": _has_gradient(last) and bool(last[1].num_batches_tracked),
        }
        return found | {"in_evaluation": _in_evaluation(network, inputs["images"])}

    return caller.call({"network": network}, examine=examine)


def observe_head(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on a network and a number of classes, and what the returned network is.

    inputs: "network" (text), "num_classes", "dtype" ("float32"), "device", "frozen", "images".
    The answer: "type"; "error" of a forward pass, "" where it works; "outputs" a picture;
    "parameters"; the last layer with its settings ("last_layer"), dtype and device; how many
    parameters learn ("learning"); whether the last layer's weights are "new"; the "output"
    with given numbers in the last layer, None where there are none on this machine.
    """
    network = build(inputs["network"]).to(getattr(torch, inputs["dtype"]))
    network = network.to(inputs["device"])
    if inputs["frozen"]:
        network.requires_grad_(False)
    old = _last_layer(network).weight
    before = old.detach().clone()
    images = inputs["images"].to(old)

    def examine(found: Any) -> dict[str, Any]:
        if not isinstance(found, nn.Module):
            kind = "nothing" if found is None else type(found).__name__
            return dict.fromkeys(_OF_A_HEAD) | {"type": kind}
        head = _last_layer(found)
        if head is None:
            kind = "network without a dense or convolutional layer"
            return dict.fromkeys(_OF_A_HEAD) | {"type": kind}
        parameters, learning = parameter_counts(found)
        weight = head.weight
        same = weight is old if weight.is_meta else not _differ(before, weight)
        fill_weights(head)
        try:
            output, error = _in_evaluation(found, images), ""
        except Exception as problem:
            output, error = None, str(problem)[:200]
        return {
            "type": "module",
            "error": error,
            "outputs": 0 if output is None else output.shape[1],
            "parameters": parameters,
            "last_layer": repr(head),
            "dtype": str(weight.dtype).removeprefix("torch."),
            "device": weight.device.type,
            "learning": learning,
            "new": not same,
            "output": None if output is None or output.is_meta else output,
        }

    arguments = {"network": network, "num_classes": inputs["num_classes"]}
    return caller.call(arguments, examine=examine)


def observe_features(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on a network, images and a layer's name, and what it left behind.

    inputs: "network" (text), "training": its mode, "asleep": names of layers that are in
    evaluation mode all the same, "dtype", "images", "layer".
    The answer: "features"; whether they carry a "gradient"; "other_mode": modules whose mode
    is no longer what it was; "moved": numbers that changed; "hooks" left behind;
    "gradients_on": whether torch records gradients as before.
    """
    network = build(inputs["network"]).to(getattr(torch, inputs["dtype"]))
    network.train(inputs["training"])
    for name in inputs["asleep"]:
        network.get_submodule(name).eval()
    images = inputs["images"].to(getattr(torch, inputs["dtype"]))
    modes = {name: module.training for name, module in network.named_modules()}
    state = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(0)  # dropout, where somebody leaves it on

    def examine(found: Any) -> dict[str, Any]:
        modules = dict(network.named_modules())
        other_mode = [n for n, m in modules.items() if m.training != modes.get(n)]
        return {
            "features": found,
            "gradient": isinstance(found, Tensor) and found.requires_grad,
            "other_mode": [name or "network" for name in other_mode],
            "moved": _moved(state, network),
            "hooks": sum(_hooks(module) for module in modules.values()),
            "gradients_on": torch.is_grad_enabled(),
        }

    arguments = {"network": network, "images": images, "layer": inputs["layer"]}
    found = caller.call(arguments, examine=examine)
    torch.set_grad_enabled(True)
    return found


def observe_linear(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on features and labels, and what the returned layer says of "new" features.

    The answer: "type"; "outputs" of the layer; the "objective" at its weights, the formula of
    the exercise; "probabilities" of the new features.
    """
    arguments = {name: inputs[name] for name in ("features", "labels", "num_classes", "l2")}

    def examine(layer: Any) -> dict[str, Any]:
        if not isinstance(layer, nn.Linear):
            kind = "nothing" if layer is None else type(layer).__name__
            return dict.fromkeys(("outputs", "objective", "probabilities")) | {"type": kind}
        with torch.no_grad():
            scores = layer(inputs["features"].to(layer.weight)).double()
            new = layer(inputs["new"].to(layer.weight)).double()
        objective = None
        if scores.shape[1] > int(inputs["labels"].max()):
            fit = F.cross_entropy(scores, inputs["labels"].long())
            objective = fit + inputs["l2"] / 2 * layer.weight.detach().double().square().sum()
        return {
            "type": "layer",
            "outputs": new.shape[1],
            "objective": objective,
            "probabilities": new.softmax(dim=1),
        }

    return caller.call(arguments, examine=examine)


def observe_rates(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call for parameter groups; then AdamW, built from them, makes one step.

    inputs: "network" (text), "frozen": names of layers that don't learn, "lr", "decay".
    The answer: "type"; parameters that stand in groups "twice", or "frozen" ones that do, and
    "strangers" that are not the network's; "steps": parameter -> how far AdamW moved it with
    a gradient of 1, which is its learning rate.
    """
    network = build(inputs["network"]).double()
    for name in inputs["frozen"]:
        network.get_submodule(name).requires_grad_(False)
    arguments = {"network": network, "lr": inputs["lr"], "decay": inputs["decay"]}

    def examine(found: Any) -> dict[str, Any]:
        names = {id(p): name for name, p in network.named_parameters()}
        groups, kind = _groups(found)
        if groups is None:
            return dict.fromkeys(("twice", "frozen", "strangers", "steps")) | {"type": kind}
        listed = [p for group in groups for p in group["params"]]
        ids = [id(p) for p in listed]
        twice = sorted({names.get(i, "?") for i in ids if ids.count(i) > 1})
        frozen = [names.get(id(p), "?") for p in listed if not p.requires_grad]
        return {
            "type": "groups",
            "twice": twice,
            "frozen": frozen,
            "strangers": sum(i not in names for i in ids),
            "steps": None if twice else _steps(network, groups),
        }

    return caller.call(arguments, examine=examine)


def observe_classifier(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on pictures, uint8 in the case and [0, 1] in the call; then one by one.

    The answer: "labels" of all; "alone": a list of the answers to the first three pictures,
    each by itself.
    """
    images = inputs["images"].float() / 255

    def examine(found: Any) -> dict[str, Any]:
        one_by_one = [caller.function(image.clone()) for image in images[:_ALONE].split(1)]
        return {"labels": found, "alone": one_by_one}

    return caller.call({"images": images}, examine=examine)


class _Scale(nn.Module):
    """A layer for numbers of any shape that has something to learn."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x


def _layer(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        kind = Parts if node.func.id == "Parts" else getattr(nn, node.func.id, None)
        if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
            raise ValueError(f"Expected a layer of torch.nn, got {node.func.id}.")
        words = {keyword.arg: _layer(keyword.value) for keyword in node.keywords}
        return kind(*map(_layer, node.args), **words)
    return ast.literal_eval(node)


def _in_evaluation(network: nn.Module, images: Tensor) -> Tensor:
    """The answer in evaluation mode; the network is left in it."""
    with torch.no_grad():
        return network.eval()(images.clone())


def _differ(one: Tensor, other: Tensor) -> bool:
    other = other.detach()
    return one.shape != other.shape or not torch.equal(one, other.to(one))


def _moved(before: dict[str, Tensor], network: nn.Module) -> list[str]:
    """Names of weights and statistics that are no longer what they were."""
    after = network.state_dict()
    return [n for n, value in before.items() if n in after and _differ(value, after[n])]


def _has_gradient(module: nn.Module) -> bool:
    slopes = [p.grad for p in module.parameters()]
    return any(slope is not None and bool(slope.any()) for slope in slopes)


def _last_layer(network: nn.Module) -> nn.Module | None:
    layers = [module for module in network.modules() if isinstance(module, _NUMBERS)]
    return layers[-1] if layers else None


def _hooks(module: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for kind in kinds)


def _groups(found: Any) -> tuple[list[dict[str, Any]] | None, str]:
    """The groups with their parameters as lists, or None and the type that came instead."""
    if found is None or isinstance(found, dict | str | Tensor | nn.Module):
        return None, "nothing" if found is None else type(found).__name__
    try:
        found = list(found)
    except TypeError:
        return None, type(found).__name__
    groups = []
    for group in found:
        if not (isinstance(group, dict) and "params" in group):
            return None, f"list with {type(group).__name__}"
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        params = [p[-1] if isinstance(p, tuple) and p else p for p in params]  # named ones
        if not all(isinstance(p, Tensor) for p in params):
            return None, "list of groups without parameters"
        groups.append({**group, "params": params})
    return groups, "groups"


def _steps(network: nn.Module, groups: list[dict[str, Any]]) -> dict[str, float]:
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    groups = [group for group in groups if group["params"]]
    if groups:
        descent = torch.optim.AdamW(groups, weight_decay=0.0)
        for group in descent.param_groups:
            group["weight_decay"] = 0.0
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
        descent.step()
    after = dict(network.named_parameters())
    return {n: (after[n].detach() - old).abs().mean().item() for n, old in before.items()}
