"""The command `course doctor`: options, files, exit code."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["doctor", "target"]


def doctor(
    notebooks: Annotated[
        list[Path],
        typer.Argument(help="Hand-ins: notebooks, or what was handed in instead of one."),
    ],
    assignment: Annotated[
        str | None,
        typer.Option("--assignment", help="What they should be of; each says itself, if out."),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Write NOTEBOOK.repaired.ipynb beside each of them."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder for the mended notebooks.")
    ] = None,
    language: Annotated[
        str | None,
        typer.Option("--language", help="Of the sentences; the course's first, if left out."),
    ] = None,
) -> None:
    """Say what happened to a notebook on its way, and mend it against the assignment.

    Cells deleted, doubled, edited or without their marks, encodings, formats, scripts. The
    student's code is never touched, nor is the file itself. Exits with 0 where nothing costs a
    mark or all of it was mended, with 1 where --repair can help or a person has to look.
    """
    # Late: `course --help` needs none of nbgrader.
    from rich.console import Console
    from rich.progress import track

    from course_utils.i18n import speaking
    from course_utils.teaching import config
    from course_utils.teaching.doctor import table
    from course_utils.teaching.doctor.examine import Doctor
    from course_utils.teaching.errors import CourseError

    if out is not None and not repair:
        raise typer.BadParameter("--out needs --repair: without it nothing is written.")
    course = config.load()
    if assignment is not None:
        course.assignment(assignment)
    missing = [path for path in notebooks if not path.is_file()]
    if missing:
        raise CourseError([f"Expected a notebook at {p}, found no such file." for p in missing])
    with speaking(course.require_language(language or course.languages[0])):
        found, written = [], {}
        console = Console(stderr=True)
        shown = track(notebooks, "Examining", console=console, transient=True)
        examiner = Doctor(course)
        for path in shown if len(notebooks) > 3 else notebooks:
            one = examiner.examine(path, assignment)
            found.append(one)
            if repair and one.findings and one.notebook is not None:
                taken = {*notebooks, *written.values()}
                written[path] = _write(one.notebook, target(path, out, taken))
        table.to_stdout(found, written, repair=repair)
    left = any(one.needs_person or (one.damaged and one.path not in written) for one in found)
    raise typer.Exit(1 if left else 0)


def target(path: Path, out: Path | None, taken: set[Path]) -> Path:
    """Where the mended notebook goes: never over a hand-in, nor over another mended one."""
    name = f"{path.stem}.ipynb" if out is not None else f"{path.stem}.repaired.ipynb"
    folder = out if out is not None else path.parent
    there = {other.resolve() for other in taken}
    place, number = folder / name, 1
    while place.resolve() in there or place.is_dir():
        number += 1
        place = folder / f"{path.stem}.repaired{number if number > 2 else ''}.ipynb"
    return place


def _write(notebook, path: Path) -> Path:
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    return path
