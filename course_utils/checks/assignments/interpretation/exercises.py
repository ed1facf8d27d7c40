"""The exercises of the assignment on interpretation, in the order of the notebook."""

from course_utils.checks.assignments.interpretation import (
    best_patches,
    dream,
    maximise_class,
    receptive_field,
    unit_box,
    which_fire,
)

__all__ = ["EXERCISES"]

EXERCISES = tuple(
    module.EXERCISE
    for module in (receptive_field, unit_box, best_patches, maximise_class, dream, which_fire)
)
