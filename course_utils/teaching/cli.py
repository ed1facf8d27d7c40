"""`course`: the command line of those who give and those who maintain the course.

Results go to stdout, the log and the progress to stderr. Exit codes: 0 all is well, 1 something
was found or failed, 2 the command was not understood.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from course_utils import __version__
from course_utils.teaching.doctor.command import doctor
from course_utils.teaching.errors import CourseError, disk_trouble
from course_utils.teaching.grading.command import grade
from course_utils.teaching.lab.command import lab
from course_utils.teaching.plain_text import PlainConsole
from course_utils.teaching.programs import (
    find_own_programs_first,
    require_one_package,
    unused_package,
    write_every_letter,
)
from course_utils.teaching.publish.command import publish
from course_utils.teaching.report.command import report
from course_utils.teaching.site.command import site

__all__ = ["app", "main"]

app = typer.Typer(
    name="course",
    help="Build, publish and grade the course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_log = PlainConsole(stderr=True, soft_wrap=True)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"course {__version__}")
        raise typer.Exit


@app.callback()
def course(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Build, publish and grade the course. Run it in the folder that holds course.toml."""


@app.command()
def build(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Lectures, assignments, `messages` or `glossary`; all, if left out."
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only list what is stale, missing or wrong; exit 1 if any."
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Build what is fresh too, as after a change in course_utils."
        ),
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="Lectures executed at the same time.")
    ] = 2,
) -> None:
    """Build notebooks, assignments and the catalogue of messages from their sources.

    Lectures are executed; a lecture whose prose alone changed keeps its outputs.
    """
    # Late: `course --help` needs none of nbgrader, nbclient and torch.
    from course_utils.teaching import build as building
    from course_utils.teaching.config import load

    if check and force:
        raise typer.BadParameter("--check builds nothing, so --force has nothing to force.")
    found = load()
    try:
        if check:
            problems = building.check(found, names or [])
            for problem in problems:
                print(problem)
        else:
            report = building.build(found, names or [], force=force, jobs=jobs, console=_log)
            for path in report.written:
                print(path.relative_to(found.root))
            problems = report.problems
            _complain(problems)
            _say(f"{len(report.written)} written, {report.fresh} already fresh.")
    except building.UnknownName as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(1 if problems else 0)


@app.command()
def demo(
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="The folder to work in; demo/ in the course, if left out."),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            help="To speak; COURSE_LANGUAGE, else the locale's, else the course's first, "
            "if left out.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every assignment; some minutes.")
    ] = False,
    assignments: Annotated[
        list[str] | None,
        typer.Argument(help="Assignments to give to the class; one, if left out."),
    ] = None,
) -> None:
    """Run a whole teaching cycle on a built-in class: all steps, from publishing to export.

    Ends with the class's table and exits with 1 where a mark is not what was planted.
    """
    from course_utils.teaching import demo as demonstration

    if everything and assignments:
        raise typer.BadParameter("--all takes every assignment; leave their names out.")
    raise typer.Exit(
        demonstration.run(keep, language, assignments or [], everything=everything)
    )


@app.command()
def spell() -> None:
    """Look up every word of the course's prose, in both languages, with hunspell.

    Words that the dictionaries lack stand in docs/spelling. Exits with 1 where one is unknown.
    """
    from course_utils.teaching import spelling
    from course_utils.teaching.config import load

    problems = spelling.check(load())
    for problem in problems:
        print(problem)
    raise typer.Exit(1 if problems else 0)


@app.command()
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
    from course_utils.teaching.collect import command

    raise typer.Exit(
        command.run(assignment, files or [], roster, dry_run=dry_run, as_csv=as_csv)
    )


app.command()(doctor)
app.command()(grade)
app.command()(report)
app.command()(publish)
app.command()(lab)
app.command()(site)


@app.command()
def marks(
    assignment: Annotated[str, typer.Argument(help="The assignment's name.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
) -> None:
    """Show the class's marks: points per exercise, mistakes by name, how each hand-in ended."""
    from course_utils.teaching import class_table

    class_table.show(assignment, as_csv=as_csv)


def main() -> None:
    """The entry point: errors for the person at the keyboard come without a traceback."""
    find_own_programs_first()
    write_every_letter()
    try:
        require_one_package()
        if unused := unused_package(Path.cwd()):
            _say(unused)
        app()
    except CourseError as error:
        _complain(error.problems)
        sys.exit(1)
    except OSError as error:
        trouble = disk_trouble(error)
        if trouble is None:
            raise
        _complain([trouble])
        sys.exit(1)
    except KeyboardInterrupt:
        _say("Interrupted.")
        sys.exit(130)


def _complain(problems: list[str]) -> None:
    for problem in problems:
        _log.print(problem, style="red")


def _say(words: str) -> None:
    _log.print(words)


if __name__ == "__main__":
    main()
