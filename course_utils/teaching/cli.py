"""`course`: the command line of those who give and those who maintain the course.

Results go to stdout, the log and the progress to stderr. Exit codes: 0 all is well, 1 something
was found or failed, 2 the command was not understood.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from course_utils import __version__
from course_utils.teaching.commands.build import build
from course_utils.teaching.commands.collect import collect
from course_utils.teaching.commands.demo import demo
from course_utils.teaching.commands.marks import marks
from course_utils.teaching.commands.spell import spell
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


for command in (build, demo, spell, collect, doctor, grade, report, publish, lab, site, marks):
    app.command()(command)


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
