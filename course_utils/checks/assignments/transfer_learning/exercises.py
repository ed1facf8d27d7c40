"""The exercises of the assignment on transfer learning, in the order of the notebook."""

from course_utils.checks.assignments.transfer_learning import (
    extract_features,
    fine_tune,
    freeze,
    learning_rate_groups,
    linear_probe,
    replace_head,
)

__all__ = ["EXERCISES"]

EXERCISES = tuple(
    module.EXERCISE
    for module in (
        replace_head,
        freeze,
        extract_features,
        linear_probe,
        learning_rate_groups,
        fine_tune,
    )
)
