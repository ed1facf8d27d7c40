"""Wrong ways to the cross-entropy that students go, and the sentence for each."""

import math
from collections.abc import Callable

import torch

from course_utils.checks.assignments.metrics_and_loss.maps import VOID
from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _logs_of_truth(scores, truth, dim=1):
    """log a of the true class at every pixel, 0 on void; and where truth is labelled."""
    labelled = truth != VOID
    classes = truth.long().where(labelled, 0)
    logs = scores.log_softmax(dim).gather(1, classes[:, None])[:, 0]
    return logs.where(labelled, 0.0), labelled


def _right(scores, truth):
    logs, labelled = _logs_of_truth(scores, truth)
    return -logs.sum() / labelled.sum()


def _one_hot(scores, truth):
    """(N, K, H, W): 1 at the true class, 0 elsewhere and on void."""
    classes = torch.arange(scores.shape[1])[None, :, None, None]
    return (truth[:, None] == classes).to(scores.dtype)


def _no_minus(scores, truth):
    return -_right(scores, truth)


def _sum(scores, truth):
    return -_logs_of_truth(scores, truth)[0].sum()


def _sum_no_minus(scores, truth):
    return _logs_of_truth(scores, truth)[0].sum()


def _along(dim: int) -> Callable:
    def loss(scores, truth):
        logs, labelled = _logs_of_truth(scores, truth, dim)
        return -logs.sum() / labelled.sum()

    return loss


def _softmax_twice(scores, truth):
    return _right(scores.softmax(dim=1), truth)


def _void_in_mean(scores, truth):
    return -_logs_of_truth(scores, truth)[0].mean()


def _void_as_background(scores, truth):
    return _right(scores, truth.where(truth != VOID, 0))


def _void_as_last(scores, truth):
    return _right(scores, truth.where(truth != VOID, scores.shape[1] - 1))


def _void_as_index(scores, truth):
    logs = scores.log_softmax(dim=1)
    n, h, w = truth.shape
    picked = [
        logs[i, int(truth[i, y, x]), y, x] for i in range(n) for y in range(h) for x in range(w)
    ]
    return -torch.stack(picked).mean()


def _void_in_gather(scores, truth):
    return -scores.log_softmax(dim=1).gather(1, truth.long()[:, None]).mean()


def _overflow(scores, truth):
    exponents = scores.exp()
    share = exponents / exponents.sum(dim=1, keepdim=True)
    labelled = truth != VOID
    picked = share.gather(1, truth.long().where(labelled, 0)[:, None])[:, 0]
    return -picked[labelled].log().mean()


def _overflow_in_sum(scores, truth):
    logs = scores - scores.exp().sum(dim=1, keepdim=True).log()
    labelled = truth != VOID
    return -logs.gather(1, truth.long().where(labelled, 0)[:, None])[:, 0][labelled].mean()


def _overflow_one_hot(scores, truth):
    exponents = scores.exp()
    logs = (exponents / exponents.sum(dim=1, keepdim=True)).log()
    return -(_one_hot(scores, truth) * logs).sum() / (truth != VOID).sum()


def _log_of_zero(scores, truth):
    labelled = truth != VOID
    share = scores.softmax(dim=1).gather(1, truth.long().where(labelled, 0)[:, None])[:, 0]
    return -share[labelled].log().mean()


def _zero_times_infinity(scores, truth):
    logs = scores.softmax(dim=1).log()
    return -(_one_hot(scores, truth) * logs).sum() / (truth != VOID).sum()


def _small_number(epsilon: float) -> Callable:
    def loss(scores, truth):
        labelled = truth != VOID
        share = scores.softmax(dim=1).gather(1, truth.long().where(labelled, 0)[:, None])
        return -(share[:, 0][labelled] + epsilon).log().mean()

    return loss


def _clamped(epsilon: float) -> Callable:
    def loss(scores, truth):
        labelled = truth != VOID
        share = scores.softmax(dim=1).gather(1, truth.long().where(labelled, 0)[:, None])
        return -share[:, 0][labelled].clamp(min=epsilon).log().mean()

    return loss


