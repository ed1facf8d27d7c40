"""Wrong ways to the best last layer that students go, and the sentence for each."""

import torch
from torch import nn
from torch.nn import functional as F

from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _cross_entropy(scores, labels, weight, bias, l2):
    return F.cross_entropy(scores, labels) + l2 / 2 * weight.square().sum()


def _minimum(features, labels, num_classes, l2, objective=_cross_entropy, with_bias=True):
    """The layer at the minimum of objective(scores, labels, weight, bias, l2)."""
    x, y = features.double(), labels.long()
    weight = x.new_zeros(num_classes, x.shape[1], requires_grad=True)
    bias = x.new_zeros(num_classes, requires_grad=with_bias)
    free = [weight, bias] if with_bias else [weight]
    search = torch.optim.LBFGS(
        free,
        max_iter=60,
        tolerance_grad=1e-5,
        tolerance_change=1e-10,
        line_search_fn="strong_wolfe",
    )

    def value():
        search.zero_grad()
        found = objective(x @ weight.T + bias, y, weight, bias, l2)
        found.backward()
        return found

    search.step(value)
    return _layer(weight, bias, features)


def _layer(weight, bias, features):
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=features.dtype)
    layer.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
    return layer


def _no_l2(features, labels, num_classes, l2):
    return _minimum(features, labels, num_classes, 0.0)


def _l2_on_bias(features, labels, num_classes, l2):
    def objective(scores, y, weight, bias, l2):
        both = weight.square().sum() + bias.square().sum()
        return F.cross_entropy(scores, y) + l2 / 2 * both

    return _minimum(features, labels, num_classes, l2, objective)


def _no_half(features, labels, num_classes, l2):
    return _minimum(features, labels, num_classes, 2 * l2)


def _sum(features, labels, num_classes, l2):
    return _minimum(features, labels, num_classes, l2 / len(labels))


def _mean_of_squares(features, labels, num_classes, l2):
    return _minimum(features, labels, num_classes, l2 / (num_classes * features.shape[1]))


def _length(features, labels, num_classes, l2):
    def objective(scores, y, weight, bias, l2):
        return F.cross_entropy(scores, y) + l2 / 2 * (weight.square().sum() + 1e-12).sqrt()

    return _minimum(features, labels, num_classes, l2, objective)


def _no_bias(features, labels, num_classes, l2):
    return _minimum(features, labels, num_classes, l2, with_bias=False)


def _least_squares(features, labels, num_classes, l2):
    def objective(scores, y, weight, bias, l2):
        truth = F.one_hot(y, num_classes).to(scores)
        fit = (scores - truth).square().sum(dim=1).mean() / 2
        return fit + l2 / 2 * weight.square().sum()

    return _minimum(features, labels, num_classes, l2, objective)


def _one_against_all(features, labels, num_classes, l2):
    def objective(scores, y, weight, bias, l2):
        truth = F.one_hot(y, num_classes).to(scores)
        fit = F.binary_cross_entropy_with_logits(scores, truth)
        return fit + l2 / 2 * weight.square().sum()

    return _minimum(features, labels, num_classes, l2, objective)


def _softmax_twice(features, labels, num_classes, l2):
    def objective(scores, y, weight, bias, l2):
        return _cross_entropy(scores.softmax(dim=1), y, weight, bias, l2)

    return _minimum(features, labels, num_classes, l2, objective)


def _zeros(features, labels, num_classes, l2):
    weight = torch.zeros(num_classes, features.shape[1])
    return _layer(weight, torch.zeros(num_classes), features)


def _one_step(features, labels, num_classes, l2):
    x = features.double()
    truth = F.one_hot(labels.long(), num_classes).double()
    slope = (truth - 1 / num_classes) / len(x)
    return _layer(slope.T @ x, slope.sum(dim=0), features)


def _centres(features, labels, num_classes, l2):
    truth = F.one_hot(labels.long(), num_classes).to(features)
    centres = (truth / truth.sum(dim=0)).T @ features
    return _layer(centres, -centres.square().sum(dim=1) / 2, features)


def _scaled_features(features, labels, num_classes, l2):
    scaled = (features - features.mean(dim=0)) / features.std(dim=0)
    return _minimum(scaled, labels, num_classes, l2)


def _penalty_on_scaled(features, labels, num_classes, l2):
    mean, std = features.mean(dim=0), features.std(dim=0)
    found = _minimum((features - mean) / std, labels, num_classes, l2)
    weight = found.weight / std
    return _layer(weight, found.bias - weight @ mean, features)


def _pair(features, labels, num_classes, l2):
    found = _minimum(features, labels, num_classes, l2)
    return found.weight.detach(), found.bias.detach()


def _parameters(features, labels, num_classes, l2):
    return _minimum(features, labels, num_classes, l2).weight.detach()


def _two_outputs(features, labels, num_classes, l2):
    found = _minimum(features, labels, num_classes, l2)
    return _layer(found.weight[1:], found.bias[1:], features)


MISTAKES = (
    Mistake(
        "no_l2",
        N_("The penalty on the weights is missing; without it the weights grow too large."),
        _no_l2,
    ),
    Mistake(
        "l2_on_bias",
        N_("You penalise the bias too; the penalty is on the weights alone."),
        _l2_on_bias,
    ),
    Mistake(
        "no_half",
        N_("The penalty is twice as strong as in the formula: there it is l2 / 2."),
        _no_half,
    ),
    Mistake(
        "sum",
        N_("The cross-entropy is summed over the samples; in the formula it is their mean."),
        _sum,
    ),
    Mistake(
        "mean_of_squares",
        N_("You averaged the squares of the weights; in the formula they are summed."),
        _mean_of_squares,
    ),
    Mistake(
        "length",
        N_("You penalise the length of the weights, not its square."),
        _length,
    ),
    Mistake("no_bias", N_("The layer has no bias, or a bias that did not learn."), _no_bias),
    Mistake(
        "least_squares",
        N_(
            "You fitted the scores to 0 and 1 by least squares; cross-entropy is to be"
            " minimised."
        ),
        _least_squares,
    ),
    Mistake(
        "one_against_all",
        N_("You minimised a sigmoid's loss of each class by itself; softmax ties the classes."),
        _one_against_all,
    ),
    Mistake(
        "softmax_twice",
        N_("Softmax was taken twice: `F.cross_entropy` takes scores, not probabilities."),
        _softmax_twice,
    ),
    Mistake(
        "zeros",
        N_("All probabilities are equal: the weights are still zero."),
        _zeros,
    ),
    Mistake(
        "one_step",
        N_("That is one step of gradient descent from zero; go on until the gradient is zero."),
        _one_step,
    ),
    Mistake(
        "centres",
        N_("You took the mean of every class for its weights; nothing was minimised."),
        _centres,
    ),
    Mistake(
        "scaled_features",
        N_(
            "The layer fits features that were standardised first; it is given features as they"
            " are."
        ),
        _scaled_features,
    ),
    Mistake(
        "penalty_on_scaled",
        N_(
            "The penalty was laid on the weights of standardised features; in the formula it"
            " is on those of the features as they are."
        ),
        _penalty_on_scaled,
    ),
    Mistake(
        "pair",
        N_("You returned weights and bias as a pair; put them into an nn.Linear."),
        _pair,
    ),
    Mistake(
        "parameters",
        N_("You returned a tensor; put weights and bias into an nn.Linear."),
        _parameters,
    ),
    Mistake(
        "two_outputs",
        N_("The layer lacks a class: every class has its row of weights, the first one too."),
        _two_outputs,
    ),
)
