"""The command `course grade`: options, progress, the class's table."""

import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from course_utils.i18n import _, speaking
from course_utils.teaching.config import load
from course_utils.teaching.grading.processes import begun
from course_utils.teaching.plain_text import PlainConsole
from course_utils.teaching.spoken import spoken_language

__all__ = ["grade"]


def grade(
    assignment: Annotated[str, typer.Argument(help="The assignment's name.")],
    students: Annotated[
        list[str] | None,
        typer.Option(
            "--students", "-s", help="Only these ids (repeat, or separate by commas)."
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=1, help="Workers of this machine; one a core if left out."
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler", help="Address (tls://) of a Dask scheduler, in place of own workers."
        ),
    ] = None,
    certificates: Annotated[
        Path | None,
        typer.Option(
            help="Folder with ca.pem, cert.pem and key.pem for the scheduler; "
            "certificates/ if left out."
        ),
    ] = None,
    rerun: Annotated[
        list[str] | None,
        typer.Option(
            "--rerun",
            help="Grade anew what is graded, timed_out, crashed, unreadable, or all.",
        ),
    ] = None,
    no_sandbox: Annotated[
        bool,
        typer.Option(
            "--no-sandbox",
            help="Run student code with YOUR rights, files and network. Dangerous.",
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Without the class's table.")
    ] = False,
) -> None:
    """Grade the hand-ins of an assignment: in a sandbox, side by side, none lost.

    Hand-ins that are graded already and have not changed are left alone. A run that was
    interrupted, in whatever way, goes on where it was. Exits with 1 where a hand-in has no
    mark for a reason that is not its own.
    """
    log = PlainConsole(stderr=True, soft_wrap=True)
    course = load()
    course.assignment(assignment)
    if no_sandbox:
        log.print(
            "No sandbox: student code runs with your rights, "
            "reads your files and reaches the network.",
            style="bold red",
        )
    with nullcontext() if scheduler else begun(course.root, assignment, sandbox=not no_sandbox):
        # Late: `course --help` needs no nbgrader.
        from course_utils.teaching import class_table
        from course_utils.teaching.gradebook import GradebookError
        from course_utils.teaching.grading.run import Grading

        warnings.simplefilter("ignore")  # SQLAlchemy's, of nbgrader's own queries
        grading = Grading(course, assignment, sandbox=not no_sandbox)
        summary = grading.run(
            _split(students),
            jobs=jobs,
            scheduler=scheduler,
            certificates=certificates,
            rerun=_split(rerun),
            console=log,
        )
    if not quiet:
        language = spoken_language(course)
        with speaking(language):
            try:
                rows = class_table.class_rows(course.root, assignment)
            except GradebookError as error:
                summary.problems = summary.problems or error.problems
            else:
                class_table.to_stdout(rows, course.assignment(assignment).title[language])
    with speaking("en"):
        states = [f"{count} {_(class_table.STATES[s])}" for s, count in summary.states.items()]
    log.print(
        f"{summary.graded} graded now, {summary.before} before: {', '.join(states) or 'none'}.",
    )
    for problem in summary.problems:
        log.print(problem, style="red")
    raise typer.Exit(1 if summary.problems else 0)


def _split(values: list[str] | None) -> list[str]:
    return [part for value in values or () for part in value.split(",") if part]
