"""Exercise: the share of pixels found, averaged over the classes."""

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
    """From one small image to a batch with void; each after the first is hard in one way."""
    g = draw(seed, "mean_accuracy")

    def case(title, pair):
        return Case(title, {"predicted": pair[0], "truth": pair[1]})

    two = {(1, 1): between(g, 1, 2), (1, 0): 1, (0, 1): 3}
    void = {(1, 1): 2, (1, 0): 1, (0, 1): between(g, 1, 2), (VOID, 0): 2, (VOID, 1): 2}
    gap = {(2, 2): between(g, 1, 2), (2, 0): 1, (0, 2): 2}
    return [
        case(N_("one image, two classes"), maps(g, two, (1, 3, 4))),
        case(N_("a class that is nowhere"), maps(g, gap, (1, 3, 4))),
        case(N_("void pixels"), maps(g, void, (1, 3, 5))),
        case(N_("a batch with void"), random_maps(g, (3, 16, 20), 6, void=0.1)),
    ]


def _found(predicted, truth):
    """Of each class in the truth: the share of its pixels that are found."""
    return {
        k: (predicted == k)[truth == k].double().mean().item()
        for k in truth.unique().tolist()
        if k != VOID
    }


def _pixel_accuracy(predicted, truth):
    return (predicted == truth)[truth != VOID].double().mean().item()


def _precision(predicted, truth):
    labelled = truth != VOID
    return sum(_found(truth[labelled], predicted[labelled]).values()) / len(
        predicted[labelled].unique()
    )


def _absent_classes_count(predicted, truth):
    return sum(_found(predicted, truth).values()) / (max(_found(predicted, truth)) + 1)


def _background_left_out(predicted, truth):
    shares = [share for k, share in _found(predicted, truth).items() if k != 0]
    return sum(shares) / len(shares)


def _void_as_a_class(predicted, truth):
    return sum(_found(predicted, truth).values()) / len(truth.unique())


def _percent(predicted, truth):
    found = _found(predicted, truth).values()
    return 100 * sum(found) / len(found)


EXERCISE = Exercise(
    name="mean_accuracy",
    function="mean_accuracy",
    parameters=("predicted", "truth"),
    cases=cases,
    model="course_utils.checks.assignments.metrics_and_loss.model_answers:mean_accuracy",
    compare=compare_with(scalar),
    picture=truth_and_prediction,
    banned=(METRIC_LIBRARIES,),
    mistakes=(
        Mistake(
            "pixel_accuracy",
            N_("That is the share of all pixels; first take it in each class, then average."),
            _pixel_accuracy,
        ),
        Mistake(
            "precision",
            N_("You divided by the pixels predicted as the class; divide by the true ones."),
            _precision,
        ),
        Mistake(
            "absent_classes_count",
            N_("You counted a class that the truth does not hold as found nowhere."),
            _absent_classes_count,
        ),
        Mistake(
            "background_left_out",
            N_("You left the background out; label 0 is a class like the others."),
            _background_left_out,
        ),
        Mistake(
            "void_as_a_class",
            N_("You averaged over void (255) as well; it is no class."),
            _void_as_a_class,
        ),
        Mistake("percent", N_("That is in percent; a share from 0 to 1 is wanted."), _percent),
    ),
)
