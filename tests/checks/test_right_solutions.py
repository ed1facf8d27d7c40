"""Right solutions pass, however they are written: on visible and on secret seeds."""

import os

import pytest
import torch

from course_utils.checks import grading, kernel
from course_utils.checks.compare import tensor
from course_utils.checks.notebook import examine
from tests.checks.right import ASSIGNMENTS, every, of, secret_seeds
from tests.checks.right.metrics_and_loss import softmax_by_logsumexp


def right_solutions(name, exercise):
    """They are trained first: a student's network is trained in a cell, not in a check.

    Of segmentations `make test` trains one each; the margins of all stand in docs/margins.md.
    """
    found = of(name).RIGHT.get(exercise.name, ())
    if exercise.function == "segment" and not os.environ.get("COURSE_TEST_ALL"):
        found = found[:1]
    if exercise.function in ("segment", "classify"):
        images = exercise.cases(0)[0].inputs["images"].float() / 255
        for solution in found:
            solution(images)
    return found


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_exercise_has_three_right_solutions(name):
    found = of(name).RIGHT
    assert set(found) == set(ASSIGNMENTS[name])
    assert min(len(set(solutions)) for solutions in found.values()) >= 3


@every
def test_right_solutions_pass_on_secret_seeds(name, exercise):
    solutions = right_solutions(name, exercise)
    for seed in secret_seeds(exercise):
        request = grading.make_request(name, exercise.name, seed)
        for solution in solutions:
            reply = kernel.reply(request, {exercise.function: solution})
            verdict = grading.judge(name, exercise.name, seed, reply, [])
            assert verdict.passed, f"{solution.__name__}, seed {seed}: {verdict.text()}"


@every
def test_right_solutions_pass_the_students_check(name, exercise):
    for solution in right_solutions(name, exercise):
        verdict = examine(exercise, solution)
        assert verdict.passed, f"{solution.__name__}: {verdict.text()}"


def test_a_right_solution_in_float32_keeps_its_points_with_the_smallest_of_probabilities():
    """Where softmax is about 1e-5, rounding in float32 stays within the tolerance."""
    scores = torch.tensor([0.0, 11.5]).reshape(1, 2, 1, 1)
    exact = scores.double().softmax(dim=1)
    assert tensor(exact, softmax_by_logsumexp(scores)) is None
