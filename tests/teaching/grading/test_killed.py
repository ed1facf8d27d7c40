"""A run killed at any moment and started again ends in the gradebook of an undisturbed one."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.teaching.grading.class_of import DICE, NAME, answered, course, gradebook, hand_in
from tests.without_sandbox import grade_options

pytestmark = pytest.mark.slow  # whole runs

ALL = bool(os.environ.get("COURSE_TEST_ALL"))
MOMENTS = 20 if ALL else 2
EXIT = "import os\nos._exit(0)"


@pytest.fixture(scope="module")
def undisturbed(released_course, tmp_path_factory):
    """(the course with a class, its gradebook after a run that nothing disturbed, seconds)."""
    root = tmp_path_factory.mktemp("undisturbed") / "course"
    shutil.copytree(released_course, root)
    answers = {
        "anna": answered(root, essay="Because."),
        "oleg": answered(root, "ru", DICE),
        "vera": "no notebook",
        "ilya": answered(root, twice=EXIT),
        "yulia": answered(root, "ru"),
        "denis": answered(root, jaccard=None),
    }
    for student, content in answers.items():
        hand_in(root, student, content)
    clean = root.parent / "clean"
    shutil.copytree(root, clean)
    began = time.monotonic()
    course(root, "grade", NAME, "-q")
    return clean, gradebook(root), time.monotonic() - began


def below(process):
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def started(root):
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "course_utils.teaching.cli"),
            *("grade", NAME, "-q", *grade_options()),
        ],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_the_program_killed_at_a_random_moment(undisturbed, tmp_path, seed):
    clean, expected, seconds = undisturbed
    root = tmp_path / "course"
    shutil.copytree(clean, root)
    draw = random.Random(seed)
    with started(root) as process:
        time.sleep(draw.uniform(0.3, 1.0) * seconds)
        family = below(psutil.Process(process.pid)) if process.poll() is None else []
        process.send_signal(signal.SIGKILL)
    _gone, alive = psutil.wait_procs(family, timeout=20)
    assert not alive, [child.cmdline() for child in alive]
    course(root, "grade", NAME, "-q")
    assert gradebook(root) == expected


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_a_child_killed_at_a_random_moment(undisturbed, tmp_path, seed):
    """Any process of the run: the run itself goes on, or the next one does."""
    clean, expected, seconds = undisturbed
    root = tmp_path / "course"
    shutil.copytree(clean, root)
    draw = random.Random(100 + seed)
    with started(root) as process:
        time.sleep(draw.uniform(0.4, 1.0) * seconds)
        family = below(psutil.Process(process.pid)) if process.poll() is None else []
        if family:
            draw.choice(family).kill()  # a worker, a kernel, a sandbox, what forks them
        process.wait(timeout=240)
    course(root, "grade", NAME, "-q")
    assert gradebook(root) == expected
