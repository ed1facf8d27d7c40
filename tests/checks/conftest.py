"""What a catalogued mistake looks like to the student who made it."""

import pytest

from course_utils.checks.judging import Answers, judge
from course_utils.checks.notebook import VISIBLE_SEED


@pytest.fixture(scope="session")
def verdict_of_mistake():
    """(exercise, name of a mistake) -> the verdict in full, as the student's check gives it.

    The wrong solution runs as ours: as a student's it would be banned, for it lies in the
    course's own folder.
    """

    def verdict(exercise, name):
        answers = Answers(exercise, exercise.cases(VISIBLE_SEED))
        mistake = next(m for m in exercise.mistakes if m.name == name)
        got = [answers.of(mistake, index) for index in range(len(answers.cases))]
        return judge(answers, got, hidden=False)

    return verdict
