"""Wrong ways to classify by filters that students go, and the sentence for each."""

import copy
from functools import cache

import torch
from torch.nn import functional as F

from course_utils.checks.assignments.transfer_learning import fine_tune_mistakes
from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["BATCH", "MISTAKES", "linear_model", "strongest"]

BATCH = N_(
    "A picture by itself gets another label than among others. Fix the thresholds once, on the"
    " training pictures, and keep the network in evaluation mode."
)
_LAST = "features.layer5"
_PER_CLASS = 20
# Mistakes of form are those of any classifier: their sentences stand with another exercise.
_OF_FORM = (
    "from_one", "scores", "over_the_batch", "one_label", "floats", "as_list", "names", "column",
    "old_head", "always_first",
)  # fmt: skip


@cache
def _network():
    from course_utils.data.small_net import small_net

    return small_net()


@cache
def _pictures():
    """The pictures of the notebook."""
    from course_utils.data.shapes import OTHER_SHAPES
    from course_utils.data.shapes_classification import ShapesClassification

    some = ShapesClassification(OTHER_SHAPES, per_class=_PER_CLASS, seed=1)
    return some.images.float() / 255, some.targets


@torch.no_grad()
def strongest(network, images, layer):
    """The strongest response of each filter of a layer in each image: (N, filters)."""
    for name, part in network.features.named_children():
        images = part(images)
        if f"features.{name}" == layer:
            break
    return images.amax(dim=(2, 3))


def linear_model(features, targets):
    """A linear model, as a matrix with the shift in its last row: (features + 1, 6)."""
    ones = torch.ones(len(features), 1)
    rows = torch.cat([features.float(), ones], dim=1)
    weights = torch.zeros(rows.shape[1], 6, requires_grad=True)
    descent = torch.optim.AdamW([weights], lr=1e-2, weight_decay=0.1)
    with torch.enable_grad():
        for _step in range(150):
            loss = F.cross_entropy(rows @ weights, targets)
            (weights.grad,) = torch.autograd.grad(loss, weights)
            descent.step()
    return weights.detach()


@cache
def _learned(layer, random=False):
    """Thresholds of the layer's filters and the linear model on which of them fire."""
    network = _random() if random else _network()
    images, targets = _pictures()
    responses = strongest(network, images, layer)
    thresholds = responses.median(dim=0).values
    return thresholds, linear_model(responses > thresholds, targets)


@cache
def _random():
    from course_utils.data.small_net import small_net

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return small_net(pretrained=False).eval()


def _labels(network, images, layer, thresholds, weights):
    fires = (strongest(network, images, layer) > thresholds).float()
    return (fires @ weights[:-1] + weights[-1]).argmax(dim=1)


def _early_layer(images):
    return _labels(_network(), images, "features.layer1", *_learned("features.layer1"))


def _thresholds_of_the_batch(images):
    responses = strongest(_network(), images, _LAST)
    return _labels(_network(), images, _LAST, responses.mean(dim=0), _learned(_LAST)[1])


def _training_mode(images):
    network = copy.deepcopy(_network()).train()
    return _labels(network, images, _LAST, *_learned(_LAST))


def _untrained(images):
    return _labels(_random(), images, _LAST, *_learned(_LAST, random=True))


def _no_thresholds(images):
    """Fires: greater than zero, while the model was trained with thresholds."""
    thresholds, weights = _learned(_LAST)
    return _labels(_network(), images, _LAST, 0 * thresholds, weights)


_KNOWN = {mistake.name: mistake for mistake in fine_tune_mistakes.MISTAKES}
MISTAKES = (
    *(_KNOWN[name] for name in _OF_FORM),
    Mistake("thresholds_of_the_batch", BATCH, _thresholds_of_the_batch),
    Mistake("training_mode", BATCH, _training_mode),
    Mistake(
        "early_layer",
        N_(
            "These are filters of an early layer. They answer to colours and edges, which all"
            " these shapes have; look at a layer that answers to shapes."
        ),
        _early_layer,
    ),
    Mistake(
        "untrained",
        N_("The filters are random: the network was made without its trained weights."),
        _untrained,
    ),
    Mistake(
        "no_thresholds",
        N_(
            "New pictures are compared with other thresholds than those that the linear model"
            " was trained with."
        ),
        _no_thresholds,
    ),
)