def _mean_over_images(scores, truth):
    logs, labelled = _logs_of_truth(scores, truth)
    return (-logs.sum(dim=(1, 2)) / labelled.sum(dim=(1, 2))).mean()


def _mean_over_images_left(scores, truth):
    logs, labelled = _logs_of_truth(scores, truth)
    means = -logs.sum(dim=(1, 2)) / labelled.sum(dim=(1, 2))
    return means[labelled.any(dim=2).any(dim=1)].mean()


def _sum_by_images(scores, truth):
    return -_logs_of_truth(scores, truth)[0].sum() / len(scores)


def _mean_over_classes(scores, truth):
    logs, _labelled = _logs_of_truth(scores, truth)
    classes = [k for k in truth.unique().tolist() if k != VOID]
    return torch.stack([-logs[truth == k].mean() for k in classes]).mean()


def _divided_by_classes(scores, truth):
    return _right(scores, truth) / scores.shape[1]


def _all_elements(scores, truth):
    return -(_one_hot(scores, truth) * scores.log_softmax(dim=1)).mean()


def _base_two(scores, truth):
    return _right(scores, truth) / math.log(2)


def _base_ten(scores, truth):
    return _right(scores, truth) / math.log(10)


def _no_logarithm(scores, truth):
    return -(_one_hot(scores, truth) * scores.softmax(dim=1)).sum() / (truth != VOID).sum()


def _one_minus_probability(scores, truth):
    return 1 + _no_logarithm(scores, truth)


def _squares(scores, truth):
    errors = (scores.softmax(dim=1) - _one_hot(scores, truth)) ** 2
    return errors.sum(dim=1)[truth != VOID].mean()


def _no_softmax(scores, truth):
    return -(_one_hot(scores, truth) * scores).sum() / (truth != VOID).sum()


def _log_of_scores(scores, truth):
    labelled = truth != VOID
    picked = scores.gather(1, truth.long().where(labelled, 0)[:, None])[:, 0]
    return -picked[labelled].log().mean()


def _two_sided(scores, truth):
    """Binary cross-entropy of every class, as for labels that exclude nothing."""
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        scores, _one_hot(scores, truth), reduction="none"
    )
    return losses.sum(dim=1)[truth != VOID].mean()


def _of_prediction(scores, truth):
    return _right(scores, scores.argmax(dim=1).where(truth != VOID, VOID))


def _each_pixel(scores, truth):
    return -_logs_of_truth(scores, truth)[0]


def _no_gradient(scores, truth):
    return _right(scores, truth).item()


_AXIS = N_(
    "Softmax ran over another axis; the classes are axis 1: at each pixel their probabilities"
    " sum to 1."
)
_VOID_INDEX = N_(
    "You used 255 as the number of a class. It marks void: leave those pixels out before you"
    " look up the probability of the true class."
)
_OVERFLOW = N_(
    "The exponential of a large score is infinite, and inf/inf is nan. Shift the scores of a"
    " pixel by their maximum before you take exponentials."
)
_UNDERFLOW = N_(
    "A probability became 0, and its logarithm minus infinity. Take the logarithm of the"
    " formula on paper first: the exponential in the numerator goes away."
)
_EPSILON = N_(
    "A small number next to the probability hides the zero but changes the loss of every pixel"
    " that is badly wrong. Take the logarithm of the formula on paper first."
)
_IMAGES = N_(
    "You averaged over the images first; the mean runs over all labelled pixels of the batch."
)

