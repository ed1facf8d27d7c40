"""All that the report says of one assignment, as data.

Out of the class's table (`class_rows`), the autograded notebooks or, where there is none, the
submitted ones, the released notebooks and the solution.
"""

import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader import utils

from course_utils.checks import exercise as exercises
from course_utils.i18n import _
from course_utils.teaching import suspicions
from course_utils.teaching.class_table import Row, class_rows
from course_utils.teaching.errors import CourseError
from course_utils.teaching.hand_in import Unreadable, read_hand_in
from course_utils.teaching.release import released_notebooks, squeezed
from course_utils.teaching.report.alike import Alike, compare, likeness
from course_utils.teaching.report.answers import Piece, own_code, released_code
from course_utils.teaching.settings import Places, places
from course_utils.teaching.suspicions import WHAT, LookAt

__all__ = ["ExerciseFigures", "MistakeFigures", "Report", "gather"]

_LIKE_REFERENCE = 0.8  # share of a hand-in's own code


@dataclass(frozen=True)
class ExerciseFigures:
    """One graded cell over all hand-ins. full, part, none, waiting: numbers of hand-ins.

    mean: of the points given so far; None where there are none.
    """

    name: str
    most: float
    full: int
    part: int
    none: int
    waiting: int
    mean: float | None

    @property
    def marked(self) -> int:
        return self.full + self.part + self.none

    @property
    def share(self) -> float | None:
        """Of all hand-ins, those with full marks, 0 to 1; None while some wait for theirs."""
        return None if self.waiting else self.full / self.marked


@dataclass(frozen=True)
class MistakeFigures:
    """A mistake that the checks know by name, and who made it."""

    exercise: str
    name: str
    sentence: str
    why: str
    students: tuple[Row, ...]


@dataclass(frozen=True)
class Report:
    """handed_in: rows but the absent; troubles: those that did not end graded.

    most: points of the assignment; look_at: student's row -> places, never empty.
    like_reference: (row, share 0 to 1), most alike first.
    released, solution: whether these notebooks were there to compare with.
    """

    assignment: str
    title: str
    rows: tuple[Row, ...]
    handed_in: tuple[Row, ...]
    most: float
    mean: float
    median: float
    exercises: tuple[ExerciseFigures, ...]
    mistakes: tuple[MistakeFigures, ...]
    troubles: tuple[Row, ...]
    alike: Alike
    like_reference: tuple[tuple[Row, float], ...]
    look_at: tuple[tuple[Row, tuple[LookAt, ...]], ...]
    released: bool
    solution: bool

    @property
    def by_student(self) -> dict[str, Row]:
        return {row.student: row for row in self.rows}


def gather(
    root: Path,
    assignment: str,
    title: str,
    step: Callable[[int], None] = lambda total: None,
) -> Report:
    """The report's data, with sentences in the language in use.

    step: called twice a hand-in with the number of calls to come in all, for a progress bar.
    Raises CourseError where nothing was handed in or graded.
    """
    root = root.resolve()
    rows = class_rows(root, assignment)
    handed_in = [row for row in rows if row.state != "absent"]
    _require_graded(root, assignment, handed_in)
    where = places(root)
    released = released_notebooks(root, assignment, assignment)
    starting_code = released_code(released.values())
    known = {squeezed(source) for source in starting_code}
    answers: dict[str, Sequence[Piece]] = {}
    look_at = []
    for row in handed_in:
        graded, submitted = _notebooks(where, assignment, row.student)
        answers[row.student] = [
            piece for notebook in graded or submitted for piece in own_code(notebook, known)
        ]
        found = _places(graded, submitted)
        if found:
            look_at.append((row, tuple(found)))
        step(2 * len(handed_in))
    reference = _reference(where.source(assignment) / f"{assignment}.ipynb")
    alike = compare(answers, starting_code, lambda: step(2 * len(handed_in)))
    like = {s: likeness(pieces, reference, starting_code) for s, pieces in answers.items()}
    near = [(row, like[row.student]) for row in handed_in if like[row.student] is not None]
    marked = [row for row in handed_in if row.marks]
    totals = [row.total for row in marked]
    return Report(
        assignment=assignment,
        title=title,
        rows=tuple(rows),
        handed_in=tuple(handed_in),
        most=max(sum(mark.most for mark in row.marks.values()) for row in marked),
        mean=statistics.mean(totals),
        median=statistics.median(totals),
        exercises=_exercises(marked),
        mistakes=_mistakes(assignment, marked),
        troubles=tuple(row for row in handed_in if row.state != "graded"),
        alike=alike,
        like_reference=tuple(
            (row, share)
            for row, share in sorted(near, key=lambda item: (-item[1], item[0].name))
            if share >= _LIKE_REFERENCE
        ),
        look_at=tuple(look_at),
        released=bool(released),
        solution=bool(reference),
    )


