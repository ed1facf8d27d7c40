"""Right solutions of transfer_learning in different styles, and what its mutants may do."""

import copy
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data.shapes import OTHER_SHAPES
from course_utils.data.shapes_classification import ShapesClassification
from course_utils.data.small_net import small_net
from tests.once import trained_once

# replace_head


def head_by_walking(network, num_classes):
    owner = key = None
    for parent in network.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.Linear):
                owner, key = parent, name
            if isinstance(child, nn.Conv2d):
                owner, key = parent, name
    old = getattr(owner, key)
    if isinstance(old, nn.Conv2d):
        new = nn.Conv2d(
            in_channels=old.in_channels,
            out_channels=num_classes,
            kernel_size=old.kernel_size,
            stride=old.stride,
            padding=old.padding,
            dilation=old.dilation,
            bias=old.bias is not None,
        )
    else:
        new = nn.Linear(old.in_features, num_classes, bias=old.bias is not None)
    owner.add_module(key, new.to(old.weight))
    return network


def head_from_a_copy_of_the_old(network, num_classes):
    name = [n for n, m in network.named_modules() if type(m) in (nn.Linear, nn.Conv2d)][-1]
    new = copy.deepcopy(network.get_submodule(name))
    shape = (num_classes, *new.weight.shape[1:])
    like = {"dtype": new.weight.dtype, "device": new.weight.device}
    new.weight = nn.Parameter(0.01 * torch.randn(shape, **like))
    if new.bias is not None:
        new.bias = nn.Parameter(torch.zeros(num_classes, **like))
    if isinstance(new, nn.Linear):
        new.out_features = num_classes
    else:
        new.out_channels = num_classes
    network.set_submodule(name, new)
    return network


def head_on_a_copy_of_the_network(network, num_classes):
    network = copy.deepcopy(network)
    *_, (name, old) = (
        (n, m) for n, m in network.named_modules() if isinstance(m, (nn.Linear, nn.Conv2d))
    )
    part = network
    *path, last = name.split(".")
    for step in path:
        part = getattr(part, step)
    kwargs = {"bias": old.bias is not None}
    with torch.device(old.weight.device):
        if isinstance(old, nn.Linear):
            new = nn.Linear(old.in_features, num_classes, **kwargs)
        else:
            kwargs |= {k: getattr(old, k) for k in ("stride", "padding", "dilation")}
            new = nn.Conv2d(old.in_channels, num_classes, old.kernel_size, **kwargs)
    part._modules[last] = new.to(old.weight.dtype)
    return network


# freeze


def frozen_by_a_deaf_train(network):
    network.requires_grad_(False)
    network.eval()
    network.train = lambda mode=True: network


def frozen_layer_by_layer(network):
    for layer in network.modules():
        for parameter in layer.parameters(recurse=False):
            parameter.requires_grad_(False)
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.eval()
            layer.train = lambda mode=True, layer=layer: layer
    return network


class FrozenNorm(nn.Module):
    """Batch normalisation as a fixed scale and shift, as detection networks have it."""

    def __init__(self, old):
        super().__init__()
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, getattr(old, name).clone())
        ones = torch.ones_like(old.running_mean)
        self.weight = nn.Parameter((ones if old.weight is None else old.weight).clone())
        self.bias = nn.Parameter((0 * ones if old.bias is None else old.bias).clone())
        self.eps = old.eps

    def forward(self, x):
        shape = (1, -1, *[1] * (x.dim() - 2))
        scale = self.weight / (self.running_var + self.eps).sqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale.view(shape) + shift.view(shape)


def frozen_by_other_layers(network):
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, (nn.BatchNorm1d, nn.BatchNorm2d)):
                setattr(parent, name, FrozenNorm(child))
    for parameter in network.parameters():
        parameter.requires_grad = False


def frozen_by_another_class(network):
    def stay(module, mode=True):
        return nn.Module.train(module, False)

    network.__class__ = type("Frozen", (type(network),), {"train": stay})
    network.requires_grad_(False).train()


# extract_features


@torch.no_grad()
def features_by_a_hook_that_stops(network, images, layer):
    class Enough(Exception):
        pass

    def stop(_module, _inputs, output):
        kept.append(output.clone())
        raise Enough

    kept, awake = [], {m for m in network.modules() if m.training}
    hook = dict(network.named_modules())[layer].register_forward_hook(stop)
    network.eval()
    try:
        network(images)
    except Enough:
        pass
    finally:
        hook.remove()
        for module in awake:
            module.training = True
    return kept[0]


