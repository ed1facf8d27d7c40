"""A small course to grade: one exercise with checks, one graded cell of an instructor's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.once import made_once
from tests.teaching.grading.class_of import RIGHT
from tests.without_sandbox import settings

ROOT = Path(__file__).parents[2]
NAME = "metrics_and_loss"

COURSE = """
[course]
repository = "someone/small"
branch = "main"
languages = ["ru", "en"]
[course.title]
ru = "Малый курс"
en = "Small course"
[assignments.metrics_and_loss]
lectures = []
[assignments.metrics_and_loss.title]
ru = "Метрики"
en = "Metrics"
[assignments.metrics_and_loss.points]
jaccard = 3
own_test = 2
essay = 4
"""


def graded_cell(make, name, source, *, solution, points=None, language=None):
    metadata = {
        "grade": points is not None,
        "grade_id": name,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if points is not None:
        metadata["points"] = points
    key = f"cell-{name}"
    return make(source, id=key, metadata={"nbgrader": metadata, "id": key})


def _prose(make, language, source):
    """A text with an id that stays, as the build gives it."""
    key = f"question-{language}"
    return make(source, id=key, metadata={"lang": language, "id": key})


def solution_notebook():
    """jaccard with its check; an exercise that only nbgrader's own tests know; an essay."""
    code, markdown = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    body = RIGHT.strip().split("\n")
    head, rest = body[:3], body[3:]
    marked = ["    ### BEGIN SOLUTION", *rest, "    ### END SOLUTION"]
    hidden = "assert twice(1) == 2\n### BEGIN HIDDEN TESTS\nassert twice(21) == 42, 'secret'\n"
    cells = [
        markdown("# Метрики", metadata={"lang": "ru"}),
        markdown("# Metrics", metadata={"lang": "en"}),
        graded_cell(code, "jaccard-solution", "\n".join([*head, *marked]), solution=True),
        graded_cell(code, "jaccard", 'check("jaccard", jaccard)', solution=False, points=3),
        graded_cell(
            *(code, "own_test-solution"),
            "def twice(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
            solution=True,
        ),
        graded_cell(
            *(code, "own_test", hidden + "### END HIDDEN TESTS"), solution=False, points=2
        ),
        _prose(
            markdown,
            "ru",
            "## 3. Вопрос\nОбъект занимает 5 % кадра.\n\n1. Почему точность высока?",
        ),
        _prose(
            markdown, "en", "## 3. A question\nThe object fills 5%.\n\n1. Why is accuracy high?"
        ),
        graded_cell(markdown, "essay", "A model answer.", solution=True, points=4),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def nbgrader(folder, *command, **environment):
    """Run one of nbgrader's commands; returns the finished process, log in `stdout`."""
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
    )


@pytest.fixture(scope="session")
def released_course(tmp_path_factory):
    """The folder of a course whose assignment is released in both languages. Read it only."""
    return made_once(
        tmp_path_factory, "released", lambda root: release(root, solution_notebook())
    )


def release(root: Path, notebook: nbformat.NotebookNode) -> Path:
    """Make a course in this folder and release its assignment, with solutions, in both
    languages."""
    root.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", root)
    with (root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(settings())
    (root / "course.toml").write_text(COURSE, encoding="utf-8")
    source = root / "solutions" / NAME
    source.mkdir(parents=True)
    nbformat.write(notebook, source / f"{NAME}.ipynb")
    for language in ("en", "ru"):
        done = nbgrader(root, "generate_assignment", NAME, "--force", COURSE_LANGUAGE=language)
        assert done.returncode == 0, done.stdout
    return root


@pytest.fixture
def small_course(released_course, tmp_path):
    """A copy of the released course to work in."""
    root = tmp_path / "course"
    shutil.copytree(released_course, root)
    return root
