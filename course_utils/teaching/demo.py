"""`course demo`: one whole teaching cycle on a built-in class, as an instructor runs it.

    nbgrader generate_assignment, (the class works), course collect, course grade,
    nbgrader generate_feedback, course report, nbgrader export

The demo knows what each hand-in must earn and which mistake must be named, and says where the
grading disagrees.
"""

import csv
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from course_utils.i18n import _, speaking
from course_utils.teaching import config
from course_utils.teaching.class_table import Row, class_rows, to_stdout, write_csv
from course_utils.teaching.demo_class import Student, classes, hand_in, pack
from course_utils.teaching.errors import CourseError
from course_utils.teaching.sandbox.bubblewrap import SandboxUnavailable, require

__all__ = ["Step", "disagreements", "run"]

_MINUTES = 15  # for one command, on the slowest machine
_PROGRAMS = {"nbgrader": "nbgrader", "course": "course_utils.teaching.cli"}  # as modules


@dataclass(frozen=True)
class Step:
    """One command and how it ended. command: its program, nbgrader or course, in front.

    fine: the exit codes it may end with.
    """

    command: str
    code: int
    log: str
    fine: tuple[int, ...] = (0,)

    @property
    def complaint(self) -> str:
        """What it reported, where it did not end well: its last error."""
        if self.code in self.fine:
            return ""
        errors = [
            line for line in self.log.splitlines() if "ERROR" in line or "CRITICAL" in line
        ]
        return f"{self.command}: exit {self.code}: {(errors or [self.log.strip()])[-1]}"


def run(
    folder: Path | None = None,
    language: str | None = None,
    assignments: Sequence[str] = (),
) -> int:
    """Run the cycle in `folder` (demo/ in the course, made anew); returns the exit code.

    assignments: to give to the class; all, if empty.
    Results go to stdout, the progress to stderr. Raises CourseError where the course is not
    built, an assignment has no class, or `folder` holds something else than an earlier demo.
    """
    course = config.load()
    language = course.require_language(language or course.languages[0])
    known = classes(course.assignments)
    for name in assignments:
        if name not in known:
            raise CourseError(
                f"Expected an assignment out of {', '.join(known)}, got {name!r}."
            )
    given = {name: known[name] for name in assignments or known}
    wrong = []
    with speaking(language):
        root = _fresh_folder(course.root, folder or course.root / "demo", given)
        for name, students in given.items():
            present = [s for s in students if s.language in course.languages]
            title = course.assignments[name].title[language]
            Console(stderr=True, highlight=False).print(f"[bold]{title}[/bold]")
            steps = _cycle(root, name, present)
            rows = class_rows(root, name)
            _show(rows, root, name, title)
            wrong += filter(None, (step.complaint for step in steps))
            wrong += [
                f"{name}: {line}"
                for line in disagreements(rows, present, course.assignments[name].points)
            ]
        _show_folders(root)
        for line in wrong:
            Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]{line}[/red]")
        return 1 if wrong else 0


def disagreements(
    rows: Sequence[Row], students: Sequence[Student], points: dict[str, float]
) -> list[str]:
    """Where the table differs from what the class was made to earn, one sentence each."""
    by_id = {row.student: row for row in rows}
    found = []
    for student in students:
        row = by_id.get(student.id)
        if row is None or row.state != student.state:
            got = row.state if row else _("no row")
            found.append(_wrong(student, _("state"), student.state, got))
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
        essay = row.marks.get("essay")
        waits = essay is not None and essay.points is None
        if waits != bool(student.essay):
            found.append(_wrong(student, "essay", bool(student.essay), waits))
    return found


