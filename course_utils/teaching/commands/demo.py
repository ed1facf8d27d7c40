"""The command `course demo`."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


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
