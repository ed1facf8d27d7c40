"""A hand-in that can't be graded, time and again: its own fault, or the machine's?"""

from types import SimpleNamespace

import nbformat
import pytest

from course_utils.teaching import config
from course_utils.teaching.class_table import class_rows
from course_utils.teaching.errors import CourseError
from course_utils.teaching.grading.faults import right_hand_in, tried_again
from course_utils.teaching.grading.kit import course_directory, load_config, make_kit
from course_utils.teaching.grading.pool import TookTooLong, WorkerEnded
from course_utils.teaching.grading.worker import Job, Result
from tests.teaching.grading.class_of import (
    NAME,
    answered,
    course,
    hand_in,
    latest_state,
    scores,
)

ANNA, RIGHT = Job("anna", {}), Job("(model answers)", {})


def notebook(passed):
    verdict = {"course": {"verdict": {"passed": passed}}}
    cells = [
        nbformat.v4.new_code_cell("### BEGIN SOLUTION"),
        nbformat.v4.new_code_cell("check", metadata=verdict),
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


def each(anna, right=True):
    """Grades: `anna` is an error or None, `right` an error or whether it passes."""

    def graded(calls):
        for key, (job,) in calls:
            fails = right if job.student == RIGHT.student else anna
            if job.refused is not None:
                result = Result(job.student, job.refused.state, str(job.refused), {}, 0.0)
            elif isinstance(fails, BaseException):
                yield key, None, fails
                continue
            else:
                result = Result(job.student, "graded", "", {NAME: notebook(bool(fails))}, 0.0)
            yield key, result, None

    return graded


def test_what_was_the_moment_s_is_forgotten():
    assert tried_again(each(None), "key", ANNA, RIGHT).state == "graded"


@pytest.mark.parametrize(
    ("error", "state", "word"),
    [
        (OSError(28, "No space left on device"), "crashed", "No space left"),
        (MemoryError(), "crashed", "MemoryError"),
        (ImportError("torch"), "crashed", "ImportError: torch"),
        (WorkerEnded("-"), "crashed", "process that graded it ended twice"),
        (TookTooLong("-"), "timed_out", "took too long twice"),
    ],
)
def test_it_is_the_hand_in_s_if_a_right_one_passes(error, state, word):
    result = tried_again(each(error), "key", ANNA, RIGHT)
    assert (result.student, result.state) == ("anna", state)
    assert word in result.reason


@pytest.mark.parametrize("right", [OSError(28, "No space left on device"), False])
def test_it_is_the_machine_s_if_that_one_does_not_pass(right):
    with pytest.raises(CourseError, match="this machine is at fault: anna's") as error:
        tried_again(each(MemoryError(), right), "key", ANNA, RIGHT)
    assert len(error.value.problems) == 1


def test_the_right_hand_in_holds_the_model_answers(released_course):
    settings = load_config(released_course)
    kit = make_kit(config.load(released_course), NAME, settings)
    directory = course_directory(released_course, settings, NAME)
    job = Job("anna", {"virus.txt": b""}, {}, secret="of the run")
    made = right_hand_in(kit, directory, job)
    sources = [cell.source for cell in nbformat.reads(made.files[f"{NAME}.ipynb"], 4).cells]
    assert any("return both / either" in source for source in sources)
    assert not any("NotImplementedError" in source for source in sources)
    assert (list(made.files), made.secret) == ([f"{NAME}.ipynb"], "of the run")


def test_without_model_answers_the_release_has_only_to_run(released_course, tmp_path):
    settings = load_config(released_course)
    kit = make_kit(config.load(released_course), NAME, settings)
    elsewhere = SimpleNamespace(
        format_path=lambda *_words: str(tmp_path), source_directory="solutions"
    )
    made = right_hand_in(kit, elsewhere, ANNA)
    sources = [cell.source for cell in nbformat.reads(made.files[f"{NAME}.ipynb"], 4).cells]
    assert any("NotImplementedError" in source for source in sources)


PROVOKED = """
from course_utils.teaching.judge import Judge
_run = Judge.preprocess
def _provoked(self, nb, resources, km=None):
    if any("provoke" in cell.source for cell in nb.cells):
        raise MemoryError("in a step of ours")
    return _run(self, nb, resources, km)
Judge.preprocess = _provoked
"""


@pytest.mark.slow
def test_such_a_hand_in_has_a_row_and_the_others_their_marks(small_course):
    settings = small_course / "nbgrader_config.py"
    settings.write_text(settings.read_text() + PROVOKED)
    hand_in(small_course, "anna", answered(small_course))
    hand_in(small_course, "oleg", answered(small_course, twice="# provoke"))
    course(small_course, "grade", NAME, "-q")
    assert scores(small_course) == {"anna": (3, 2), "oleg": (0, 0)}
    assert latest_state(small_course, "oleg") == ("recorded", "crashed")
    rows = {row.student: row for row in class_rows(small_course, NAME)}
    assert "MemoryError: in a step of ours" in rows["oleg"].reason
    assert "0 graded now, 2 before" in course(small_course, "grade", NAME, "-q").stderr
