"""Exercise: mean Jaccard over a data set that comes in batches."""

import torch

from course_utils.checks.assignments.metrics_and_loss.jaccard import METRIC_LIBRARIES
from course_utils.checks.assignments.metrics_and_loss.maps import (
    VOID,
    between,
    maps,
    random_maps,
)
from course_utils.checks.assignments.metrics_and_loss.pictures import first_images
from course_utils.checks.compare import compare_with, scalar
from course_utils.checks.exercise import Case, Exercise, Mistake, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From one batch of one image to many batches of unequal size."""
    g = draw(seed, "mean_jaccard")

    def case(title, batches, num_classes, strided=()):
        return Case(title, {"batches": batches, "num_classes": num_classes}, strided)

    def image(pairs, shape=(1, 3, 4)):
        return maps(g, pairs, shape)

    def joined(*pairs):
        return tuple(torch.cat(parts) for parts in zip(*pairs, strict=True))

    one = {(1, 1): between(g, 2, 3), (1, 0): 1, (0, 1): between(g, 3, 4)}
    good = {(1, 1): between(g, 6, 7), (0, 1): 1}
    poor = {(1, 1): 1, (1, 0): between(g, 3, 4), (0, 1): 2}
    fair = {(1, 1): 3, (1, 0): 1, (0, 1): between(g, 1, 2)}
    second = {(2, 2): between(g, 2, 3), (2, 0): 1, (0, 2): 3, (1, 1): 1}
    gap = {(1, 1): between(g, 1, 2), (3, 3): 2, (3, 1): 1, (0, 3): 2, (1, 0): 1}
    void = {(1, 1): 3, (1, 0): 1, (0, 1): 2, (VOID, 0): 2, (VOID, 1): between(g, 2, 3)}
    lost = {(1, 1): 2, (0, 2): 1, (3, 0): between(g, 2, 3), (1, 0): 1, (0, 1): 2}
    narrow = [
        tuple(m.to(torch.uint8) for m in random_maps(g, (n, 6, 10), 21, void=0.1))
        for n in (1, 2)
    ]
    large = [random_maps(g, (n, 8, 12), 6, right=r, void=0.1) for n, r in ((4, 0.9), (1, 0.2))]
    return [
        case(N_("one image, two classes"), [image(one)], 2),
        case(N_("two batches"), [image(good), image(poor)], 2),
        case(
            N_("batches of different size"),
            [joined(image(good), image(fair)), image(poor)],
            2,
        ),
        case(
            N_("one class only in the truth, another only in the prediction"),
            [image(lost)],
            4,
        ),
        case(N_("a class that is in one batch only"), [image(good), image(second)], 3),
        case(N_("a class that is nowhere"), [image(gap), image(good)], 4),
        case(N_("void pixels"), [image(void), image(poor)], 2),
        case(N_("21 classes, labels of type uint8"), narrow, 21),
        case(
            N_("tensors that are not contiguous in memory"),
            [random_maps(g, (2, 5, 6), 5, void=0.2), random_maps(g, (1, 7, 3), 5)],
            5,
            ("batches",),
        ),
        case(N_("many pixels, void, images of different size"), [*large, image(poor)], 8),
    ]


def _sums(predicted, truth, num_classes):
    """(3, K): pixels in both, in the truth, in the prediction; void left out."""
    labelled = truth != VOID
    p, t = predicted[labelled], truth[labelled]
    rows = [((p == k) & (t == k), t == k, p == k) for k in range(num_classes)]
    return torch.tensor([[int(x.sum()) for x in row] for row in rows]).double().T


def _ratio(sums):
    both, true, guess = sums
    return both / (true + guess - both)


def _data_set(batches, num_classes):
    return sum(_sums(p, t, num_classes) for p, t in batches)


def _mean_over_batches(batches, num_classes):
    means = [_ratio(_sums(p, t, num_classes)).nanmean() for p, t in batches]
    return torch.stack(means).mean().item()


def _weighted_by_images(batches, num_classes):
    means = [(len(p), _ratio(_sums(p, t, num_classes)).nanmean()) for p, t in batches]
    return float(sum(n * mean for n, mean in means) / sum(n for n, _mean in means))


def _classes_over_batches(batches, num_classes):
    rows = torch.stack([_ratio(_sums(p, t, num_classes)) for p, t in batches])
    return rows.nanmean(dim=0).nanmean().item()


def _images(batches):
    return [(p[i : i + 1], t[i : i + 1]) for p, t in batches for i in range(len(p))]


def _mean_over_images(batches, num_classes):
    return _mean_over_batches(_images(batches), num_classes)


def _classes_over_images(batches, num_classes):
    return _classes_over_batches(_images(batches), num_classes)


def _absent_zero(batches, num_classes):
    return _ratio(_data_set(batches, num_classes)).nan_to_num(0).mean().item()


def _absent_one(batches, num_classes):
    return _ratio(_data_set(batches, num_classes)).nan_to_num(1).mean().item()


def _nan(batches, num_classes):
    return _ratio(_data_set(batches, num_classes)).mean().item()


def _only_classes_of_truth(batches, num_classes):
    sums = _data_set(batches, num_classes)
    return _ratio(sums)[sums[1] > 0].mean().item()


def _micro(batches, num_classes):
    return _ratio(_data_set(batches, num_classes).sum(dim=1)).item()


def _weighted_by_pixels(batches, num_classes):
    sums = _data_set(batches, num_classes)
    return (_ratio(sums).nan_to_num(0) * sums[1] / sums[1].sum()).sum().item()


def _dice(batches, num_classes):
    both, true, guess = _data_set(batches, num_classes)
    return (2 * both / (true + guess)).nanmean().item()


def _last_batch(batches, num_classes):
    return _ratio(_data_set(batches[-1:], num_classes)).nanmean().item()


def _first_batch(batches, num_classes):
    return _ratio(_data_set(batches[:1], num_classes)).nanmean().item()


def _background_left_out(batches, num_classes):
    return _ratio(_data_set(batches, num_classes))[1:].nanmean().item()


def _void_as_background(batches, num_classes):
    filled = [(p, t.where(t != VOID, 0)) for p, t in batches]
    return _ratio(_data_set(filled, num_classes)).nanmean().item()


def _void_in_union(batches, num_classes):
    sums = _data_set(batches, num_classes)
    for p, t in batches:
        sums[2] += torch.tensor(
            [int(((p == k) & (t == VOID)).sum()) for k in range(num_classes)]
        )
    return _ratio(sums).nanmean().item()


def _not_averaged(batches, num_classes):
    return _ratio(_data_set(batches, num_classes))


_BATCHES = N_(
    "You averaged over the batches; count the pixels of the whole data set first, then divide."
)
_IMAGES = N_(
    "You averaged over the images; count the pixels of the whole data set first, then divide."
)

EXERCISE = Exercise(
    name="mean_jaccard",
    function="mean_jaccard",
    parameters=("batches", "num_classes"),
    cases=cases,
    model="course_utils.checks.assignments.metrics_and_loss.model_answers:mean_jaccard",
    compare=compare_with(scalar),
    picture=first_images,
    banned=(METRIC_LIBRARIES,),
    mistakes=(
        Mistake("mean_over_batches", _BATCHES, _mean_over_batches),
        Mistake("classes_over_batches", _BATCHES, _classes_over_batches),
        Mistake(
            "weighted_by_images",
            N_(
                "You averaged over the batches, weighted by their images; counts must be added,"
                " not shares."
            ),
            _weighted_by_images,
        ),
        Mistake("mean_over_images", _IMAGES, _mean_over_images),
        Mistake("classes_over_images", _IMAGES, _classes_over_images),
        Mistake(
            "absent_zero",
            N_(
                "A class that occurs nowhere went into the mean as 0; leave it out of sum and"
                " number."
            ),
            _absent_zero,
        ),
        Mistake(
            "absent_one",
            N_(
                "A class that occurs nowhere went into the mean as 1; leave it out of sum and"
                " number."
            ),
            _absent_one,
        ),
        Mistake(
            "nan",
            N_("One absent class turned the whole mean into nan; leave such classes out."),
            _nan,
        ),
        Mistake(
            "only_classes_of_truth",
            N_(
                "You left out a class that is predicted but not there; its measure is 0 and"
                " counts."
            ),
            _only_classes_of_truth,
        ),
        Mistake(
            "micro",
            N_("You added the classes up and divided once; first divide class by class."),
            _micro,
        ),
        Mistake(
            "weighted_by_pixels",
            N_("You weighted the classes by their pixels; in this mean all classes are equal."),
            _weighted_by_pixels,
        ),
        Mistake(
            "dice", N_("That is the mean of Dice's coefficients, not of Jaccard's."), _dice
        ),
        Mistake("last_batch", N_("Only the last batch went into your answer."), _last_batch),
        Mistake("first_batch", N_("Only the first batch went into your answer."), _first_batch),
        Mistake(
            "background_left_out",
            N_("You left the background out of the mean; label 0 is a class like the others."),
            _background_left_out,
        ),
        Mistake(
            "void_as_background",
            N_("You counted void (255) as background; leave those pixels out."),
            _void_as_background,
        ),
        Mistake(
            "void_in_union",
            N_(
                "What is predicted on void pixels went into the unions; leave those pixels out"
                " of the prediction too."
            ),
            _void_in_union,
        ),
        Mistake(
            "not_averaged",
            N_("You returned one number a class; their mean is wanted."),
            _not_averaged,
        ),
    ),
)