def _require_graded(root: Path, assignment: str, handed_in: Sequence[Row]) -> None:
    if not handed_in:
        raise CourseError(
            f"Expected hand-ins in {places(root).submitted('*', assignment)}, found none. "
            "Collect them first: course collect ZIP"
        )
    if not any(row.marks for row in handed_in):
        raise CourseError(
            f"Expected graded hand-ins of {assignment}, found {len(handed_in)} handed in and "
            f"none graded. Run: course grade {assignment}"
        )


def _notebooks(
    where: Places, assignment: str, student: str
) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """(autograded, submitted) notebooks of a student; what cannot be read is left out."""
    found = []
    for place, read in (
        (where.autograded, lambda path: nbformat.read(path, as_version=4)),
        (where.submitted, read_hand_in),
    ):
        notebooks = []
        for path in sorted(place(student, assignment).glob("*.ipynb")):
            if path.is_file() and not path.is_symlink():
                try:
                    notebooks.append(read(path))
                except (Unreadable, ValueError):
                    continue  # the table of hand-ins says why
        found.append(notebooks)
    return found[0], found[1]


def _places(graded: list[NotebookNode], submitted: list[NotebookNode]) -> list[LookAt]:
    """Places to look at: those that grading noted, else those that reading finds now."""
    noted = [
        notebook.metadata["course"]["look_at"]
        for notebook in graded
        if "look_at" in notebook.metadata.get("course", {})
    ]
    if not noted:
        return [place for notebook in submitted for place in suspicions.find(notebook)]
    return [
        LookAt(place["cell"], place["line"], str(place["code"]), place["what"])
        for each in noted
        for place in each
        if place.get("what") in WHAT
    ]


def _exercises(rows: Sequence[Row]) -> tuple[ExerciseFigures, ...]:
    """Hardest first: by the share of full marks, then by the mean; last what waits."""
    marks = defaultdict(list)
    for row in rows:
        for name, mark in row.marks.items():
            marks[name].append(mark)
    found = []
    for name, given in marks.items():
        points = [mark.points for mark in given if mark.points is not None]
        most = max(mark.most for mark in given)
        full = sum(value >= most for value in points)
        none = sum(value <= 0 for value in points)
        found.append(
            ExerciseFigures(
                name=name,
                most=most,
                full=full,
                part=len(points) - full - none,
                none=none,
                waiting=len(given) - len(points),
                mean=statistics.mean(points) if points else None,
            )
        )
    return tuple(sorted(found, key=_hardness))


def _hardness(exercise: ExerciseFigures) -> tuple[bool, float, float]:
    got = (exercise.mean or 0) / (exercise.most or 1)
    return exercise.share is None, exercise.share or 0, got


def _mistakes(assignment: str, rows: Sequence[Row]) -> tuple[MistakeFigures, ...]:
    """The commonest first."""
    catalogue = _catalogue(assignment)
    made: dict[tuple[str, str], list[Row]] = defaultdict(list)
    summaries = {}
    for row in rows:
        for mark in row.marks.values():
            if mark.mistake:
                made[mark.name, mark.mistake].append(row)
                summaries.setdefault((mark.name, mark.mistake), mark.summary)
    found = []
    for (exercise, name), students in made.items():
        known = catalogue.get((exercise, name))
        found.append(
            MistakeFigures(
                exercise=exercise,
                name=name,
                sentence=_(known.sentence) if known else summaries[exercise, name],
                why=_(known.why) if known and known.why else "",
                students=tuple(students),
            )
        )
    return tuple(sorted(found, key=lambda m: (-len(m.students), m.exercise, m.name)))


def _catalogue(assignment: str) -> dict[tuple[str, str], exercises.Mistake]:
    try:
        known = exercises.assignment(assignment)
    except ValueError:  # an assignment of the instructor's own, without checks of ours
        return {}
    return {
        (exercise.name, mistake.name): mistake
        for exercise in known.values()
        for mistake in exercise.mistakes
    }


def _reference(path: Path) -> list[str]:
    """The sources of the solution's answers; none where the notebook is not there."""
    if not path.is_file():
        return []
    return [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and utils.is_solution(cell)
    ]
