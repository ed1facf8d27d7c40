"""Honest students in one class, both languages: full marks, and nothing to look at."""

import shutil

import pytest

from course_utils.teaching.class_table import class_rows
from tests.once import made_once
from tests.teaching.attacks.honest import HONEST, ORDINARY
from tests.teaching.attacks.notebooks import by_grade_id
from tests.teaching.attacks.the_class import Graded
from tests.teaching.grading.class_of import NAME, course, gradebook, hand_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graded(attacked_course, tmp_path_factory):
    return made_once(
        tmp_path_factory, "ten_honest", lambda root: _graded(attacked_course, root)
    )


def _graded(released, root):
    shutil.copytree(released, root)
    for student, make in HONEST.items():
        hand_in(root, student, make(root))
    for student, (make, _points, _words) in ORDINARY.items():
        hand_in(root, student, make(root))
    done = course(root, "grade", NAME, "-q", "--jobs", "2", check=False)
    rows = {row.student: row for row in class_rows(root, NAME)}
    return Graded(root, f"{done.returncode}\n{done.stderr}", "", [], rows, gradebook(root))


def verdict(graded, student):
    check = by_grade_id(graded.notebook(student), "jaccard")
    return check.metadata.course.verdict.summary, str(check.outputs)


def test_the_run_ends_well(graded):
    assert graded.log.startswith("0\n"), graded.log[-3000:]


@pytest.mark.parametrize("student", HONEST)
def test_an_honest_student_keeps_full_marks(graded, student):
    exercises = ("jaccard", "own_test", "softmax")
    points = [graded.points(student, exercise) for exercise in exercises]
    assert points == [3, 2, 1], verdict(graded, student)
    assert graded.rows[student].state == "graded", graded.rows[student].reason


@pytest.mark.parametrize("student", HONEST)
def test_nothing_of_an_honest_student_is_to_be_looked_at(graded, student):
    assert graded.notebook(student).metadata.course.look_at == []


@pytest.mark.parametrize("student", HONEST)
def test_no_cell_of_an_honest_student_stops(graded, student):
    outputs = [o for cell in graded.notebook(student).cells for o in cell.get("outputs", ())]
    assert [o.evalue for o in outputs if o.output_type == "error"] == []


@pytest.mark.parametrize("student", ORDINARY)
def test_a_line_that_runs_in_colab_costs_nothing_or_is_told(graded, student):
    _make, points, words = ORDINARY[student]
    summary, shown = verdict(graded, student)
    earned = graded.points(student, "jaccard")
    assert earned in ((0, 3) if points is None else (points,)), (summary, shown)
    assert graded.points(student, "own_test") == 2
    for word in words:
        assert word in summary + shown
