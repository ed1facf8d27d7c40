"""Wrong ways to Jaccard's measure that students go, and the sentence for each."""

import torch

from course_utils.checks.assignments.metrics_and_loss.maps import VOID
from course_utils.checks.exercise import Mistake
from course_utils.i18n import N_

__all__ = ["MISTAKES"]


def _tallies(predicted, truth, num_classes, labelled):
    """Pixels of each class: right, true, predicted; over the pixels chosen."""
    both, true, guess = [], [], []
    for k in range(num_classes):
        t, p = (truth == k) & labelled, (predicted == k) & labelled
        both.append((t & p).sum())
        true.append(t.sum())
        guess.append(p.sum())
    return [torch.stack(tally).double() for tally in (both, true, guess)]


def _counted(predicted, truth, num_classes):
    return _tallies(predicted, truth, num_classes, truth != VOID)


def _right(predicted, truth, num_classes):
    both, true, guess = _counted(predicted, truth, num_classes)
    return both / (true + guess - both)


def _dice(predicted, truth, num_classes):
    both, true, guess = _counted(predicted, truth, num_classes)
    return 2 * both / (true + guess)


def _sum_for_union(predicted, truth, num_classes):
    both, true, guess = _counted(predicted, truth, num_classes)
    return both / (true + guess)


def _recall(predicted, truth, num_classes):
    both, true, _guess = _counted(predicted, truth, num_classes)
    return both / true


def _precision(predicted, truth, num_classes):
    both, _true, guess = _counted(predicted, truth, num_classes)
    return both / guess


def _micro(predicted, truth, num_classes):
    both, true, guess = _counted(predicted, truth, num_classes)
    one = both.sum() / (true + guess - both).sum()
    return one.repeat(num_classes)


def _of_all_pixels(predicted, truth, num_classes):
    both, _true, _guess = _counted(predicted, truth, num_classes)
    return both / (truth != VOID).sum()


def _accuracy_of_class(predicted, truth, num_classes):
    labelled = truth != VOID
    agree = [((predicted == k) == (truth == k))[labelled] for k in range(num_classes)]
    return torch.stack([pixels.double().mean() for pixels in agree])


def _images(predicted, truth, num_classes):
    pairs = zip(predicted.split(1), truth.split(1), strict=True)
    return torch.stack([_right(p, t, num_classes) for p, t in pairs])


def _mean_over_images(predicted, truth, num_classes):
    return _images(predicted, truth, num_classes).nanmean(dim=0)


def _mean_over_images_with_nan(predicted, truth, num_classes):
    return _images(predicted, truth, num_classes).mean(dim=0)


def _mean_over_images_with_zero(predicted, truth, num_classes):
    return _images(predicted, truth, num_classes).nan_to_num(0).mean(dim=0)


def _void_as_background(predicted, truth, num_classes):
    return _right(predicted, truth.where(truth != VOID, 0), num_classes)


def _void_in_union(predicted, truth, num_classes):
    everywhere = torch.ones_like(truth, dtype=torch.bool)
    both, true, guess = _tallies(predicted, truth, num_classes, everywhere)
    return both / (true + guess - both)


def _void_as_right(predicted, truth, num_classes):
    return _right(predicted, truth.where(truth != VOID, predicted.to(truth.dtype)), num_classes)


def _void_as_index(predicted, truth, num_classes):
    counts = torch.zeros(num_classes, num_classes).double()
    for t, p in zip(truth.flatten().tolist(), predicted.flatten().tolist(), strict=True):
        counts[t, p] += 1
    both = counts.diagonal()
    return both / (counts.sum(0) + counts.sum(1) - both)


def _void_in_one_hot(predicted, truth, num_classes):
    t = torch.nn.functional.one_hot(truth.long(), num_classes).bool()
    p = torch.nn.functional.one_hot(predicted.long(), num_classes).bool()
    return (t & p).sum((0, 1, 2)) / (t | p).sum((0, 1, 2))


def _absent_zero(predicted, truth, num_classes):
    return _right(predicted, truth, num_classes).nan_to_num(0)


def _absent_one(predicted, truth, num_classes):
    return _right(predicted, truth, num_classes).nan_to_num(1)


def _absent_dropped(predicted, truth, num_classes):
    values = _right(predicted, truth, num_classes)
    return values[~values.isnan()]


def _only_classes_of_truth(predicted, truth, num_classes):
    _both, true, _guess = _counted(predicted, truth, num_classes)
    return _right(predicted, truth, num_classes).where(true > 0, torch.nan)


def _only_classes_predicted(predicted, truth, num_classes):
    _both, _true, guess = _counted(predicted, truth, num_classes)
    return _right(predicted, truth, num_classes).where(guess > 0, torch.nan)


def _mean_of_classes(predicted, truth, num_classes):
    return _right(predicted, truth, num_classes).nanmean()


