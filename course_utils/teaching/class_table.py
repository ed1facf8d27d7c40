"""The class in one table: marks, mistakes by name, and how each hand-in ended.

Out of four places: who handed in (submitted/ and roster.csv), what the gradebook says
(after marking by hand too), what went wrong (the autograded notebooks), and why a file could
not be read at all.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from rich import box
from rich.console import Console
from rich.table import Table

from course_utils.i18n import N_, _, language, speaking
from course_utils.teaching import config
from course_utils.teaching.collect.roster import read_roster
from course_utils.teaching.errors import CourseError
from course_utils.teaching.gradebook import reading
from course_utils.teaching.gradebook import shown as shown_gradebook
from course_utils.teaching.hand_in import Unreadable, read_hand_in
from course_utils.teaching.mistakes import errors_of_cells, mistakes_in_words
from course_utils.teaching.plain_text import csv_cell, one_line, shown
from course_utils.teaching.settings import Places, places
from course_utils.teaching.spoken import spoken_language

__all__ = ["STATES", "Mark", "Row", "class_rows", "show", "table", "to_stdout", "write_csv"]

_NAMES_AND_MISTAKES = 75  # characters for the columns beside the marks

STATES = {
    "graded": N_("graded"),
    "crashed": N_("crashed"),
    "timed_out": N_("timed out"),
    "unreadable": N_("unreadable"),
    "not_graded": N_("not graded"),
    "absent": N_("not handed in"),
}


@dataclass(frozen=True)
class Mark:
    """One graded cell. points: None where a person has still to mark it.

    mistake: its name in the catalogue; summary: what the student was told, in the student's
    language; words: what is wrong, for the table, in the language in use.
    """

    name: str
    points: float | None
    most: float
    mistake: str | None = None
    summary: str = ""
    words: str = ""


@dataclass(frozen=True)
class Row:
    """One student. state: a key of STATES; reason: why, where it is not "graded"."""

    student: str
    name: str
    state: str
    reason: str = ""
    marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Points so far; what waits for a person counts 0."""
        return sum(mark.points or 0.0 for mark in self.marks.values())

    @property
    def needs_marking(self) -> bool:
        return any(mark.points is None for mark in self.marks.values())

    @property
    def mistakes(self) -> list[str]:
        """Names of the mistakes found, as "exercise: mistake"."""
        return [f"{m.name}: {m.mistake}" for m in self.marks.values() if m.mistake]


def class_rows(root: Path, assignment: str) -> list[Row]:
    """One row for each student on the roster, in submitted/ or in the gradebook.

    Reasons and mistakes are in the language in use. root: the course's folder.
    Raises CourseError where the gradebook lacks the assignment or can't be read.
    """
    found = places(root)
    names = _roster(root / "roster.csv")
    with reading(found.db_url, assignment) as gradebook:
        try:
            notebooks = [n.name for n in gradebook.find_assignment(assignment).notebooks]
        except MissingEntry:
            raise CourseError(
                f"Expected the assignment {assignment} in {shown_gradebook(found.db_url)}. "
                f"Run: nbgrader generate_assignment {assignment}"
            ) from None
        for student in gradebook.students:
            full = " ".join(part for part in (student.last_name, student.first_name) if part)
            names[student.id] = full or names.get(student.id) or student.id
        for student in found.hand_ins(assignment):
            names.setdefault(student, one_line(student))
        return [
            _row(found, gradebook, assignment, notebooks, student, name)
            for student, name in sorted(names.items(), key=lambda item: item[1])
        ]


