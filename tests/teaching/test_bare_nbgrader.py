"""Every assignment understood by nbgrader without any setting of ours.

But for the seconds that a cell may take: nbgrader's 30 are too few for one that trains
a network on a machine that does other things too.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

pytestmark = pytest.mark.slow  # real kernels with torch

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in ROOT.glob("solutions/*/*.ipynb"))
PATIENT = "--Execute.timeout=300"
RELEASED = sorted(ROOT.glob("assignments/*/*/*.ipynb"))
# Each assignment in one of its languages; the other one is handed in with right answers.
BLANK = RELEASED[: len(NAMES) : 2] + RELEASED[len(NAMES) + 1 :: 2]
UNTOUCHED = RELEASED if os.environ.get("COURSE_TEST_ALL") else BLANK


def nbgrader(folder, *command):
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def test_there_is_something_to_try():
    assert NAMES
    assert {path.stem for path in BLANK} == {path.stem for path in RELEASED} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_validate_passes_the_solution(name, tmp_path):
    shutil.copy(ROOT / "solutions" / name / f"{name}.ipynb", tmp_path)
    assert "Success! Your notebook passes all the tests." in nbgrader(
        tmp_path, "validate", PATIENT, f"{name}.ipynb"
    )


@pytest.mark.parametrize("path", UNTOUCHED, ids=lambda path: "-".join(path.parts[-3:-1]))
def test_validate_fails_every_check_of_an_untouched_assignment(path, tmp_path):
    shutil.copy(path, tmp_path)
    said = nbgrader(tmp_path, "validate", PATIENT, path.name)
    cells = nbformat.read(path, as_version=4).cells
    graded = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert f"VALIDATION FAILED ON {len(graded)} CELL(S)" in said  # the essay is one of them
    assert all(cell.source in said for cell in graded)
    assert "Traceback" not in said


@pytest.mark.parametrize("name", NAMES)
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
