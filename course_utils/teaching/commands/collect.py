"""`course collect`: what is typed, what is printed, and the exit code."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from course_utils.i18n import speaking
from course_utils.teaching import config
from course_utils.teaching.errors import CourseError
from course_utils.teaching.plain_text import PlainConsole
from course_utils.teaching.spoken import spoken_language

if TYPE_CHECKING:
    from course_utils.teaching.collect.roster import Roster

__all__ = ["collect", "run"]


def collect(
    assignment: Annotated[str, typer.Argument(help="The assignment's name.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="The LMS's downloads: zips, tars, folders, notebooks; all in "
            "downloaded/ASSIGNMENT/archive, if left out."
        ),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option("--roster", help="The class as CSV; roster.csv, if left out and there."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be collected.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
) -> None:
    """Collect hand-ins out of an LMS's downloads; the latest try of each student counts.

    Damaged notebooks are mended as `course doctor` does it; the student's file is kept in
    downloaded/ASSIGNMENT/originals.
    Exits with 1 where something needs a person: a file refused, a name not on the roster.
    """
    raise typer.Exit(run(assignment, files or [], roster, dry_run=dry_run, as_csv=as_csv))


def run(
    assignment: str,
    files: Sequence[Path] = (),
    roster: Path | None = None,
    *,
    dry_run: bool = False,
    as_csv: bool = False,
) -> int:
    """Collect the assignment; returns the exit code: 1 where something needs a person.

    files: downloads; all in downloaded/<assignment>/archive, if empty. roster: a CSV;
    roster.csv of the course, if None and there. Table or CSV to stdout, the rest to stderr.
    Raises CourseError where there is nothing to collect, the roster is none, or another
    `course collect` is at work in this course.
    """
    # Late: `course --help` needs no nbgrader.
    from course_utils.teaching.collect import run as collecting
    from course_utils.teaching.collect import table

    course = config.load()
    language = spoken_language(course)
    title = course.assignment(assignment).title[language]
    downloaded = course.root / "downloaded" / assignment
    files = _files(files, downloaded / "archive")
    people = _roster(roster, course.root / "roster.csv")
    log = PlainConsole(stderr=True, soft_wrap=True)
    with nullcontext() if dry_run else _alone(course.root), speaking(language):
        with _progress(log) as progress:
            found = collecting.collect(
                course, assignment, files, people, dry_run=dry_run, progress=progress
            )
        for warning in found.warnings:
            log.print(warning, style="yellow")
        if not dry_run:
            table.log(downloaded / "collected.csv", found.items)
        if as_csv:
            table.write_csv(found.items, sys.stdout)
        else:
            table.to_stdout(found, title)
        if dry_run:
            log.print("Nothing was written: --dry-run.")
    return 1 if found.needs_person else 0


def _alone(root: Path) -> AbstractContextManager:
    """Tries and the log have one writer. The lock goes with the process, however it ends."""
    from filelock import FileLock, Timeout

    place = root / "downloaded" / "lock"
    place.parent.mkdir(exist_ok=True)
    try:
        return FileLock(place).acquire(timeout=0)
    except Timeout:
        raise CourseError(
            f"Another `course collect` is at work in {root}. Wait until it has ended."
        ) from None


def _files(files: Sequence[Path], archive: Path) -> list[Path]:
    if not files:
        there = sorted(archive.iterdir()) if archive.is_dir() else []
        there = [path for path in there if not path.name.startswith(".")]
        if not there:
            raise CourseError(
                f"Expected the LMS's downloads in {archive}, found none. "
                "Put them there, or name them after the assignment."
            )
        return there
    missing = [path for path in files if not path.exists()]
    if missing:
        raise CourseError([f"Expected a download at {p}, found no such file." for p in missing])
    return list(files)


def _roster(given: Path | None, usual: Path) -> "Roster":
    from course_utils.teaching.collect.roster import Roster, read_roster

    if given is None:
        return read_roster(usual) if usual.is_file() else Roster()
    if not given.is_file():
        raise CourseError(f"Expected a roster at {given}, found no such file.")
    return read_roster(given)


@contextmanager
def _progress(log: Console):
    """A bar on stderr; yields what `collect` reports to."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    names = {"read": "Reading the downloads", "file": "Filing the hand-ins"}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=log, transient=True) as bar:
        tasks = {}

        def report(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(names[step], total=of or None)
            bar.update(tasks[step], completed=done, total=of or None)

        yield report
