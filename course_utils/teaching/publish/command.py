"""`course publish`: the student edition, looked through for leaks, written into a folder."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["publish"]

_SHOWN = ("new", "updated", "unchanged", "removed", "kept", "conflict")
_SIGNS = {"new": "+", "updated": "~", "removed": "-", "kept": "=", "conflict": "!"}


def publish(
    dest: Annotated[Path, typer.Argument(help="The folder, or git repository, to write to.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look for leaks, show what would change.")
    ] = False,
    tag: Annotated[
        str | None,
        typer.Option(
            "--tag", help="The tag that set-up cells install; course.toml's, if left out."
        ),
    ] = None,
) -> None:
    """Write the student edition: lectures, assignments, the package without its tools.

    Publishing again updates it; files changed there by hand are kept and reported. Exits with
    1 where one of them stands in the way, or where something would leak: then nothing is
    written.
    """
    # Late: `course --help` needs none of nbformat and torch.
    from rich.console import Console

    from course_utils.teaching import config
    from course_utils.teaching.errors import CourseError
    from course_utils.teaching.publish import destination

    course = config.load()
    if tag is not None and not config.is_tag(tag):
        raise typer.BadParameter(f"Expected a tag of git, got {tag!r}.", param_hint="--tag")
    destination.require_usable(dest, course.root)
    log = Console(stderr=True, highlight=False, soft_wrap=True)
    files, problems = _checked(course, tag, log)
    if problems:
        raise CourseError([*problems, "Nothing was written."])
    found = destination.plan(dest, files)
    if not dry_run:
        destination.apply(found)
    _show(found)
    if dry_run:
        log.print("Nothing was written: --dry-run.", markup=False)
    else:
        log.print(_next_steps(course, dest, tag or course.tag), markup=False)
    raise typer.Exit(1 if found.of("conflict") else 0)


def _checked(course, tag, log):
    """The edition's files, and all that speaks against publishing them."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from course_utils.teaching import build
    from course_utils.teaching.publish import leaks, own_checks, secrets
    from course_utils.teaching.publish.edition import edition

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=log, transient=True) as bar:
        task = bar.add_task("Looking whether all is built", total=None)
        problems = build.check(course, [])
        if problems:
            return {}, problems
        files = edition(course, tag)
        bar.update(task, description="Looking for leaks", total=len(files))
        problems = leaks.find_leaks(
            files, secrets.find(course), lambda done: bar.update(task, completed=done)
        )
        bar.update(task, description="Blank answers fail their checks", total=None)
        problems += own_checks.find_passing(files)
    return files, problems


def _show(found) -> None:
    """Each change on a line, then a table: how many files of which part."""
    from rich.console import Console
    from rich.table import Table

    from course_utils.teaching.publish.edition import kind_of

    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = 120
    for change in found.changes:
        if change.what in _SIGNS:
            why = f"  ({change.why})" if change.why else ""
            out.print(f"{_SIGNS[change.what]} {change.path}{why}", markup=False)
    counts = Counter((kind_of(change.path), change.what) for change in found.changes)
    table = Table("part", *_SHOWN)
    for kind in ("lectures", "assignments", "course_utils", "other"):
        table.add_row(kind, *(str(counts[kind, what] or "") for what in _SHOWN))
    out.print(table)


def _next_steps(course, dest: Path, tag: str | None) -> str:
    steps = [f"cd {dest}", "git add --all", "git commit --message 'Student edition'"]
    if tag:
        steps.append(f"git tag {tag}")
    steps.append(f"git push{' --tags' if tag else ''}")
    address = f"https://github.com/{course.repository}"
    return f"Now push it to {address}, branch {course.branch}:\n  " + "\n  ".join(steps)
