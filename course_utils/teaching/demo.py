"""`course demo`: one whole teaching cycle on a built-in class, as an instructor runs it.

    nbgrader generate_assignment, (the class works), course collect, course grade,
    nbgrader generate_feedback, course report, nbgrader export

The demo knows what each hand-in must earn and which mistake must be named, and says where the
grading disagrees.
"""

import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

from course_utils.checks.assignments.demo_student import Student
from course_utils.i18n import _, speaking
from course_utils.teaching import config
from course_utils.teaching.class_table import STATES, Row, class_rows, to_stdout, write_csv
from course_utils.teaching.demo_class import classes, hand_in, pack
from course_utils.teaching.demo_steps import Command, Steps
from course_utils.teaching.errors import CourseError
from course_utils.teaching.gradebook import is_there, reading, shown
from course_utils.teaching.mistakes import KINDS
from course_utils.teaching.plain_text import PlainConsole
from course_utils.teaching.release import released_notebooks
from course_utils.teaching.sandbox.bubblewrap import SandboxUnavailable, require
from course_utils.teaching.settings import CONFIG, places
from course_utils.teaching.spoken import VARIABLE, spoken_language

__all__ = ["disagreements", "run"]

_FIRST = "metrics_and_loss"  # its class is graded soonest, and shows most


def run(
    folder: Path | None = None,
    language: str | None = None,
    assignments: Sequence[str] = (),
    *,
    everything: bool = False,
) -> int:
    """Run the cycle in `folder` (demo/ in the course, made anew); returns the exit code.

    language: to speak; see `spoken_language` where it is None.
    assignments: to give to the class; one, if empty, or all with `everything`.
    Results go to stdout, the progress to stderr. Raises CourseError where the course is not
    built, an assignment has no class, or `folder` holds something else than an earlier demo.
    """
    course = config.load()
    language = spoken_language(course, language)
    known = classes(course.assignments)
    with speaking(language):
        given = {name: known[name] for name in _chosen(assignments, list(known), everything)}
        root = _fresh_folder(course.root, folder or course.root / "demo", given)
        _require_own_gradebook(places(root).db_url, known)
        freely = _without_sandbox(root)
        wrong = []
        for name, students in given.items():
            present = [s for s in students if s.language in course.languages]
            title = course.assignments[name].title[language]
            PlainConsole(stderr=True).print(title, style="bold")
            wrong += _cycle(root, name, present, language, freely)
            rows = class_rows(root, name)
            _show(rows, root, name, title)
            points = course.assignments[name].points
            wrong += [f"{name}: {line}" for line in disagreements(rows, present, points)]
        _show_folders(root)
        if len(given) < len(known):
            print(
                _("All {number} assignments: make demo ALL=1, or course demo --all").format(
                    number=len(known)
                )
            )
        for line in wrong:
            PlainConsole(stderr=True, soft_wrap=True).print(line, style="red")
        return 1 if wrong else 0


def _chosen(asked: Sequence[str], known: list[str], everything: bool) -> Sequence[str]:
    for name in asked:
        if name not in known:
            raise CourseError(
                _("Expected an assignment out of {known}, got {name}.").format(
                    known=", ".join(known), name=repr(name)
                )
            )
    if everything:
        return known
    return asked or [_FIRST if _FIRST in known else known[0]]


def disagreements(
    rows: Sequence[Row], students: Sequence[Student], points: dict[str, float]
) -> list[str]:
    """Where the table differs from what the class was made to earn, one sentence each."""
    by_id = {row.student: row for row in rows}
    found = []
    for student in students:
        row = by_id.get(student.id)
        if row is None or row.state != student.state:
            got = _(STATES[row.state]) if row else _("no row")
            found.append(_wrong(student, _("state"), _(STATES[student.state]), got))
        if row is None or student.state == "unreadable":
            continue
        for name in (name for name in points if name != "essay"):
            mark = row.marks.get(name)
            mistake = student.mistakes.get(name)
            most = 0 if mistake or name in student.zeros else points[name]
            if mark is None or mark.points != most:
                found.append(_wrong(student, name, most, mark.points if mark else "-"))
            elif mark.mistake != mistake:
                found.append(_wrong(student, name, mistake or "-", mark.mistake or "-"))
            elif name in student.says and mark.words != (words := _(KINDS[student.says[name]])):
                found.append(_wrong(student, name, words, mark.words or "-"))
        essay = row.marks.get("essay")
        waits = essay is not None and essay.points is None
        if waits != bool(student.essay):
            expected, got = _("to be marked"), _("nothing to mark")
            if waits:
                expected, got = got, expected
            found.append(_wrong(student, "essay", expected, got))
    return found