def _background_left_out(predicted, truth, num_classes):
    return _right(predicted, truth, num_classes)[1:]


def _narrow_dtype(predicted, truth, num_classes):
    labelled = truth != VOID
    cells = (truth[labelled] * num_classes + predicted[labelled]).long()
    counts = torch.bincount(cells, minlength=num_classes**2)[: num_classes**2]
    counts = counts.reshape(num_classes, num_classes).double()
    both = counts.diagonal()
    return both / (counts.sum(0) + counts.sum(1) - both)


def _distance(predicted, truth, num_classes):
    return 1 - _right(predicted, truth, num_classes)


_IMAGES = N_(
    "You averaged over the images; the lecture counts the pixels of all images together and "
    "divides once."
)
_VOID_INDEX = N_(
    "You used 255 as the number of a class. It marks void: leave those pixels out before you "
    "count."
)

MISTAKES = (
    Mistake(
        "dice",
        N_("That is Dice's coefficient, 2·|A∩B| / (|A|+|B|), not Jaccard's measure."),
        _dice,
        N_("Jaccard divides by the union, in which a pixel found right counts once."),
    ),
    Mistake(
        "sum_for_union",
        N_("You divided by the sum of both areas; in the union the common pixels count once."),
        _sum_for_union,
    ),
    Mistake(
        "recall",
        N_("You divided by the true pixels of the class alone: that is recall, not Jaccard."),
        _recall,
    ),
    Mistake(
        "precision",
        N_(
            "You divided by the predicted pixels of the class alone: that is precision, not"
            " Jaccard."
        ),
        _precision,
    ),
    Mistake(
        "micro",
        N_("You added the classes up and divided once; the lecture divides class by class."),
        _micro,
    ),
    Mistake(
        "of_all_pixels",
        N_("You divided by the number of all pixels, not by the union of the class."),
        _of_all_pixels,
    ),
    Mistake(
        "accuracy_of_class",
        N_(
            "That is the accuracy of “this class or not”; pixels without the class on "
            "either side belong to no union."
        ),
        _accuracy_of_class,
    ),
    Mistake("mean_over_images", _IMAGES, _mean_over_images),
    Mistake("mean_over_images_with_nan", _IMAGES, _mean_over_images_with_nan),
    Mistake("mean_over_images_with_zero", _IMAGES, _mean_over_images_with_zero),
    Mistake(
        "void_as_background",
        N_(
            "You counted void (255) as background; nobody labelled these pixels, leave them"
            " out."
        ),
        _void_as_background,
    ),
    Mistake(
        "void_in_union",
        N_(
            "What is predicted on void pixels went into the union; leave the void pixels of"
            " the truth out of the prediction too."
        ),
        _void_in_union,
    ),
    Mistake(
        "void_as_right",
        N_("You counted void pixels as found right; leave them out of both sums."),
        _void_as_right,
    ),
    Mistake("void_as_index", _VOID_INDEX, _void_as_index),
    Mistake("void_in_one_hot", _VOID_INDEX, _void_in_one_hot),
    Mistake(
        "absent_zero",
        N_(
            "You gave 0 to a class that is neither in the truth nor in the prediction; its "
            "measure is 0/0, so nan."
        ),
        _absent_zero,
    ),
    Mistake(
        "absent_one",
        N_(
            "You gave 1 to a class that is neither in the truth nor in the prediction; its "
            "measure is 0/0, so nan. A small number added to both sums does this too."
        ),
        _absent_one,
    ),
    Mistake(
        "absent_dropped",
        N_(
            "You dropped the absent classes: the answer must hold num_classes numbers, nan "
            "for the absent ones."
        ),
        _absent_dropped,
    ),
    Mistake(
        "only_classes_of_truth",
        N_(
            "You gave nan to a class that is predicted but not there; its measure is 0, for"
            " its union is not empty."
        ),
        _only_classes_of_truth,
    ),
    Mistake(
        "only_classes_predicted",
        N_(
            "You gave nan to a class that is there but never predicted; its measure is 0, "
            "for its union is not empty."
        ),
        _only_classes_predicted,
    ),
    Mistake(
        "mean_of_classes",
        N_("You averaged over the classes; here one number a class is wanted."),
        _mean_of_classes,
    ),
    Mistake(
        "background_left_out",
        N_("You left the background out; label 0 is a class like the others here."),
        _background_left_out,
    ),
    Mistake(
        "narrow_dtype",
        N_(
            "Your arithmetic on uint8 labels went past 255 and started again at 0. Make "
            "them int64 before you compute with them."
        ),
        _narrow_dtype,
    ),
    Mistake(
        "distance",
        N_("That is one minus Jaccard's measure: a distance, not a similarity."),
        _distance,
    ),
)
