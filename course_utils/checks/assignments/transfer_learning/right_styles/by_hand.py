"""transfer_learning in small steps: plain loops, closed formulas, no optimizer."""

import torch
from torch import nn

__all__ = [
    "classify",
    "extract_features",
    "freeze",
    "learning_rate_groups",
    "linear_probe",
    "replace_head",
]


def replace_head(network, num_classes):
    place, old = "", None
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            place, old = name, module
    if isinstance(old, nn.Linear):
        new = nn.Linear(old.in_features, num_classes, bias=old.bias is not None)
    else:
        new = nn.Conv2d(
            old.in_channels,
            num_classes,
            old.kernel_size,
            old.stride,
            old.padding,
            old.dilation,
            bias=old.bias is not None,
        )
    new = new.to(device=old.weight.device, dtype=old.weight.dtype)
    if "." in place:
        part, name = place.rsplit(".", 1)
        setattr(network.get_submodule(part), name, new)
    else:
        setattr(network, place, new)
    return network


def freeze(network):
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    for layer in network.modules():
        layer.training = False
        layer.train = lambda mode=True, layer=layer: layer


def extract_features(network, images, layer):
    before = {name: module.training for name, module in network.named_modules()}
    answers = {}

    def remember(_module, _inputs, answer):
        answers[layer] = answer.detach().clone()

    handle = network.get_submodule(layer).register_forward_hook(remember)
    try:
        with torch.no_grad():
            network.eval()(images)
    finally:
        handle.remove()
        for name, module in network.named_modules():
            module.training = before[name]
    return answers[layer]


def linear_probe(features, labels, num_classes, l2):
    x = features.double()
    truth = torch.eye(num_classes, dtype=torch.float64)[labels.long()]
    weight = torch.zeros(num_classes, x.shape[1], dtype=torch.float64)
    bias = torch.zeros(num_classes, dtype=torch.float64)
    rate = 1 / (0.5 * (x**2).sum(dim=1).mean() + 0.5 + l2)  # at most 1 / curvature
    for _step in range(1500):
        error = ((x @ weight.T + bias).softmax(dim=1) - truth) / len(x)
        weight = weight - rate * (error.T @ x + l2 * weight)
        bias = bias - rate * error.sum(dim=0)
    head = nn.Linear(x.shape[1], num_classes)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)
    return head


def learning_rate_groups(network, lr, decay):
    number = 0
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            number += 1
    groups, layer = [], 0
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            layer += 1
        for parameter in module.parameters(recurse=False):
            if parameter.requires_grad:
                groups.append({"params": [parameter], "lr": lr * decay ** (number - layer)})
    return groups


def nearest_means():
    """The pretrained network's maps and the mean of each new class in them."""
    from course_utils.data.shapes import OTHER_SHAPES
    from course_utils.data.shapes_classification import ShapesClassification
    from course_utils.data.small_net import small_net

    few = ShapesClassification(OTHER_SHAPES, per_class=10, seed=1)
    network = small_net()
    with torch.no_grad():
        known = network.features(few.images.float() / 255).mean(dim=(2, 3))
    return network, torch.stack([known[few.targets == k].mean(dim=0) for k in range(6)])


def classify(images):
    if not hasattr(classify, "means"):
        classify.network, classify.means = nearest_means()
    with torch.no_grad():
        new = classify.network.features(images).mean(dim=(2, 3))
    return torch.cdist(new, classify.means).argmin(dim=1)
