"""Assignments understood by `nbgrader validate` without any setting of ours."""

import shutil

import nbformat
import pytest

from tests.teaching.bare_nbgrader import (
    BLANK,
    NAMES,
    PATIENT,
    RELEASED,
    ROOT,
    SOLVED,
    UNTOUCHED,
    nbgrader,
)

pytestmark = pytest.mark.slow  # real kernels with torch


def test_there_is_something_to_try():
    assert NAMES
    assert {path.stem for path in BLANK} == {path.stem for path in RELEASED} == set(NAMES)
    assert SOLVED
    assert UNTOUCHED


@pytest.mark.parametrize("name", SOLVED)
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
