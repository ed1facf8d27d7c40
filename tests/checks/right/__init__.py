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

# Seeds of hidden cases: 20, and in `make test` as many of them as take a second or two. What
# other seeds have found so far was two mistakes that give one number (level_sizes): it can
# happen where answers are few small numbers, and there all 20 stay.
_SEEDS = 20
_FEWER = {
    6: {
        *("dilated_convolution", "upsample_bilinear", "dense_to_convolution", "voc_statistics"),
        *("jaccard", "mean_jaccard", "cross_entropy", "crop_and_copy", "double_convolution"),
    },
    1: {"segment"},  # each right answer's margin over five seeds stands in docs/margins.md
    2: {
        *("which_fire", "fine_tune", "linear_probe", "unet", "dream"),
        *("maximise_class", "freeze", "make_fcn", "context_network", "fuse"),
        *("identity_initialise", "up_convolution", "learning_rate_groups", "replace_head"),
        "extract_features",
    },
}


def secret_seeds(exercise: Exercise) -> list[int]:
    """Of a hidden test's size."""
    number = next((n for n, names in _FEWER.items() if exercise.name in names), _SEEDS)
    if os.environ.get("COURSE_TEST_ALL"):
        number = _SEEDS
    return [2**127 + 31 * count for count in range(number)]


def of(name: str):
    """The module with the right solutions of an assignment."""
    return import_module(f"{__name__}.{name}")
