"""The exercises of the assignment on metrics and loss, in the order of the notebook."""

from course_utils.checks.assignments.metrics_and_loss import jaccard

__all__ = ["EXERCISES"]

EXERCISES = (jaccard.EXERCISE,)
