"""In a folder with a course_utils of its own, as a clone has: one package does all, or none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import course_utils
from tests.bare.planted import MARKS, NAME, course, hand_in_class, marks
from tests.teaching.grading.class_of import answered, hand_in
from tests.without_sandbox import grade_options

pytestmark = pytest.mark.slow  # workers with torch, kernels
OURS = Path(course_utils.__file__).resolve().parent
WEIGHTS = """
def twice(x):
    from course_utils.data.small_net import small_net

    small_net()
    return 2 * x
"""


@pytest.fixture
def clone(small_course):
    """The course's folder with a copy of the package in it; one hand-in takes its weights."""
    shutil.copytree(OURS, small_course / "course_utils")
    hand_in_class(small_course)
    hand_in(small_course, "anna", answered(small_course, twice=WEIGHTS))
    return small_course


def run(folder, *words):
    return subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=200
    )


def both_are_named(text, clone):
    text = " ".join(text.split())
    return str(OURS) in text and str(clone.resolve() / "course_utils") in text


def test_the_command_uses_its_own_everywhere_and_says_so(clone):
    done = course(clone, "grade", NAME, *grade_options())
    assert (done.returncode, marks(clone)) == (0, MARKS), done.stderr
    assert both_are_named(done.stderr, clone)
    assert "is not used" in done.stderr


@pytest.mark.parametrize("command", ["grade", "demo"])
def test_run_as_a_module_there_it_refuses_at_the_start_and_names_both(clone, command):
    done = run(clone, "-m", "course_utils.teaching.cli", command, NAME)
    assert done.returncode == 1
    assert "Expected one course_utils" in done.stderr
    assert both_are_named(done.stderr, clone)
    assert not (clone / "autograded").exists()
    assert not (clone / "demo").exists()


def test_nbgrader_refuses_there_before_the_first_hand_in(clone):
    done = run(clone, "-m", "nbgrader", "autograde", NAME)
    assert done.returncode == 1
    assert both_are_named(done.stdout + done.stderr, clone)
    assert "Traceback" not in done.stdout + done.stderr
    assert not (clone / "autograded").exists()


def test_a_package_that_only_this_process_finds_is_no_package_for_kernels(clone, tmp_path):
    """As where it was never installed and PYTHONPATH names it."""
    alone = tmp_path / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", alone], check=True)
    code = "from course_utils.teaching.programs import require_one_package as r; r()"
    done = subprocess.run(
        [alone / "bin" / "python", "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": _paths_with(clone)},
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert "CourseError: Expected one course_utils" in done.stderr
    assert "and none there" in done.stderr


def _paths_with(clone) -> str:
    return os.pathsep.join(
        [str(clone), *(path for path in sys.path if "site-packages" in path)]
    )
