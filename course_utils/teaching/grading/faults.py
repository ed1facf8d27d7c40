"""Whose fault it is that a hand-in could not be graded: its own, or this machine's.

Where grading a hand-in raises an error, ends its worker or takes too long, it is tried once
more, with nothing beside it. If that fails too, a right hand-in is graded at the same moment.
If this one passes, the fault is the hand-in's, which ends in a state with the reason; if not,
nothing can be said of anybody.
"""

from dataclasses import replace

import nbformat
from nbgrader.coursedir import CourseDirectory

from course_utils.i18n import N_
from course_utils.teaching.errors import CourseError
from course_utils.teaching.grading.kit import Kit
from course_utils.teaching.grading.places import Each
from course_utils.teaching.grading.pool import TookTooLong, WorkerEnded
from course_utils.teaching.grading.worker import Job, Result
from course_utils.teaching.hand_in import Ended, OutOfTime

__all__ = ["right_hand_in", "tried_again"]


def tried_again(each: Each, key: str, job: Job, right: Job) -> Result:
    """The result of a hand-in that could not be graded once.

    each: as `Pool.each_done`; right: a hand-in that passes wherever grading works.
    Raises CourseError where that one does not pass either.
    """
    result, error = _alone(each, f"{key}-again", job)
    if error is None:
        return result
    passed, problem = _alone(each, f"{key}-right", right)
    if problem is None and not _passes(passed):
        problem = passed.reason or "a check failed"
    if problem is None:
        refused = replace(job, refused=_reason(error))
        result, problem = _alone(each, f"{key}-refused", refused)
    if problem is not None:
        raise CourseError(
            f"Grading stopped, for this machine is at fault: {job.student}'s hand-in failed "
            f"twice ({_in_words(error)}), and so did the model answers ({_in_words(problem)}). "
            "Marks are kept so far; look after memory, disk and processes, then start again."
        )
    return result


def right_hand_in(kit: Kit, directory: CourseDirectory, job: Job) -> Job:
    """The release with the model answers in it, or as it is where there are none here.

    job: one of the run, for what it has in common with all.
    """
    source = directory.format_path(directory.source_directory, ".", kit.assignment)
    files = {}
    for name in kit.notebooks:
        released = next(path for path in kit.files if path.endswith(f"/{name}.ipynb"))
        notebook = nbformat.reads(kit.files[released].decode(), as_version=4)
        answers = _answers(f"{source}/{name}.ipynb")
        for cell in notebook.cells:
            cell.source = answers.get(_name(cell), cell.source)
        files[f"{name}.ipynb"] = nbformat.writes(notebook).encode()
    return replace(job, student="(model answers)", files=files, large={}, refused=None)


def _answers(path: str) -> dict[str, str]:
    """grade_id -> source of the solution cells; the marks in them are comments."""
    try:
        solved = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        return {}
    return {
        _name(cell): cell.source
        for cell in solved.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def _name(cell) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _alone(each: Each, key: str, job: Job) -> tuple[Result | None, BaseException | None]:
    ((_key, result, error),) = each([(key, (job,))])
    return result, error


def _passes(result: Result) -> bool:
    """Whether all cells ran, and every check that had an answer in it passed."""
    if result.state != "graded":
        return False
    for text in result.notebooks.values():
        notebook = nbformat.reads(text, as_version=4)
        answered = any("BEGIN SOLUTION" in cell.source for cell in notebook.cells)
        verdicts = [cell.metadata.get("course", {}).get("verdict") for cell in notebook.cells]
        if answered and not all(verdict.passed for verdict in verdicts if verdict):
            return False
    return True


def _reason(error: BaseException) -> Ended:
    if isinstance(error, WorkerEnded):
        return Ended(
            N_("the process that graded it ended twice, while right answers were graded")
        )
    if isinstance(error, TookTooLong):
        return OutOfTime(N_("grading it took too long twice, while right answers were graded"))
    return Ended(
        N_("grading it failed twice, while right answers were graded ({error})"),
        error=_in_words(error),
    )


def _in_words(error: BaseException | str) -> str:
    return error if isinstance(error, str) else f"{type(error).__name__}: {error}"
