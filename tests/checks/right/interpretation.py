"""Right solutions of interpretation in different styles, and what its mutants may do."""

import contextlib
import copy
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data.shapes import OTHER_SHAPES
from course_utils.data.shapes_classification import ShapesClassification
from course_utils.data.small_net import small_net

# receptive_field


def field_from_the_top(layers):
    first, last, step = 0, 0, 1  # units that unit 0 of the top sees, map by map
    for kernel, stride, padding in reversed(layers):
        first, last = first * stride - padding, last * stride - padding + kernel - 1
        step *= stride
    return last - first + 1, step, first


def field_by_recursion(layers):
    if not layers:
        return [1, 1, 0]
    *below, (kernel, stride, padding) = layers
    field, step, edge = field_by_recursion(below)
    return [field + step * (kernel - 1), step * stride, edge - step * padding]


def field_by_marking_pixels(layers):
    """The set of the pixels that units 0 and 1 see, followed down unit by unit."""

    def seen(unit):
        units = {unit}
        for kernel, stride, padding in reversed(layers):
            units = {u * stride - padding + k for u in units for k in (0, kernel - 1)}
            units = {min(units), max(units)}
        return units

    zero, one = seen(0), seen(1)
    return torch.tensor([max(zero) - min(zero) + 1, min(one) - min(zero), min(zero)]).tolist()


# unit_box


def box_by_clamp(geometry, unit, size):
    field, stride, edge = geometry
    start = torch.tensor(unit) * stride + edge
    end = torch.minimum(start + field, torch.tensor(size))
    return (*start.clamp(min=0).tolist(), *end.tolist())


def box_by_pixels(geometry, unit, size):
    field, stride, edge = geometry
    ends = []
    for index, length in zip(unit, size, strict=True):
        begin = index * stride + edge
        inside = [pixel for pixel in range(begin, begin + field) if 0 <= pixel < length]
        ends.append((inside[0], inside[-1] + 1))
    (top, bottom), (left, right) = ends
    return [top, left, bottom, right]


def box_by_ifs(geometry, unit, size):
    row, column = unit
    height, width = size
    top, left = geometry[1] * row + geometry[2], geometry[1] * column + geometry[2]
    bottom, right = top + geometry[0], left + geometry[0]
    if top < 0:
        top = 0
    if left < 0:
        left = 0
    if bottom > height:
        bottom = height
    if right > width:
        right = width
    return top, left, bottom, right


# best_patches


def patches_by_loops(responses, count):
    images, filters, height, width = responses.shape
    answer = []
    for f in range(filters):
        found = []
        for n in range(images):
            best = None
            for i in range(height):
                for j in range(width):
                    value = float(responses[n, f, i, j])
                    if value > 0 and (best is None or value > best[0]):
                        best = (value, n, i, j)
            if best is not None:
                found.append(best)
        found.sort(key=lambda item: (-item[0], item[1]))
        answer.append([item[1:] for item in found[:count]])
    return answer


def patches_by_stable_sort(responses, count):
    width = responses.size(-1)
    values, places = responses.flatten(2).max(dim=-1)
    values, order = values.sort(dim=0, descending=True, stable=True)
    places = places.gather(0, order)
    rows, columns = places // width, places % width
    answer = []
    for f in range(responses.size(1)):
        fired = int((values[:, f] > 0).sum())
        triple = torch.stack([order[:, f], rows[:, f], columns[:, f]], dim=1)
        answer.append([tuple(item) for item in triple[: min(count, fired)].tolist()])
    return answer


def patches_by_taking_the_best_away(responses, count):
    answer = []
    for maps in responses.transpose(0, 1):
        maps = maps.clone(memory_format=torch.contiguous_format)
        row = []
        while len(row) < count:
            place = int(maps.flatten().argmax())
            image, inside = divmod(place, maps[0].numel())
            if maps[image].max() <= 0:
                break
            row.append([image, *divmod(inside, maps.shape[2])])
            maps[image] = -1
        answer.append(row)
    return tuple(answer)


# maximise_class


def climb_with_sgd(model, classes, start, lambda_, step, steps):
    x = nn.Parameter(start.clone())
    ascent = torch.optim.SGD([x], lr=step, maximize=True)
    for _ in range(steps):
        ascent.zero_grad()
        logits = model(x)
        chosen = logits.gather(1, torch.tensor(classes)[:, None]).squeeze(1)
        (chosen - lambda_ * x.pow(2).flatten(1).sum(1)).sum().backward()
        ascent.step()
    return x.detach()


def climb_one_by_one(model, classes, start, lambda_, step, steps):
    answer = torch.empty_like(start)
    for number, label in enumerate(classes):
        x = start[number : number + 1].clone()
        for _ in range(steps):
            x.requires_grad_(True)
            x.grad = None
            loss = lambda_ * (x * x).sum() - model(x)[0, label]
            loss.backward()
            with torch.no_grad():
                x = x - step * x.grad
        answer[number] = x[0]
    return answer


def climb_with_the_penalty_by_hand(model, classes, start, lambda_, step, steps):
    x = start.detach().clone()
    one_hot = F.one_hot(torch.tensor(classes), model(x).shape[1]).to(x)
    for _ in range(steps):
        slope = torch.autograd.functional.vjp(model, x, one_hot)[1]
        x = x * (1 - 2 * step * lambda_) + step * slope
    return x


def climb_with_torch_func(model, classes, start, lambda_, step, steps):
    def height(x):
        logits = model(x)
        wanted = sum(logits[i, y] for i, y in enumerate(classes))
        return wanted - lambda_ * torch.linalg.vector_norm(x) ** 2

    x = start
    for _ in range(steps):
        x = x.add(torch.func.grad(height)(x), alpha=step)
    return x.detach()