def table(rows: Sequence[Row], title: str = "", width: int = 120) -> Table:
    """The rows to look at: marks per exercise, total, and what each hand-in got wrong.

    width: characters in a line; where they are few, numbers stand for the exercises' names.
    """
    exercises = _columns(rows)
    headings = [exercise.replace("_", "_\n") for exercise in exercises]  # one word a line
    wanted = sum(max(map(len, heading.split("\n"))) + 1 for heading in headings)
    narrow = width < wanted + _NAMES_AND_MISTAKES
    numbers = [f"{number} {name}" for number, name in enumerate(exercises, start=1)]
    heading = shown(title) if title else None
    found = Table(title=heading, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    found.caption = ", ".join(numbers) if narrow else None
    found.add_column(_("student"), no_wrap=True)
    for number, heading in enumerate(headings, start=1):
        column = str(number) if narrow else heading
        found.add_column(column, justify="right", no_wrap=True)
    found.add_column(_("total"), justify="right", no_wrap=True)
    found.add_column(_("mistakes"), overflow="fold")
    for row in rows:
        cells = [_points(row.marks.get(exercise)) for exercise in exercises]
        found.add_row(shown(row.name), *cells, f"{row.total:g}", shown(_remarks(row)))
    return found


def to_stdout(rows: Sequence[Row], title: str = "") -> None:
    """Print the table as wide as the terminal, 120 characters where there is none."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    console.print(table(rows, title, console.width))


def write_csv(rows: Sequence[Row], file) -> None:
    """The same as CSV, one line a student; a mark still to be given is empty."""
    exercises = _columns(rows)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ["student", "name", *exercises, "total", "needs_marking", "state", "reason", "mistakes"]
    )
    for row in rows:
        given = (row.marks.get(exercise) for exercise in exercises)
        points = ["" if m is None or m.points is None else f"{m.points:g}" for m in given]
        waits = "yes" if row.needs_marking else "no"
        how = [row.state, csv_cell(row.reason), csv_cell("; ".join(row.mistakes))]
        who = [csv_cell(row.student), csv_cell(row.name)]
        writer.writerow([*who, *points, f"{row.total:g}", waits, *how])


def show(assignment: str, *, as_csv: bool = False) -> None:
    """Print the table of the course in the working folder to stdout: `course marks`.

    Raises CourseError for an assignment that the course or its gradebook lacks.
    """
    course = config.load()
    language = spoken_language(course)
    title = course.assignment(assignment).title[language]
    with speaking(language):
        rows = class_rows(course.root, assignment)
        if as_csv:
            write_csv(rows, sys.stdout)
        else:
            to_stdout(rows, title)


def _row(
    found: Places,
    gradebook: Gradebook,
    assignment: str,
    notebooks: list[str],
    student: str,
    name: str,
) -> Row:
    folder = found.submitted(student, assignment)
    if not folder.is_dir():
        return Row(student, name, "absent")
    if not student.isprintable():
        why = _("the folder's name is no plain text: rename it, then run course grade again")
        return Row(name, name, "not_graded", why)
    marks, state, reason = {}, "graded", ""
    words = mistakes_in_words(assignment)
    for notebook in notebooks:
        file = f"{notebook}.ipynb"
        graded = found.autograded(student, assignment) / file
        verdicts, ended, why = _graded_notebook(graded)
        if ended == "not_graded":
            why = _why_not_graded(folder / file)
            ended = "unreadable" if isinstance(why, Unreadable) else ended
        if ended != "graded":
            state, reason = ended, str(why)
        if ended != "not_graded":
            marks |= _marks(gradebook, assignment, notebook, student, verdicts, words)
    return Row(student, name, state, reason, marks)


def _graded_notebook(path: Path) -> tuple[dict[str, dict], str, str]:
    """(verdict of each graded cell, or {}; state; reason) out of an autograded notebook."""
    if not path.is_file():
        return {}, "not_graded", ""
    notebook = nbformat.read(path, as_version=4)
    verdicts = {
        cell.metadata.nbgrader.grade_id: cell.metadata.get("course", {}).get("verdict", {})
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("points") is not None
    }
    for name, kind in errors_of_cells(notebook).items():
        if verdicts.get(name, {}).get("kind") == "missing":
            verdicts[name] = {**verdicts[name], "kind": kind}
    outcome = notebook.metadata.get("course", {}).get("outcome", {})
    reason = outcome.get("reasons", {}).get(language()) or outcome.get("reason", "")
    return verdicts, outcome.get("state", "graded"), reason


def _why_not_graded(path: Path) -> Unreadable | str:
    if not path.is_file():
        others = sorted(other.name for other in path.parent.glob("*.ipynb"))
        return _("expected the file {expected}, got {others}").format(
            expected=path.name, others=", ".join(others) or "-"
        )
    try:
        read_hand_in(path)
    except Unreadable as reason:
        return reason
    return _("grading did not finish: run course grade again")


def _marks(
    gradebook: Gradebook,
    assignment: str,
    notebook: str,
    student: str,
    verdicts: dict[str, dict],
    words: Callable[[str, Mapping], str],
) -> dict[str, Mark]:
    try:
        grades = gradebook.find_submission_notebook(notebook, assignment, student).grades
    except MissingEntry:
        return {}
    found = {}
    order = {name: place for place, name in enumerate(verdicts)}
    for grade in sorted(grades, key=lambda grade: order.get(grade.name, len(order))):
        verdict = verdicts.get(grade.name, {})
        waits = grade.needs_manual_grade and grade.manual_score is None
        found[grade.name] = Mark(
            name=grade.name,
            points=None if waits else grade.score,
            most=grade.max_score,
            mistake=verdict.get("mistake"),
            summary=verdict.get("summary", ""),
            words=words(grade.name, verdict),
        )
    return found


def _roster(path: Path) -> dict[str, str]:
    """id -> name out of roster.csv, in any form that `course collect` reads."""
    if not path.is_file():
        return {}
    return {person.id: person.name for person in read_roster(path).people.values()}


def _columns(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.marks))


def _points(mark: Mark | None) -> str:
    if mark is None:
        return "-"
    return "?" if mark.points is None else f"{mark.points:g}"


def _remarks(row: Row) -> str:
    lines = [] if row.state == "graded" else [f"{_(STATES[row.state])}: {row.reason}"]
    by_words: dict[str, list[str]] = defaultdict(list)
    for mark in row.marks.values():
        if mark.words:
            by_words[mark.words].append(mark.name)
    lines += [f"{', '.join(names)}: {words}" for words, names in by_words.items()]
    return "\n".join(line.rstrip(": ") for line in lines)
