"""Right solutions pass, however they are written: on visible and on secret seeds."""

import pytest
import torch

from course_utils.checks import grading, kernel
from course_utils.checks.compare import tensor
from course_utils.checks.notebook import examine
from tests.checks.right import ASSIGNMENTS, EXERCISES, of
from tests.checks.right.metrics_and_loss import softmax_by_logsumexp

SECRET = [2**127 + 31 * number for number in range(20)]
PAIRS = [
    pytest.param(name, exercise, solution, id=f"{exercise.name}-{solution.__name__}")
    for name, exercise in EXERCISES
    for solution in of(name).RIGHT.get(exercise.name, ())
]


@pytest.fixture
def ready(exercise, solution):
    """The solution, its network trained: a student's is trained in a cell, not in a check."""
    if exercise.function in ("segment", "classify"):
        solution(exercise.cases(0)[0].inputs["images"].float() / 255)
    return solution


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_exercise_has_three_right_solutions(name):
    found = of(name).RIGHT
    assert set(found) == set(ASSIGNMENTS[name])
    assert min(len(set(solutions)) for solutions in found.values()) >= 3


@pytest.mark.parametrize(("name", "exercise", "solution"), PAIRS)
def test_a_right_solution_passes_on_twenty_secret_seeds(name, exercise, ready):
    for seed in SECRET:
        request = grading.make_request(name, exercise.name, seed)
        reply = kernel.reply(request, {exercise.function: ready})
        verdict = grading.judge(name, exercise.name, seed, reply, [])
        assert verdict.passed, f"seed {seed}: {verdict.text()}"


@pytest.mark.parametrize(("name", "exercise", "solution"), PAIRS)
def test_a_right_solution_passes_the_students_check(name, exercise, ready):
    verdict = examine(exercise, ready)
    assert verdict.passed, verdict.text()


def test_a_right_solution_in_float32_keeps_its_points_with_the_smallest_of_probabilities():
    """Where softmax is about 1e-5, rounding in float32 stays within the tolerance."""
    scores = torch.tensor([0.0, 11.5]).reshape(1, 2, 1, 1)
    exact = scores.double().softmax(dim=1)
    assert tensor(exact, softmax_by_logsumexp(scores)) is None