def _cycle(
    root: Path, name: str, students: Sequence[Student], language: str, freely: Sequence[str]
) -> list[str]:
    """Run it for one assignment; returns what its commands complained of.

    freely: the option of `course grade` where no sandbox can be had.
    """
    where = places(root)
    solved = nbformat.read(where.source(name) / f"{name}.ipynb", 4)
    number = len(students)
    with Steps(root) as steps:
        for released in dict.fromkeys(student.language for student in students):
            title = _("Publish the assignment ({language})").format(language=released)
            words = ("nbgrader", "generate_assignment", name, "--force")
            steps.run(Command(title, words, environment=((VARIABLE, released),)))
        if steps.complaints:
            raise CourseError(steps.complaints)
        files = []
        for student in steps.over(_("The class works"), students):
            notebook = released_notebooks(root, name, name)[student.language]
            files.append((student, hand_in(name, student, notebook, solved)))
        archive = root / "downloaded" / name / "archive"
        archive.mkdir(parents=True)
        pack(name, files, archive / "moodle.zip")
        # 1: something needs a person, the file that is no notebook
        collect = ("course", "collect", name)
        speaks = ((VARIABLE, language),)
        steps.run(Command(_("Collect the hand-ins"), collect, fine=(0, 1), environment=speaks))
        steps.run(
            Command(
                _("Grade"),
                ("course", "grade", name, "--quiet", *freely),
                number,
                lambda: len(where.graded(name)),
            )
        )
        steps.run(
            Command(
                _("Write feedback"),
                ("nbgrader", "generate_feedback", name, "--force"),
                number,
                lambda: len(where.fed_back(name)),
            ),
            Command(_("Write the report"), ("course", "report", name, "--language", language)),
            Command(_("Export the marks"), ("nbgrader", "export", "--to", "grades.csv")),
        )
    return steps.complaints


def _without_sandbox(root: Path) -> list[str]:
    """The demo's class is ours: where there can be no sandbox it is graded all the same."""
    try:
        require()
    except SandboxUnavailable as problem:
        reason = root / "logs" / "00_sandbox.txt"
        reason.write_text(f"{problem}\n", encoding="utf-8")
        words = _(
            "No sandbox can be made here, so the demo's own hand-ins are graded without one. "
            "Why, and what to install before a class of yours is graded: {path}"
        ).format(path=reason)
        PlainConsole(stderr=True, soft_wrap=True).print(words, style="yellow")
        return ["--no-sandbox"]
    return []


def _require_own_folders(root: Path) -> None:
    """The demo's class must not get among a real one. Raises CourseError where it would."""
    where = places(root)
    steps = (where.submitted, where.autograded, where.feedback)
    folders = [*(step("x", "x") for step in steps), where.source("x")]
    outside = [folder for folder in folders if root not in folder.parents]
    if outside:
        raise CourseError(
            _(
                "Expected the folders of nbgrader below the course's own, got {folder}: the "
                "demo's class would get among yours. Name them in {config} without a leading /."
            ).format(folder=outside[0], config=CONFIG)
        )


def _require_own_gradebook(db_url: str, known: Mapping[str, Sequence[Student]]) -> None:
    """The same for a gradebook outside the demo's folder, as on a server."""
    if not is_there(db_url):
        return
    ours = {student.id for students in known.values() for student in students}
    with reading(db_url) as gradebook:
        theirs = sorted({student.id for student in gradebook.students} - ours)
        begun = bool(gradebook.assignments) and not gradebook.students
    if theirs or begun:
        raise CourseError(
            _(
                "Expected an empty book of marks or an earlier demo's, got {gradebook} with "
                "work of yours. Name another one in {config} for the demo, or leave out "
                "{setting}."
            ).format(gradebook=shown(db_url), setting="db_url", config=CONFIG)
        )


def _fresh_folder(course: Path, folder: Path, given: Mapping[str, Sequence[Student]]) -> Path:
    """The working folder with what nbgrader needs of the course, and the class's roster."""
    folder = folder.resolve()
    mark = folder / ".course-demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise CourseError(
            _(
                "Expected an empty folder or an earlier demo, got {folder} with other files. "
                "Choose another one with --keep."
            ).format(folder=folder)
        )
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "logs").mkdir(parents=True)
    mark.touch()
    for name in (CONFIG, config.FILE_NAME):
        _copy(course / name, folder / name)
    _require_own_folders(folder)
    for name in given:
        file = f"{name}.ipynb"
        _copy(course / "solutions" / name / file, places(folder).source(name) / file)
    with (folder / "roster.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "last_name", "first_name"])
        people = {s.id: [s.id, s.last_name, s.first_name] for c in given.values() for s in c}
        writer.writerows(people.values())
    return folder


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise CourseError(
            _("Expected {path}, found no such file. Run: course build").format(path=source)
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _show(rows: Sequence[Row], root: Path, name: str, title: str) -> None:
    to_stdout(rows, title)
    with (root / f"marks_{name}.csv").open("w", encoding="utf-8", newline="") as file:
        write_csv(rows, file)


def _show_folders(root: Path) -> None:
    for label, path in (
        (_("Feedback"), places(root).feedback("*", "*").parent.parent),
        (_("Reports on the class"), root / "reports"),
        (_("Marks"), root / "grades.csv"),
        (_("Marks and mistakes"), root / "marks_*.csv"),
        (_("Logs"), root / "logs"),
    ):
        print(f"{label}: {path}")


def _wrong(student: Student, what: str, expected, got) -> str:
    return _("{student}: {what}: expected {expected}, got {got}").format(
        student=student.name, what=what, expected=expected, got=got
    )
