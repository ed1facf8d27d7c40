"""Probes of the assignment on interpretation: a small network is built from its text, a
student's function ascends its gradient, and what became of both is noted. No right answer.
"""

from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.assignments.transfer_learning.probes import build
from course_utils.checks.probing import Caller, Observation

__all__ = ["observe_class_pictures", "observe_dream"]


def observe_class_pictures(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on a network in evaluation mode, and what it left behind.

    inputs: "network" (text) and the other arguments, "classes", "start", "lambda_", "step",
    "steps". The network computes in the dtype of "start".
    The answer: see `_findings`.
    """
    network = build(inputs["network"]).to(inputs["start"].dtype).eval()
    names = ("classes", "start", "lambda_", "step", "steps")
    arguments = {"model": network} | {name: inputs[name] for name in names}
    return _observe(caller, network, arguments)


def observe_dream(caller: Caller, inputs: dict[str, Any]) -> Observation:
    """One call on a network, and what it left behind.

    inputs: "network" (text), "training": its mode, "asleep": names of layers that are in
    evaluation mode all the same, and the other arguments, "layer", "pictures", "step",
    "steps". The answer: see `_findings`.
    """
    network = build(inputs["network"]).to(inputs["pictures"].dtype)
    network.train(inputs["training"])
    for name in inputs["asleep"]:
        network.get_submodule(name).eval()
    names = ("layer", "pictures", "step", "steps")
    arguments = {"network": network} | {name: inputs[name] for name in names}
    return _observe(caller, network, arguments)


def _observe(caller: Caller, network: nn.Module, arguments: dict[str, Any]) -> Observation:
    """The answer: "pictures"; whether they carry a "gradient"; "moved": numbers of the network
    that changed; "other_mode": modules whose mode is no longer what it was; "hooks" left
    behind; "learning": how many of its parameters learn."""
    state = {name: value.clone() for name, value in network.state_dict().items()}
    modes = {name: module.training for name, module in network.named_modules()}
    torch.manual_seed(0)  # dropout, where somebody leaves it on

    def examine(found: Any) -> dict[str, Any]:
        modules = dict(network.named_modules())
        after = network.state_dict()
        other_mode = [n for n, m in modules.items() if m.training != modes.get(n)]
        return {
            "pictures": found,
            "gradient": isinstance(found, Tensor) and found.requires_grad,
            "moved": [n for n, value in state.items() if not torch.equal(value, after[n])],
            "other_mode": [name or "network" for name in other_mode],
            "hooks": sum(len(m._forward_hooks) + len(m._forward_pre_hooks)
                         for m in modules.values()),
            "learning": sum(p.requires_grad for p in network.parameters()),
        }  # fmt: skip

    found = caller.call(arguments, examine=examine)
    torch.set_grad_enabled(True)
    return found
