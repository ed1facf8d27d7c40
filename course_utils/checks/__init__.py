"""Checks of the exercises: what a student runs, and what grading judges outside."""

from course_utils.checks.handing_in import hand_in
from course_utils.checks.notebook import CheckFailed, for_assignment

__all__ = ["CheckFailed", "for_assignment", "hand_in"]
