"""Released answers that pass their own checks, and those that can't be looked at."""

import nbformat
import pytest

from course_utils.teaching.publish.own_checks import find_passing
from tests.teaching.small_course import REPOSITORY

PATH = "assignments/en/metrics_and_loss/metrics_and_loss.ipynb"
RIGHT = """
def pixel_accuracy(predicted, truth):
    known = truth != 255
    return (predicted[known] == truth[known]).float().mean()
"""


@pytest.fixture
def page():
    return nbformat.read(REPOSITORY / PATH, as_version=4)


def look(page):
    return find_passing({PATH: nbformat.writes(page).encode()})


def solution(page, name):
    (cell,) = [
        cell
        for cell in page.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == f"{name}-solution"
    ]
    return cell


def test_the_blank_release_passes_nothing(page):
    assert look(page) == []


def test_a_right_answer_left_in_the_release_is_found(page):
    solution(page, "pixel_accuracy").source = RIGHT
    (problem,) = look(page)
    assert "pixel_accuracy" in problem
    assert "passes its own check" in problem


def test_a_release_without_an_exercise_is_wrong(page):
    page.cells.remove(solution(page, "softmax"))
    (problem,) = look(page)
    assert "softmax" in problem


def test_a_release_whose_imports_fail_is_wrong(page):
    page.cells.insert(2, nbformat.v4.new_code_cell("import nothing_of_that_name"))
    (problem,) = look(page)
    assert "nothing_of_that_name" in problem
