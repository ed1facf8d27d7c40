"""Assignments graded by `nbgrader autograde` without any setting of ours.

Beside `test_bare_nbgrader` and not in it: two files run on two cores.
"""

import shutil

import nbformat
import pytest
from nbgrader.api import Gradebook

from tests.teaching.bare_nbgrader import BLANK, GRADED, PATIENT, RELEASED, ROOT, nbgrader

pytestmark = pytest.mark.slow  # real kernels with torch


@pytest.mark.parametrize("name", GRADED)
def test_autograde_gives_the_solution_full_marks_and_the_untouched_one_none(name, tmp_path):
    source = tmp_path / "source" / name
    source.mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / name / f"{name}.ipynb", source)
    nbgrader(tmp_path, "generate_assignment", name)
    solved = nbformat.read(source / f"{name}.ipynb", as_version=4)
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in solved.cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
    }
    for path in (path for path in RELEASED if path.stem == name):
        student, given = ("blank", {}) if path in BLANK else ("right", answers)
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = given.get(grade_id, cell.source)
        folder = tmp_path / "submitted" / student / name
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{name}.ipynb")
    nbgrader(tmp_path, "autograde", PATIENT, name)
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        for submission in book.find_assignment(name).submissions:
            right = submission.student.id == "right"
            for grade in submission.notebooks[0].grades:
                if grade.cell.cell_type == "code":
                    most = grade.max_score if right else 0
                    assert (grade.name, grade.score) == (grade.name, most)
