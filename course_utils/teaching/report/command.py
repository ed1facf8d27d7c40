"""The command `course report`."""

from pathlib import Path
from typing import Annotated

import typer

from course_utils.teaching.errors import CourseError

__all__ = ["report"]

FOLDER = "reports"


def report(
    assignment: Annotated[str, typer.Argument(help="The assignment's name.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The page to write; reports/ASSIGNMENT.html, if left out.",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language", help="Of the page, ru or en; the course's first, if left out."
        ),
    ] = None,
) -> None:
    """Write one HTML page on the class's work: marks, mistakes, look-alikes, code to look at.

    It opens in any browser, loads nothing and holds students' names and code: for instructors.
    """
    # Late: `course --help` needs none of nbgrader, jinja2 and torch.
    from rich.console import Console
    from rich.progress import Progress

    from course_utils.i18n import speaking
    from course_utils.teaching import config
    from course_utils.teaching.report.gather import gather
    from course_utils.teaching.report.page import render

    course = config.load()
    found = course.assignment(assignment)
    language = course.require_language(language or course.languages[0])
    path = out or course.root / FOLDER / f"{assignment}.html"
    if path.is_dir():
        raise CourseError(
            f"Expected --out to be a file, got the folder {path}. "
            f"Try: --out {path / f'{assignment}.html'}"
        )
    with (
        speaking(language),
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("Reading and comparing hand-ins", total=None)
        data = gather(
            course.root,
            assignment,
            found.title[language],
            lambda total: progress.update(task, total=total, advance=1),
        )
        page = render(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    print(path)
