"""Right solutions of every assignment, a module each, called as the assignment is.

RIGHT: exercise -> at least three functions, written differently. EQUIVALENT: changes of the
model answers that change no answer, as (exercise, text, text of the mutant). MUTATED: the
exercises whose model answers are mutated; all that judge by a model, if left out.
"""

import os
from importlib import import_module

import pytest

from course_utils.checks.exercise import Exercise, assignment, assignments

__all__ = ["ASSIGNMENTS", "EXERCISES", "every", "of", "secret_seeds"]

ASSIGNMENTS = {name: assignment(name) for name in assignments()}
EXERCISES: list[tuple[str, Exercise]] = [
    (name, exercise) for name, known in ASSIGNMENTS.items() for exercise in known.values()
]

every = pytest.mark.parametrize(
    ("name", "exercise"),
    [pytest.param(name, exercise, id=exercise.name) for name, exercise in EXERCISES],
)

# Their networks, or their pictures, take long: a few seeds in `make test`, as many as for the
# others in `make test-all`.
_SLOW = {
    *("segment", "classify", "which_fire", "fine_tune", "linear_probe", "unet", "dream"),
    *("maximise_class", "freeze", "make_fcn", "context_network", "fuse", "extract_features"),
    *("identity_initialise", "up_convolution", "dilated_convolution", "learning_rate_groups"),
    *("replace_head", "upsample_bilinear", "double_convolution"),
}
_SEEDS, _FEW_SEEDS = 20, 4


def secret_seeds(exercise: Exercise) -> list[int]:
    """Of a hidden test's size."""
    slow = exercise.name in _SLOW and not os.environ.get("COURSE_TEST_ALL")
    return [2**127 + 31 * number for number in range(_FEW_SEEDS if slow else _SEEDS)]


def of(name: str):
    """The module with the right solutions of an assignment."""
    return import_module(f"{__name__}.{name}")