def _cycle(root: Path, name: str, students: Sequence[Student]) -> list[Step]:
    solved = nbformat.read(root / "solutions" / name / f"{name}.ipynb", 4)
    languages = list(dict.fromkeys(student.language for student in students))
    steps = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:

        def step(
            text: str,
            *command: str,
            program="nbgrader",
            total=1,
            done=None,
            fine=(0,),
            **environment,
        ) -> None:
            task = progress.add_task(text, total=total)
            watch = (lambda: progress.update(task, completed=done())) if done else None
            steps.append(_run(root, program, command, environment, watch, fine))
            progress.update(task, completed=total)

        for language in languages:
            step(
                _("Publish the assignment ({language})").format(language=language),
                *("generate_assignment", name, "--force"),
                COURSE_LANGUAGE=language,
            )
        if failed := [step.complaint for step in steps if step.complaint]:
            raise CourseError(failed)
        task = progress.add_task(_("The class works"), total=len(students))
        files = []
        for student in students:
            path = root / "assignments" / student.language / name / f"{name}.ipynb"
            files.append((student, hand_in(name, student, nbformat.read(path, 4), solved)))
            progress.advance(task)
        archive = root / "downloaded" / name / "archive"
        archive.mkdir(parents=True)
        pack(name, files, archive / "moodle.zip")
        # 1: something needs a person, the file that is no notebook
        step(_("Collect the hand-ins"), "collect", name, program="course", fine=(0, 1))
        step(
            _("Grade"),
            *("grade", name, "--quiet", *_without_sandbox()),
            program="course",
            total=len(students),
            done=lambda: len(list(root.glob(f"autograded/*/{name}/*.ipynb"))),
        )
        step(
            _("Write feedback"),
            *("generate_feedback", name, "--force"),
            total=len(students),
            done=lambda: len(list(root.glob(f"feedback/*/{name}/*.html"))),
        )
        step(_("Write the report"), "report", name, program="course")
        step(_("Export the marks"), "export", "--to", "grades.csv")
    return steps


def _run(
    root: Path,
    program: str,
    command: Sequence[str],
    environment: dict,
    watch: Callable | None,
    fine: tuple[int, ...],
) -> Step:
    """Run one command in the folder, its log beside it; `watch` is called while it works."""
    log = root / "logs" / f"{len(list((root / 'logs').iterdir())) + 1:02d}_{command[0]}.txt"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", _PROGRAMS[program], *command],
            cwd=root,
            env=os.environ | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        end = time.monotonic() + 60 * _MINUTES
        while process.poll() is None:
            if time.monotonic() > end:
                process.kill()
            if watch:
                watch()
            time.sleep(0.2)
    said = log.read_text(encoding="utf-8")
    return Step(" ".join([program, *command]), process.returncode, said, fine)


def _without_sandbox() -> list[str]:
    """The demo's class is ours: where there can be no sandbox it is graded all the same."""
    try:
        require()
    except SandboxUnavailable as problem:
        words = _("No sandbox here, so the demo's own hand-ins are graded without one.")
        Console(stderr=True).print(f"{problem}\n{words}", style="yellow", markup=False)
        return ["--no-sandbox"]
    return []


def _fresh_folder(course: Path, folder: Path, given: Mapping[str, Sequence[Student]]) -> Path:
    """The working folder with what nbgrader needs of the course, and the class's roster."""
    folder = folder.resolve()
    mark = folder / ".course-demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise CourseError(
            f"Expected an empty folder or an earlier demo, got {folder} with other files. "
            "Choose another one with --keep."
        )
    shutil.rmtree(folder, ignore_errors=True)
    solutions = [Path("solutions", name, f"{name}.ipynb") for name in given]
    for name in ("nbgrader_config.py", config.FILE_NAME, *solutions):
        if not (course / name).is_file():
            raise CourseError(
                f"Expected {course / name}, found no such file. Run: course build"
            )
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(course / name, folder / name)
    (folder / "logs").mkdir()
    mark.touch()
    with (folder / "roster.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "last_name", "first_name"])
        people = {s.id: [s.id, s.last_name, s.first_name] for c in given.values() for s in c}
        writer.writerows(people.values())
    return folder


def _show(rows: Sequence[Row], root: Path, name: str, title: str) -> None:
    to_stdout(rows, title)
    with (root / f"marks_{name}.csv").open("w", encoding="utf-8", newline="") as file:
        write_csv(rows, file)


def _show_folders(root: Path) -> None:
    for label, path in (
        (_("Feedback"), root / "feedback"),
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
