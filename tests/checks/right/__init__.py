"""Right solutions of every assignment, a module each, called as the assignment is.

RIGHT: exercise -> at least three functions, written differently. EQUIVALENT: changes of the
model answers that change no answer, as (exercise, text, text of the mutant). MUTATED: the
exercises whose model answers are mutated; all that judge by a model, if left out.
"""

from importlib import import_module

from course_utils.checks.exercise import Exercise, assignment, assignments

__all__ = ["ASSIGNMENTS", "EXERCISES", "of"]

ASSIGNMENTS = {name: assignment(name) for name in assignments()}
EXERCISES: list[tuple[str, Exercise]] = [
    (name, exercise) for name, known in ASSIGNMENTS.items() for exercise in known.values()
]


def of(name: str):
    """The module with the right solutions of an assignment."""
    return import_module(f"{__name__}.{name}")
