"""The handbook's worked example, applied to a copy of the course as its page says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.site.conftest import ROOT

EXAMPLE = ROOT / "docs" / "handbook" / "example"
NAME = "metrics_and_loss"
PARTS = ("course_utils", "solutions", "lectures", "tests/checks", "docs")
FILES = ("course.toml", "nbgrader_config.py", "pyproject.toml", "tests/conftest.py")
FILES += ("tests/once.py", "tests/without_sandbox.py")  # what conftest imports
# Not by its own name: that takes the installed package, or refuses.
COURSE = ("-c", "from course_utils.teaching.cli import app; app()")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path}: {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def run(root: Path, *command: str) -> str:
    """Run Python with the copy's package; its output."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A copy of the course in which the steps of docs/handbook/exercise.md are done."""
    root = tmp_path_factory.mktemp("with_a_new_exercise")
    for part in PARTS:
        shutil.copytree(
            ROOT / part,
            root / part,
            ignore=shutil.ignore_patterns("__pycache__", "*.ipynb", "pictures"),
        )
    for file in FILES:
        shutil.copy(ROOT / file, root / file)
    home = root / "course_utils" / "checks" / "assignments" / NAME
    # 1. the specification
    shutil.copy(EXAMPLE / "mean_accuracy.py", home / "mean_accuracy.py")
    edit(
        home / "exercises.py",
        "    jaccard,\n    mean_jaccard,",
        "    jaccard,\n    mean_accuracy,\n    mean_jaccard,",
    )
    edit(
        home / "exercises.py",
        "        cross_entropy,\n    )\n)",
        "        cross_entropy,\n        mean_accuracy,\n    )\n)",
    )
    # 2. the right answer
    with (home / "model_answers.py").open("a", encoding="utf-8") as file:
        file.write("\n\n" + (EXAMPLE / "model_answer.py").read_text(encoding="utf-8"))
    # 3. points
    edit(
        root / "course.toml",
        "mean_jaccard = 2\nsoftmax = 2\ncross_entropy = 3\n",
        "mean_jaccard = 2\nsoftmax = 2\ncross_entropy = 3\nmean_accuracy = 2\n",
    )
    # 4. cells, in front of the last question
    source = root / "solutions" / NAME / f"{NAME}.py"
    cells = (EXAMPLE / "cells.py").read_text(encoding="utf-8")
    question = '# %% [markdown] lang="ru"\n# ## 7. Вопрос'
    edit(source, question, f"{cells}\n{question.replace('7', '8')}")
    edit(source, "# ## 7. A question", "# ## 8. A question")
    # 5. the sentences in Russian
    run(root, "-m", "course_utils.teaching.catalogue", "merge", str(EXAMPLE / "ru.po"))
    # 6. right solutions for the tests
    right = root / "tests" / "checks" / "right" / f"{NAME}.py"
    solutions = (EXAMPLE / "right.py").read_text(encoding="utf-8")
    entry = '    "mean_accuracy": [found_by_loop, found_by_bincount, found_in_numpy],\n'
    edit(right, "RIGHT = {\n", f"{solutions}\n\nRIGHT = {{\n{entry}")
    return root


@pytest.mark.slow
def test_the_worked_example_builds_and_its_checks_hold(course):
    run(course, *COURSE, "build", "messages", NAME)
    for language, title in (("ru", "Доля найденного"), ("en", "What is found")):
        student = course / "assignments" / language / NAME / f"{NAME}.ipynb"
        text = student.read_text(encoding="utf-8")
        assert title in text
        assert 'check(\\"mean_accuracy\\", mean_accuracy)' in text
        assert "classes = [k for k in truth.unique()" not in text  # the solution stays here
    said = run(
        course,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "mean_accuracy"),
        *("tests/checks/test_mistakes.py", "tests/checks/test_right_solutions.py"),
    )
    passed = int(re.search(r"(\d+) passed", said)[1])
    assert passed == 4 + 2  # tests of mistakes; right solutions, hidden and visible


def test_the_page_shows_the_example_as_it_is_tested():
    page = (ROOT / "docs" / "handbook" / "exercise.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\{literalinclude\} (?:/docs/handbook/)?example/(\S+)", page))
    assert shown == {path.name for path in EXAMPLE.iterdir() if path.is_file()}