MISTAKES = (
    Mistake(
        "no_minus",
        N_(
            "The minus is missing. As the lecture writes it, the sum is a log-likelihood, which"
            " grows as the answers get better; a loss must fall."
        ),
        _no_minus,
    ),
    Mistake(
        "sum",
        N_("That is the sum over the pixels; divide it by the number of labelled ones."),
        _sum,
    ),
    Mistake(
        "sum_no_minus",
        N_(
            "That is the lecture's sum as it stands: a loss needs a minus before it and the"
            " number of labelled pixels under it."
        ),
        _sum_no_minus,
    ),
    Mistake("softmax_over_images", _AXIS, _along(0)),
    Mistake("softmax_over_rows", _AXIS, _along(2)),
    Mistake("softmax_over_columns", _AXIS, _along(3)),
    Mistake(
        "softmax_twice",
        N_("Softmax was taken twice; the second one blurs the probabilities."),
        _softmax_twice,
    ),
    Mistake(
        "void_in_mean",
        N_("You divided by all pixels; void pixels belong neither to the sum nor to n."),
        _void_in_mean,
    ),
    Mistake(
        "void_as_background",
        N_("You took void (255) for background; leave those pixels out."),
        _void_as_background,
    ),
    Mistake(
        "void_as_last",
        N_("You took void (255) for the last class; leave those pixels out."),
        _void_as_last,
    ),
    Mistake("void_as_index", _VOID_INDEX, _void_as_index),
    Mistake("void_in_gather", _VOID_INDEX, _void_in_gather),
    Mistake("overflow", _OVERFLOW, _overflow),
    Mistake("overflow_in_sum", _OVERFLOW, _overflow_in_sum),
    Mistake("overflow_one_hot", _OVERFLOW, _overflow_one_hot),
    Mistake("log_of_zero", _UNDERFLOW, _log_of_zero),
    Mistake("zero_times_infinity", _UNDERFLOW, _zero_times_infinity),
    *(
        Mistake(f"small_number_{power}", _EPSILON, _small_number(10.0**-power))
        for power in range(5, 17)
    ),
    *(Mistake(f"clamped_{power}", _EPSILON, _clamped(10.0**-power)) for power in range(5, 17)),
    Mistake("mean_over_images", _IMAGES, _mean_over_images),
    Mistake("mean_over_images_left", _IMAGES, _mean_over_images_left),
    Mistake(
        "sum_by_images",
        N_("You divided by the number of images; divide by the number of labelled pixels."),
        _sum_by_images,
    ),
    Mistake(
        "mean_over_classes",
        N_("You averaged class by class; the mean runs over pixels, whatever their class."),
        _mean_over_classes,
    ),
    Mistake(
        "divided_by_classes",
        N_("You also divided by the number of classes; divide by labelled pixels alone."),
        _divided_by_classes,
    ),
    Mistake(
        "all_elements",
        N_(
            "You averaged over all N·K·H·W elements; only one class a pixel has a term, so"
            " divide by the labelled pixels."
        ),
        _all_elements,
    ),
    Mistake(
        "base_two", N_("You took the logarithm to base 2; take the natural one."), _base_two
    ),
    Mistake(
        "base_ten", N_("You took the logarithm to base 10; take the natural one."), _base_ten
    ),
    Mistake(
        "no_logarithm",
        N_("The logarithm is missing: that is minus a probability."),
        _no_logarithm,
    ),
    Mistake(
        "one_minus_probability",
        N_("That is one minus the probability of the true class; the loss is minus its log."),
        _one_minus_probability,
    ),
    Mistake(
        "squares",
        N_("Those are squared errors of the probabilities; cross-entropy takes logarithms."),
        _squares,
    ),
    Mistake(
        "no_softmax",
        N_("You took the scores for logarithms of probabilities; softmax makes them so."),
        _no_softmax,
    ),
    Mistake(
        "log_of_scores",
        N_("You took the logarithm of the scores; they are no probabilities before softmax."),
        _log_of_scores,
    ),
    Mistake(
        "two_sided",
        N_("That is a binary cross-entropy for every class; the classes exclude each other."),
        _two_sided,
    ),
    Mistake(
        "of_prediction",
        N_("You took the class with the largest score for the true one; use the truth."),
        _of_prediction,
    ),
    Mistake(
        "each_pixel",
        N_("You returned a loss for each pixel; one number for the batch is wanted."),
        _each_pixel,
    ),
    Mistake(
        "no_gradient",
        N_(
            "The value is right, but it can't be learnt from: no gradient reaches the scores."
            " Stay with tensors, without item(), numpy or detach()."
        ),
        _no_gradient,
    ),
)
