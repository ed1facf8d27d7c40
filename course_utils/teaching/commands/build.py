"""The command `course build`."""

from typing import Annotated

import typer

from course_utils.teaching.plain_text import PlainConsole

__all__ = ["build"]


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
    found, log = load(), PlainConsole(stderr=True, soft_wrap=True)
    try:
        if check:
            problems = building.check(found, names or [])
            for problem in problems:
                print(problem)
        else:
            report = building.build(found, names or [], force=force, jobs=jobs, console=log)
            for path in report.written:
                print(path.relative_to(found.root))
            problems = report.problems
            for problem in problems:
                log.print(problem, style="red")
            log.print(f"{len(report.written)} written, {report.fresh} already fresh.")
    except building.UnknownName as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(1 if problems else 0)