# dream


def dream_by_squares(network, layer, pictures, step, steps):
    """The gradient of the squared norm has the same direction, picture by picture."""
    training = {name: part.training for name, part in network.named_modules()}
    network.train(False)
    kept = {}
    part = dict(network.named_modules())[layer]
    hook = part.register_forward_hook(lambda _m, _i, out: kept.update(answer=out.clone()))
    try:
        x = pictures.clone()
        for _ in range(steps):
            x.requires_grad_()
            network(x)
            g = torch.autograd.grad(kept["answer"].pow(2).sum(), x)[0]
            x = x.detach() + step * g / g.abs().mean((1, 2, 3), keepdim=True)
            x = x.clip(0, 1)
    finally:
        hook.remove()
        for name, module in network.named_modules():
            module.training = training[name]
    return x


class _Enough(Exception):
    pass


def dream_that_stops_at_the_layer(network, layer, pictures, step, steps):
    modes = [(m, m.training) for m in network.modules()]
    answers = []

    def stop(_module, _inputs, output):
        answers.append(output)
        raise _Enough

    handle = network.get_submodule(layer).register_forward_hook(stop)
    network.eval()
    x = pictures
    for _ in range(steps):
        x = x.detach().clone().requires_grad_()
        with contextlib.suppress(_Enough):
            network(x)
        for one in answers.pop():
            one.norm().backward(retain_graph=True)
        with torch.no_grad():
            scale = x.grad.flatten(1).abs().mean(1).reshape(-1, 1, 1, 1)
            x = torch.clamp(x + step * x.grad / scale, min=0, max=1)
    handle.remove()
    for module, mode in modes:
        module.training = mode
    for parameter in network.parameters():
        parameter.grad = None
    return x


def dream_one_by_one(network, layer, pictures, step, steps):
    twin = copy.deepcopy(network).eval()
    norms = []
    twin.get_submodule(layer).register_forward_hook(
        lambda _m, _i, output: norms.append(output.clone().square().sum().sqrt())
    )
    answer = []
    for picture in pictures:
        for _ in range(steps):
            picture = picture.detach().requires_grad_()
            twin(picture[None])
            (slope,) = torch.autograd.grad(norms[-1], picture)
            picture = (picture + step / slope.abs().mean() * slope).clamp(0, 1)
        answer.append(picture.detach())
    return torch.stack(answer)


# which_fire


@cache
def _some():
    some = ShapesClassification(OTHER_SHAPES, per_class=20, seed=1)
    return some.images.float() / 255, some.targets


@cache
def _network():
    return small_net()


@torch.no_grad()
def _features(images):
    return _network().features(images).amax(dim=(2, 3))


@cache
def _ridge():
    features, labels = _features(_some()[0]), _some()[1]
    thresholds = features.mean(dim=0)
    x = F.pad((features > thresholds).double(), (0, 1), value=1.0)
    y = F.one_hot(labels, 6).double()
    weights = torch.linalg.solve(x.T @ x + 10 * torch.eye(x.shape[1]), x.T @ y)
    return thresholds, weights


def classify_by_ridge(images):
    thresholds, weights = _ridge()
    x = F.pad((_features(images) > thresholds).double(), (0, 1), value=1.0)
    return (x @ weights).argmax(dim=1)


@cache
def _frequencies():
    features, labels = _features(_some()[0]), _some()[1]
    thresholds = features.median(dim=0).values
    fires = features > thresholds
    shares = torch.stack([(fires[labels == k].sum(0) + 1) / 22 for k in range(6)])
    return thresholds, shares


def classify_by_naive_bayes(images):
    """How often each filter fires for each class; the most likely class wins."""
    thresholds, shares = _frequencies()
    fires = (_features(images) > thresholds).float()
    scores = fires @ shares.log().T + (1 - fires) @ (1 - shares).log().T
    return scores.max(dim=1).indices.to(torch.int32)


@cache
def _descent():
    features, labels = _features(_some()[0]), _some()[1]
    thresholds = features.quantile(0.7, dim=0)
    with torch.random.fork_rng():
        torch.manual_seed(2)
        linear = nn.Linear(192, 6)
        descent = torch.optim.SGD(linear.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-2)
        for _ in range(150):
            descent.zero_grad()
            fires = (features > thresholds).float()
            F.cross_entropy(linear(fires), labels).backward()
            descent.step()
    return thresholds, linear


def classify_by_descent(images):
    thresholds, linear = _descent()
    with torch.no_grad():
        return linear((_features(images) > thresholds).float()).softmax(1).topk(1).indices[:, 0]


RIGHT = {
    "receptive_field": [field_from_the_top, field_by_recursion, field_by_marking_pixels],
    "unit_box": [box_by_clamp, box_by_pixels, box_by_ifs],
    "best_patches": [
        patches_by_loops,
        patches_by_stable_sort,
        patches_by_taking_the_best_away,
    ],
    "maximise_class": [
        climb_with_sgd,
        climb_one_by_one,
        climb_with_the_penalty_by_hand,
        climb_with_torch_func,
    ],
    "dream": [dream_by_squares, dream_that_stops_at_the_layer, dream_one_by_one],
    "which_fire": [classify_by_ridge, classify_by_naive_bayes, classify_by_descent],
}

# Mutants that answer as the original does, as (exercise, text, text of the mutant).
EQUIVALENT = {
    # a factor common to the batch drops out where each picture's gradient is scaled
    ("dream", "norms.pop().sum()", "norms.pop().mean()"),
}
