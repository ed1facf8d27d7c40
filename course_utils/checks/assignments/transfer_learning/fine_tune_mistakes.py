"""Wrong ways to classify new shapes that students go, and the sentence for each."""

import copy
from functools import cache

import torch
from torch import nn

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["BATCH", "FROM_ONE", "MISTAKES", "SCORES"]

BATCH = N_(
    "A picture by itself gets another label than among others. In training mode the answers"
    " depend on the whole batch and on chance: put the network in evaluation mode."
)
SCORES = N_(
    "You returned six scores for every picture; wanted is one label, the number of the largest"
    " score."
)
FROM_ONE = N_("Your labels count the classes from 1; they should count from 0.")


@cache
def _pictures():
    """The sixty pictures of the notebook."""
    from course_utils.data.shapes import OTHER_SHAPES
    from course_utils.data.shapes_classification import ShapesClassification

    few = ShapesClassification(OTHER_SHAPES, per_class=10, seed=1)
    return few.images.float() / 255, few.targets


@cache
def _old():
    from course_utils.data.small_net import small_net

    return small_net()


@cache
def _right():
    """The old network with the best last layer for the sixty pictures."""
    from course_utils.reference.probe import linear_probe
    from course_utils.reference.transfer import layer_features

    images, targets = _pictures()
    network = copy.deepcopy(_old())
    features = layer_features(network, images, "classifier.3")
    network.classifier[4] = linear_probe(features, targets, 6, l2=0.1, tolerance=1e-4)
    return network


_ANSWERED: dict[bytes, torch.Tensor] = {}  # nine mistakes ask the same of the same pictures


def _scores(images):
    key = images.numpy().tobytes()
    if key not in _ANSWERED:
        while len(_ANSWERED) > 8:
            _ANSWERED.pop(next(iter(_ANSWERED)))
        with torch.no_grad():
            _ANSWERED[key] = _right()(images)
    return _ANSWERED[key].clone()


def _labels(images):
    return _scores(images).argmax(dim=1)


def _from_one(images):
    return _labels(images) + 1


def _training_mode(images):
    network = copy.deepcopy(_right())
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()
    with torch.no_grad():
        return network(images).argmax(dim=1)


def _over_the_batch(images):
    return _scores(images).argmax(dim=0)


def _one_label(images):
    return _scores(images).argmax()


def _floats(images):
    return _labels(images).float()


def _as_list(images):
    return _labels(images).tolist()


def _names(images):
    names = ("heart", "moon", "drop", "hexagon", "arrow", "bolt")
    return [names[label] for label in _as_list(images)]


def _column(images):
    return _labels(images)[:, None]


def _old_head(images):
    from course_utils.data.small_net import small_net

    with torch.no_grad():
        return small_net()(images).argmax(dim=1)


def _always_first(images):
    import torch

    return torch.zeros(len(images), dtype=torch.long)


def _mean_pictures(images):
    few, targets = _pictures()
    means = torch.stack([few[targets == k].mean(dim=0) for k in range(6)])
    return torch.cdist(images.flatten(1), means.flatten(1)).argmin(dim=1)


def _nearest_pictures(images):
    few, targets = _pictures()
    return targets[torch.cdist(images.flatten(1), few.flatten(1)).argmin(dim=1)]


_PIXELS = N_(
    "You compared pixels. Shapes differ in colour, place and turn, so the pixels of one class"
    " have little in common; take the features of the network."
)

MISTAKES = (
    Mistake("from_one", FROM_ONE, _from_one),
    Mistake("training_mode", BATCH, _training_mode),
    Mistake("scores", SCORES, _scores),
    Mistake(
        "over_the_batch",
        N_("The largest score was sought among the pictures; seek it among the classes."),
        _over_the_batch,
    ),
    Mistake(
        "one_label",
        N_("There is one number for the whole batch; each picture needs a label of its own."),
        _one_label,
    ),
    Mistake("floats", N_("The labels are floats; they should be whole numbers."), _floats),
    Mistake("as_list", N_("You returned a list of labels; a tensor is wanted."), _as_list),
    Mistake("names", N_("You returned names of classes; their numbers are wanted."), _names),
    Mistake(
        "column", N_("The labels stand in a column of shape (N, 1); (N,) is wanted."), _column
    ),
    Mistake(
        "old_head",
        N_(
            "These are the answers of the pretrained network as it was: its classes are disc,"
            " square, triangle and so on, not the new ones."
        ),
        _old_head,
    ),
    Mistake("always_first", N_("Every picture got the label 0."), _always_first),
    Mistake("mean_pictures", _PIXELS, _mean_pictures),
    Mistake("nearest_pictures", _PIXELS, _nearest_pictures),
)