def features_of_a_copy(network, images, layer):
    twin = copy.deepcopy(network).eval().requires_grad_(False)
    kept = {}
    twin.get_submodule(layer).register_forward_hook(
        lambda module, args, output: kept.update(answer=output.detach().clone())
    )
    twin(images)
    return kept["answer"]


def features_by_another_forward(network, images, layer):
    module = network.get_submodule(layer)
    modes = [m.training for m in network.modules()]
    kept = []

    def forward(*inputs):
        output = type(module).forward(module, *inputs)
        kept.append(output.clone())
        return output

    module.forward = forward
    network.eval()
    with torch.inference_mode():
        network(images)
    del module.forward
    for m, mode in zip(network.modules(), modes, strict=True):
        m.training = mode
    return kept[0].clone()


def features_by_running_layer_after_layer(network, images, layer):
    modes = {m: m.training for m in network.modules()}
    network.eval()

    def run(part, x, name):
        for key, child in part.named_children():
            path = f"{name}.{key}".lstrip(".")
            if path == layer:
                return child(x), True
            if layer.startswith(path + "."):
                return run(child, x, path)
            x = child(x)
        return x, False

    with torch.no_grad():
        answer, _found = run(network, images.clone(), "")
    for module, mode in modes.items():
        module.training = mode
    return answer


# linear_probe


def probe_by_gradient_descent(features, labels, num_classes, l2):
    head = nn.Linear(features.shape[1], num_classes)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    descent = torch.optim.SGD(
        [{"params": [head.weight], "weight_decay": l2}, {"params": [head.bias]}],
        lr=0.3,
        momentum=0.8,
    )
    for _step in range(200):
        descent.zero_grad()
        F.cross_entropy(head(features), labels).backward()
        descent.step()
    return head


def probe_by_autograd_and_line_search(features, labels, num_classes, l2):
    """Conjugate gradients with steps that are halved until the function falls."""

    def value(w):
        scores = features @ w[:, :-1].T + w[:, -1]
        own = scores[torch.arange(len(labels)), labels]
        return (scores.logsumexp(dim=1) - own).mean() + l2 / 2 * (w[:, :-1] ** 2).sum()

    w = torch.zeros(num_classes, features.shape[1] + 1)
    way, before, step = torch.zeros_like(w), 1.0, 1.0
    for number in range(80):
        w = w.detach().requires_grad_()
        now = value(w)
        (slope,) = torch.autograd.grad(now, w)
        size = (slope**2).sum()
        way = slope + (size / before if number % 10 else 0.0) * way
        with torch.no_grad():
            while value(w - step * way) > now and step > 1e-4:
                step /= 2
            w, before, step = w - step * way, size, 2 * step
    head = nn.Linear(features.shape[1], num_classes)
    head.weight.data, head.bias.data = w[:, :-1].clone(), w[:, -1].clone()
    return head


def probe_by_newton(features, labels, num_classes, l2):
    x = torch.cat([features, torch.ones(len(features), 1)], dim=1).double()
    width = x.shape[1]
    truth = F.one_hot(labels, num_classes).double()
    penalty = torch.full((num_classes, width), float(l2), dtype=torch.float64)
    penalty[:, -1] = 1e-9  # the bias is free; a shift of all biases changes nothing
    w = torch.zeros(num_classes, width, dtype=torch.float64)
    for _step in range(30):
        p = (x @ w.T).softmax(dim=1)
        slope = (p - truth).T @ x / len(x) + penalty * w
        spread = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
        curve = torch.einsum("nkm,ni,nj->kimj", spread, x, x) / len(x)
        curve = curve.reshape(w.numel(), -1) + torch.diag(penalty.flatten())
        w = w - torch.linalg.lstsq(curve, slope.flatten()[:, None]).solution.reshape(w.shape)
    head = nn.Linear(width - 1, num_classes)
    head.load_state_dict({"weight": w[:, :-1], "bias": w[:, -1]})
    return head


# learning_rate_groups


def rates_from_the_end(network, lr, decay):
    groups, rate, waiting = [], lr, []
    for module in reversed(list(network.modules())):
        waiting += [p for p in module.parameters(recurse=False) if p.requires_grad]
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            if waiting:
                groups.append({"params": waiting, "lr": rate})
            rate, waiting = rate * decay, []
    return groups


