"""A kernel that answers nothing holds no worker for long."""

import json

import nbformat
import pytest
from traitlets.config import Config

from course_utils.teaching import config
from course_utils.teaching.grading.kit import load_config, make_kit
from course_utils.teaching.grading.worker import Job, grade
from course_utils.teaching.guarded import GuardedExecute
from course_utils.teaching.patience import wall_seconds
from tests.teaching.grading.class_of import NAME, TWICE, answered
from tests.without_sandbox import why_none

SILENT = "get_ipython().run_cell = lambda *a, **k: None"
SLOW = "while True:\n    pass"


def graded(root, monkeypatch, **answers):
    """(the result, how many cells took too long), with two seconds for a cell.

    Without a sandbox with twelve: a kernel then imports torch itself, in its first cell.
    """
    settings, waits = root / "nbgrader_config.py", []
    seconds = 12 if why_none() else 2
    settings.write_text(settings.read_text() + f"\nc.Judge.timeout = {seconds}\n")
    kit = make_kit(config.load(root), NAME, load_config(root))
    text = nbformat.writes(answered(root, **answers))
    job = Job("anna", {f"{NAME}.ipynb": text.encode()}, sandbox=not why_none())
    real = GuardedExecute._async_handle_timeout

    async def counted(self, timeout, cell=None):
        waits.append(cell)
        return await real(self, timeout, cell)

    monkeypatch.setattr(GuardedExecute, "_async_handle_timeout", counted)
    return grade(kit, job), len(waits)


@pytest.mark.slow
def test_it_is_ended_at_the_second_cell_without_an_answer(small_course, monkeypatch):
    result, waits = graded(small_course, monkeypatch, jaccard=SILENT)
    assert (result.state, waits) == ("timed_out", 2)
    assert "the kernel gave no answer" in result.reason


@pytest.mark.slow
def test_cells_that_heed_the_interrupt_cost_no_later_one(small_course, monkeypatch):
    slow = f"{TWICE}\n{SLOW}"
    result, waits = graded(small_course, monkeypatch, jaccard=SLOW, twice=slow)
    assert (result.state, waits) == ("timed_out", 2)
    cells = json.loads(result.notebooks[NAME])["cells"]
    names = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells]
    own_test = cells[names.index("own_test")]
    assert not own_test["outputs"]  # it ran after them, and twice was there


def of(root, **settings):
    given = {"SandboxProvisioner": settings} if settings else {}
    return wall_seconds(Config(given), root, NAME, 180)


def test_an_assignment_s_hand_ins_get_the_time_that_it_needs(small_course):
    path = small_course / "course.toml"
    unsaid = of(small_course)
    text = path.read_text()
    head = "[assignments.metrics_and_loss]\n"
    path.write_text(text.replace(head, f"{head}seconds = 5\n"))
    assert of(small_course) == 10 * 5 + 2 * 180 < unsaid
    assert of(small_course, wall_seconds=77) == 77


def test_a_time_that_is_none_is_refused(small_course):
    path = small_course / "course.toml"
    head = "[assignments.metrics_and_loss]\n"
    path.write_text(path.read_text().replace(head, f"{head}seconds = 0\n"))
    with pytest.raises(config.CourseError, match=r"metrics_and_loss\.seconds.*above 0"):
        config.load(small_course)
