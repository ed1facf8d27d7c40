"""Exercise: the share of pixels labelled right."""

import torch

from course_utils.checks.assignments.metrics_and_loss.jaccard import METRIC_LIBRARIES
from course_utils.checks.assignments.metrics_and_loss.maps import (
    VOID,
    between,
    maps,
    random_maps,
)
from course_utils.checks.assignments.metrics_and_loss.pictures import truth_and_prediction
from course_utils.checks.compare import compare_with, scalar
from course_utils.checks.exercise import Case, Exercise, Mistake, draw
from course_utils.i18n import N_

__all__ = ["EXERCISE"]


def cases(seed: int) -> list[Case]:
    """From one small image to a batch with void."""
    g = draw(seed, "pixel_accuracy")

    def case(title, pair, strided=()):
        return Case(title, {"predicted": pair[0], "truth": pair[1]}, strided)

    two = {(1, 1): between(g, 2, 3), (1, 0): 1, (0, 1): between(g, 2, 3)}
    four = {(1, 1): 2, (2, 2): between(g, 2, 3), (3, 3): 1, (0, 1): 2, (2, 1): 3, (3, 0): 1}
    void = {(1, 1): between(g, 2, 3), (1, 0): 1, (0, 1): 2, (VOID, 0): 2, (VOID, 1): 3}
    good = {(1, 1): between(g, 2, 3), (0, 1): 1, (VOID, 1): 4, (VOID, 0): 1}
    poor = {(1, 1): 1, (1, 0): between(g, 3, 4), (0, 1): 2}
    halves = maps(g, good, (1, 3, 4)), maps(g, poor, (1, 3, 4))
    pair = tuple(torch.cat(both) for both in zip(*halves, strict=True))
    narrow = tuple(m.to(torch.uint8) for m in random_maps(g, (1, 12, 30), 21, void=0.1))
    return [
        case(N_("one image, two classes"), maps(g, two, (1, 3, 4))),
        case(N_("one image, four classes"), maps(g, four, (1, 4, 5))),
        case(N_("void pixels"), maps(g, void, (1, 3, 4))),
        case(N_("two images, void in one of them"), pair),
        case(N_("labels of type uint8"), narrow),
        case(
            N_("tensors that are not contiguous in memory"),
            random_maps(g, (2, 5, 6), 5, void=0.2),
            ("predicted", "truth"),
        ),
        case(N_("a batch with void"), random_maps(g, (3, 16, 20), 6, void=0.1)),
    ]


def _share(predicted, truth, counted):
    return (predicted == truth)[counted].double().mean().item()


def _right(predicted, truth):
    return _share(predicted, truth, truth != VOID)


def _void_counted(predicted, truth):
    return (predicted == truth).double().mean().item()


def _void_as_background(predicted, truth):
    return (predicted == truth.where(truth != VOID, 0)).double().mean().item()


def _void_as_right(predicted, truth):
    return ((predicted == truth) | (truth == VOID)).double().mean().item()


def _mean_over_images(predicted, truth):
    shares = [_right(p, t) for p, t in zip(predicted, truth, strict=True)]
    return sum(shares) / len(shares)


def _error_rate(predicted, truth):
    return 1 - _right(predicted, truth)


def _percent(predicted, truth):
    return 100 * _right(predicted, truth)


def _number(predicted, truth):
    return int(((predicted == truth) & (truth != VOID)).sum())


def _mean_over_classes(predicted, truth):
    classes = [k for k in truth.unique().tolist() if k != VOID]
    return sum(_share(predicted, truth, truth == k) for k in classes) / len(classes)


def _background_left_out(predicted, truth):
    return _share(predicted, truth, (truth != VOID) & (truth != 0))


def _whole_division(predicted, truth):
    labelled = truth != VOID
    return int((predicted == truth)[labelled].sum()) // int(labelled.sum())


def _each_pixel(predicted, truth):
    return (predicted == truth).double()


EXERCISE = Exercise(
    name="pixel_accuracy",
    function="pixel_accuracy",
    parameters=("predicted", "truth"),
    cases=cases,
    model="course_utils.checks.assignments.metrics_and_loss.model_answers:pixel_accuracy",
    compare=compare_with(scalar),
    picture=truth_and_prediction,
    banned=(METRIC_LIBRARIES,),
    mistakes=(
        Mistake(
            "void_counted",
            N_("You divided by all pixels; void pixels (255) belong to neither sum, nor to n."),
            _void_counted,
        ),
        Mistake(
            "void_as_background",
            N_("You took void (255) for background; nobody knows what those pixels are."),
            _void_as_background,
        ),
        Mistake(
            "void_as_right",
            N_("You counted void pixels as found right; leave them out of both numbers."),
            _void_as_right,
        ),
        Mistake(
            "mean_over_images",
            N_(
                "You averaged the shares of the images; divide all right pixels by all labelled"
                " pixels once."
            ),
            _mean_over_images,
        ),
        Mistake(
            "error_rate",
            N_("That is the share of wrong pixels, not of right ones."),
            _error_rate,
        ),
        Mistake("percent", N_("That is in percent; a share from 0 to 1 is wanted."), _percent),
        Mistake(
            "number",
            N_("That is the number of right pixels; divide it by the number of labelled ones."),
            _number,
        ),
        Mistake(
            "mean_over_classes",
            N_("You averaged over the classes; the lecture's sum runs over pixels."),
            _mean_over_classes,
        ),
        Mistake(
            "background_left_out",
            N_("You left the background out; label 0 is a class like the others."),
            _background_left_out,
        ),
        Mistake(
            "whole_division",
            N_("Whole-number division (//) cut the share off to 0; divide with /."),
            _whole_division,
        ),
        Mistake(
            "each_pixel",
            N_("You returned right or wrong for each pixel; one number for all is wanted."),
            _each_pixel,
        ),
    ),
)