def rates_of_every_parameter(network, lr, decay):
    starts = [n for n, m in network.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    groups, layer = [], -1
    for name, parameter in network.named_parameters():
        if name.rpartition(".")[0] in starts:
            layer = starts.index(name.rpartition(".")[0])
        if parameter.requires_grad:
            rate = lr * decay ** (len(starts) - 1 - layer)
            groups.append({"params": parameter, "lr": rate, "name": name})
    return tuple(groups)


def rates_by_a_generator(network, lr, decay):
    layers = {}
    number = 0
    for module in network.modules():
        number += type(module) in (nn.Conv2d, nn.Linear)
        layers.setdefault(number, nn.ParameterList()).extend(module.parameters(recurse=False))
    for layer, parameters in layers.items():
        awake = filter(lambda p: p.requires_grad, parameters)
        yield {"params": list(awake), "lr": lr * decay ** (number - layer), "weight_decay": 0.1}


# fine_tune


@cache
def _few():
    few = ShapesClassification(OTHER_SHAPES, per_class=10, seed=1)
    return few.images.float() / 255, few.targets


@cache
def _pretrained():
    return small_net()


@cache
def _with_ridge_regression():
    network = small_net()
    images, labels = _few()
    head = network.classifier[4]
    network.classifier[4] = nn.Identity()
    with torch.no_grad():
        x = F.pad(network(images), (0, 1), value=1.0)
    truth = F.one_hot(labels, 6).float()
    w = torch.linalg.solve(x.T @ x + 10 * torch.eye(x.shape[1]), x.T @ truth)
    head.weight, head.bias = nn.Parameter(w[:-1].T), nn.Parameter(w[-1])
    head.out_features = 6
    network.classifier[4] = head
    return network.eval()


def classify_by_ridge_regression(images):
    with torch.no_grad():
        return _with_ridge_regression()(images).argmax(dim=1)


def classify_by_nearest_mean_feature(images):
    network = _pretrained()
    few, labels = _few()
    with torch.no_grad():
        known, new = (network.features(x).mean(dim=(2, 3)) for x in (few, images))
    means = torch.stack([known[labels == k].mean(dim=0) for k in range(6)])
    return torch.cdist(new, means).min(dim=1).indices.to(torch.int32)


@trained_once
def _with_all_layers_trained():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = small_net()
        network.classifier[4] = nn.Linear(256, 6)
        images, labels = _few()
        slow = {"params": list(network.features.parameters()), "lr": 3e-4}
        fast = {"params": list(network.classifier.parameters()), "lr": 2e-3}
        descent = torch.optim.AdamW([slow, fast])
        network.train()
        for step in range(60):
            chosen = torch.randperm(60)[:30]
            pictures = images[chosen].rot90(step % 4, (2, 3))
            loss = F.cross_entropy(network(pictures), labels[chosen])
            descent.zero_grad()
            loss.backward()
            descent.step()
        return network.eval()


def classify_by_all_layers(images):
    return _with_all_layers_trained()(images).softmax(dim=1).topk(1).indices[:, 0]


RIGHT = {
    "replace_head": [
        head_by_walking,
        head_from_a_copy_of_the_old,
        head_on_a_copy_of_the_network,
    ],
    "freeze": [
        frozen_by_a_deaf_train,
        frozen_layer_by_layer,
        frozen_by_other_layers,
        frozen_by_another_class,
    ],
    "extract_features": [
        features_by_a_hook_that_stops,
        features_of_a_copy,
        features_by_another_forward,
        features_by_running_layer_after_layer,
    ],
    "linear_probe": [
        probe_by_gradient_descent,
        probe_by_autograd_and_line_search,
        probe_by_newton,
    ],
    "learning_rate_groups": [
        rates_from_the_end,
        rates_of_every_parameter,
        rates_by_a_generator,
    ],
    "fine_tune": [
        classify_by_ridge_regression,
        classify_by_nearest_mean_feature,
        classify_by_all_layers,
    ],
}

# Mutants that answer as the original does, as (exercise, text, text of the mutant).
EQUIVALENT = {
    # the layer runs once, so the first answer is the last
    ("extract_features", "found[0]", "found[-1]"),
    # the search ends long before
    ("linear_probe", "max_iter=500", "max_iter=501"),
    ("linear_probe", "max_iter=500", "max_iter=499"),
    # a group without parameters is none for an optimizer
    ("learning_rate_groups", "len(learning) > 0", "len(learning) > -1"),
}
