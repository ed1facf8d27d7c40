"""Exercise: Jaccard's measure of each class."""

import torch

from course_utils.checks.assignments.metrics_and_loss.jaccard_mistakes import MISTAKES
from course_utils.checks.assignments.metrics_and_loss.maps import (
    VOID,
    between,
    maps,
    random_maps,
)
from course_utils.checks.assignments.metrics_and_loss.pictures import per_class
from course_utils.checks.compare import compare_with, tensor
from course_utils.checks.exercise import Banned, Case, Exercise, draw, ready_made
from course_utils.i18n import N_

__all__ = ["EXERCISE", "METRIC_LIBRARIES"]

METRIC_LIBRARIES = Banned(
    (
        "torchmetrics",
        "ignite.metrics",
        "sklearn.metrics.accuracy_score",
        "sklearn.metrics.balanced_accuracy_score",
        "sklearn.metrics.f1_score",
        "sklearn.metrics.jaccard_score",
        "segmentation_models_pytorch",
        "monai.metrics",
        "evaluate",
        *ready_made("jaccard", __file__),
        *ready_made("pixel_accuracy", __file__),
    ),
    N_("The exercise is to count the pixels yourself: then you know which ones were counted."),
)


def cases(seed: int) -> list[Case]:
    """From one small image to a batch with void."""
    g = draw(seed, "jaccard")

    def case(title, pair, num_classes, strided=()):
        inputs = {"predicted": pair[0], "truth": pair[1], "num_classes": num_classes}
        return Case(title, inputs, strided)

    two = {(1, 1): between(g, 2, 3), (1, 0): 1, (0, 1): between(g, 3, 4)}
    four = {(k, k): between(g, 2, 3) for k in range(1, 4)}
    four |= {(0, 1): 2, (2, 1): 1, (3, 0): 1, (1, 3): 1, (0, 2): 1}
    lost = {(1, 1): between(g, 2, 3), (0, 2): 1, (3, 0): 2, (1, 0): 1, (0, 1): 2}
    absent = {(1, 1): between(g, 1, 2), (3, 3): 2, (3, 1): 1, (0, 3): 2, (1, 0): 1}
    void = {(1, 1): between(g, 2, 3), (1, 0): 1, (0, 1): 2, (2, 2): 2, (2, 1): 1}
    void |= {(VOID, 0): 2, (VOID, 1): 1, (VOID, 2): 3}
    ghost = {(1, 1): between(g, 2, 3), (1, 0): 1, (0, 1): 2, (VOID, 2): 2, (VOID, 1): 1}
    good = maps(g, {(1, 1): between(g, 6, 7), (0, 1): 1, (2, 2): 1, (0, 2): 1}, (1, 3, 4))
    poor = maps(g, {(1, 1): 1, (1, 0): between(g, 1, 2), (2, 2): 3, (2, 0): 2}, (1, 3, 4))
    pair = tuple(torch.cat(halves) for halves in zip(good, poor, strict=True))
    narrow = tuple(m.to(torch.uint8) for m in random_maps(g, (1, 10, 12), 21, right=0.7))
    return [
        case(N_("one image, two classes"), maps(g, two, (1, 3, 4)), 2),
        case(N_("one image, four classes"), maps(g, four, (1, 4, 5)), 4),
        case(
            N_("one class only in the truth, another only in the prediction"),
            maps(g, lost, (1, 3, 4)),
            4,
        ),
        case(N_("a class that is nowhere"), maps(g, absent, (1, 3, 4)), 4),
        case(N_("void pixels"), maps(g, void, (1, 4, 5)), 3),
        case(N_("a class predicted only on void"), maps(g, ghost, (1, 3, 4)), 3),
        case(N_("two images in a batch"), pair, 3),
        case(N_("21 classes, labels of type uint8"), narrow, 21),
        case(
            N_("tensors that are not contiguous in memory"),
            random_maps(g, (2, 5, 6), 5, void=0.2),
            5,
            ("predicted", "truth"),
        ),
        case(N_("a batch with void"), random_maps(g, (3, 16, 20), 6, void=0.1), 8),
    ]


EXERCISE = Exercise(
    name="jaccard",
    function="jaccard",
    parameters=("predicted", "truth", "num_classes"),
    cases=cases,
    model="course_utils.checks.assignments.metrics_and_loss.model_answers:jaccard",
    compare=compare_with(tensor),
    picture=per_class,
    banned=(METRIC_LIBRARIES,),
    mistakes=MISTAKES,
)
