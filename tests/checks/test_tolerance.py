"""Answers that a search finds are compared, and mistakes recognised, to within a tolerance."""

from dataclasses import replace

import pytest
import torch

from course_utils.checks.compare import alike, compare_with, near
from course_utils.checks.exercise import Case, Exercise, Mistake
from course_utils.checks.judging import Answers, judge, observe
from course_utils.checks.probing import Observation

NUMBERS = torch.tensor([1.0, 2.0])


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        (NUMBERS + 0.009, None),
        (NUMBERS + torch.tensor([0.0, 0.02]), "value"),
        (torch.tensor([1.0, float("nan")]), "nan"),
        (NUMBERS[:1], "shape"),
        (torch.tensor([1, 2]), "dtype"),
        ([1.0, 2.0], "type"),
    ],
)
def test_numbers_may_be_near_but_nothing_else_is_forgiven(got, kind):
    difference = near(0.01)(NUMBERS, got)
    assert (difference and difference.kind) == kind


def test_answers_are_alike_within_the_tolerance_down_to_the_last_list():
    def seen(shift):
        deep = {"a": [NUMBERS + shift, 3.0 + shift], "b": "text"}
        return Observation(answer=deep)

    assert not alike(seen(0), seen(0.004))
    assert alike(seen(0), seen(0.004), tolerance=0.005)
    assert not alike(seen(0), seen(0.006), tolerance=0.005)
    assert not alike(seen(0), Observation(answer={"a": [NUMBERS], "b": "text"}), tolerance=1)


def test_a_mistake_found_by_another_search_is_named_only_with_a_tolerance():
    exercise = Exercise(
        name="double",
        function="double",
        parameters=("x",),
        cases=lambda seed: [Case("numbers", {"x": NUMBERS})],
        model="tests.checks.test_tolerance:double",
        compare=compare_with(near(0.01)),
        mistakes=(Mistake("tripled", "it is tripled", lambda x: 3 * x),),
    )

    def verdict(exercise):
        answers = Answers(exercise, exercise.cases(0))
        got = observe(exercise, lambda x: 3 * x + 0.004, answers.cases)
        return judge(answers, got, hidden=True)

    assert verdict(exercise).mistake is None
    assert verdict(replace(exercise, tolerance=0.005)).mistake == "tripled"


def double(x):
    return 2 * x
