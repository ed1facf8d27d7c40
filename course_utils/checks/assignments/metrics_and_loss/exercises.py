"""The exercises of the assignment on metrics and loss, in the order of the notebook."""

from course_utils.checks.assignments.metrics_and_loss import (
    cross_entropy,
    jaccard,
    mean_jaccard,
    pixel_accuracy,
    softmax,
    voc_statistics,
)

__all__ = ["EXERCISES"]

EXERCISES = tuple(
    module.EXERCISE
    for module in (
        voc_statistics,
        pixel_accuracy,
        jaccard,
        mean_jaccard,
        softmax,
        cross_entropy,
    )
)
