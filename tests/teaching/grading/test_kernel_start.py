"""A kernel that ends before it runs a cell costs the hand-in nothing."""

import json

import nbformat
import pytest

from course_utils.teaching import config
from course_utils.teaching.grading.kit import load_config, make_kit
from course_utils.teaching.grading.worker import Job, grade
from course_utils.teaching.guarded import GuardedExecute, KernelNotStarted
from tests.teaching.grading.class_of import (
    NAME,
    answered,
    course,
    hand_in,
    latest_state,
    scores,
)
from tests.without_sandbox import why_none

pytestmark = pytest.mark.slow  # kernels


@pytest.fixture(scope="module")
def kit(released_course):
    return make_kit(config.load(released_course), NAME, load_config(released_course))


@pytest.fixture
def job(released_course):
    text = nbformat.writes(answered(released_course))
    return Job("anna", {f"{NAME}.ipynb": text.encode()}, sandbox=not why_none())


def kill_the_first(monkeypatch, number):
    """The first kernels are killed as soon as they have been started; how many were started."""
    started, real = [], GuardedExecute.start_new_kernel

    def start(self, **kwargs):
        real(self, **kwargs)
        started.append(self.km)
        if len(started) <= number:
            self.km.provisioner.process.kill()

    monkeypatch.setattr(GuardedExecute, "start_new_kernel", start)
    return started


def test_killed_once_another_is_begun(kit, job, monkeypatch):
    started = kill_the_first(monkeypatch, 1)
    result = grade(kit, job)
    assert (result.state, result.reason) == ("graded", "")
    cells = json.loads(result.notebooks[NAME])["cells"]
    verdicts = [cell["metadata"].get("course", {}).get("verdict") for cell in cells]
    assert [each["passed"] for each in verdicts if each] == [True]  # jaccard, the exercise
    assert len(started) == 2


def test_killed_again_and_again_nothing_is_said_of_the_hand_in(kit, job, monkeypatch):
    started = kill_the_first(monkeypatch, 9)
    with pytest.raises(KernelNotStarted, match="Expected a kernel"):
        grade(kit, job)
    assert len(started) == 2


def test_the_run_stops_and_the_next_one_grades(small_course):
    """A run all of whose kernels are killed as they start, and one without that."""
    hand_in(small_course, "anna", answered(small_course))
    settings = small_course / "nbgrader_config.py"
    whole = settings.read_text()
    settings.write_text(
        whole
        + "\nfrom course_utils.teaching.guarded import GuardedExecute\n"
        + "_start = GuardedExecute.start_new_kernel\n"
        + "def _start_and_kill(self, **kwargs):\n"
        + "    _start(self, **kwargs)\n"
        + "    self.km.provisioner.process.kill()\n"
        + "GuardedExecute.start_new_kernel = _start_and_kill\n"
    )
    done = course(small_course, "grade", NAME, check=False)
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    assert said.count("this machine is at fault: anna's hand-in failed twice") == 1
    assert "Traceback" not in said
    assert latest_state(small_course, "anna") == ("begun", "")
    assert scores(small_course) == {}
    settings.write_text(whole)
    course(small_course, "grade", NAME)
    assert scores(small_course) == {"anna": (3, 2)}
