"""`course build`: everything derived, from its source.

What is derived: the lectures' notebooks, the solutions' notebooks, the assignments that
nbgrader generates from these, the catalogue of messages, and the pages of the glossary. Only
what is stale is built.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from course_utils.teaching import assignments, catalogue, glossary, lectures, notebooks
from course_utils.teaching.config import FILE_NAME, Course
from course_utils.teaching.errors import CourseError
from course_utils.teaching.execute import Failure, execute

__all__ = ["GLOSSARY", "MESSAGES", "Report", "UnknownName", "build", "check", "names_of"]

MESSAGES, GLOSSARY = "messages", "glossary"  # names under which these are built
LARGEST = 400_000  # bytes of a notebook; larger ones are slow to open and to clone


@dataclass
class Report:
    """What a build did. written: paths that changed; fresh: how many did not need it."""

    written: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    fresh: int = 0


class UnknownName(CourseError):
    """A name on the command line that is no lecture and no assignment."""


def names_of(course: Course) -> list[str]:
    """All that can be built, by name: lectures, assignments, the messages, the glossary."""
    found = [path.stem for path in lectures.sources(course)]
    found += [path.stem for path in assignments.sources(course)]
    return [*found, MESSAGES, GLOSSARY]


def build(
    course: Course,
    names: Sequence[str] = (),
    *,
    force: bool = False,
    jobs: int = 2,
    console: Console | None = None,
) -> Report:
    """Build what is stale among `names` (all, if empty); with `force`, what is fresh too.

    jobs: lectures executed at a time. console: where the progress goes (stderr, if None).
    Problems of one source stop that source and are in the report; the others are built.
    Raises UnknownName for a name that nothing is built from.
    """
    wanted = _wanted(course, names)
    console = console or Console(stderr=True)
    report = Report()
    if MESSAGES in wanted:
        _gather(report, lambda: _write(report, catalogue.update(course.root)))
        _gather(report, lambda: report.problems.extend(catalogue.findings(course.root)))
    if GLOSSARY in wanted:
        _gather(report, lambda: _write(report, glossary.pages(course)))
    for path in assignments.sources(course):
        if path.stem in wanted:
            _gather(report, lambda p=path: _write(report, assignments.plan(course, p)))
    planned: list[lectures.Lecture] = []
    for path in lectures.sources(course):
        if path.stem in wanted:
            _gather(report, lambda p=path: planned.extend(lectures.plan(course, p)))
    stale = []
    for lecture in planned:
        if force:
            stale.append(lecture)
        elif lectures.is_fresh(lecture):
            report.fresh += 1
        elif kept := lectures.keep_outputs(lecture):
            _write(report, {lecture.path: notebooks.write(kept).encode()})
        else:
            stale.append(lecture)
    _execute_all(course, stale, report, jobs, console)
    if not names:
        report.problems += _missing(course)
    for lecture in planned:
        report.problems += _too_large(course, lecture.path)
    return report


def check(course: Course, names: Sequence[str] = ()) -> list[str]:
    """All that is stale, missing or wrong among `names` (all, if empty). Executes nothing."""
    wanted = _wanted(course, names)
    report = Report()
    if MESSAGES in wanted:
        _gather(report, lambda: report.problems.extend(catalogue.check(course.root)))
    if GLOSSARY in wanted:
        _gather(report, lambda: _check_files(course, glossary.pages(course), report, GLOSSARY))
    for path in assignments.sources(course):
        if path.stem in wanted:
            _gather(
                report, lambda p=path: _check_files(course, assignments.plan(course, p), report)
            )
    for path in lectures.sources(course):
        if path.stem in wanted:
            _gather(report, lambda p=path: _check_lecture(course, p, report))
    if not names:
        report.problems += _missing(course) + _orphans(course)
    return report.problems


def _wanted(course: Course, names: Sequence[str]) -> set[str]:
    """The names as given, with or without folder and ending; all, if there are none."""
    known = names_of(course)
    wanted = {Path(name).stem for name in names}
    for name in sorted(wanted - set(known)):
        raise UnknownName(
            f"Expected a name out of {', '.join(known)}, got {name!r}. "
            "Correct it, or leave names out to build all."
        )
    return wanted or set(known)


def _gather(report: Report, step: Callable[[], None]) -> None:
    try:
        step()
    except CourseError as error:
        report.problems += error.problems


def _write(report: Report, files: dict[Path, bytes]) -> None:
    """Write what differs from what is on disk."""
    for path, content in files.items():
        if path.is_file() and path.read_bytes() == content:
            report.fresh += 1
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        report.written.append(path)


def _execute_all(
    course: Course,
    stale: Sequence[lectures.Lecture],
    report: Report,
    jobs: int,
    console: Console,
) -> None:
    """Execute lectures, `jobs` at a time, each written as soon as it is done."""
    if not stale:
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(jobs) as pool:

        def run(lecture: lectures.Lecture):
            name = f"{lecture.language}/{lecture.path.name}"
            task = progress.add_task(name, total=len(lecture.plain.cells))
            found = execute(
                lecture.plain,
                course.root,
                on_cell=lambda index: progress.update(task, completed=index),
            )
            progress.update(task, completed=len(lecture.plain.cells))
            return found

        running = {pool.submit(run, lecture): lecture for lecture in stale}
        for done in as_completed(running):
            lecture = running[done]
            try:
                found, failures = done.result()
            except Failure as failure:
                report.problems.append(_at(lecture, failure))
                continue
            report.problems += [_at(lecture, failure) for failure in failures]
            if not failures:
                _write(report, {lecture.path: notebooks.write(found).encode()})


def _at(lecture: lectures.Lecture, failure: Failure) -> str:
    """A failure with the line of the source that the cell comes from."""
    cell = lecture.cells[failure.index]
    if cell is None:
        where = f"{lecture.source.shown}: the set-up cell that the build adds"
    else:
        where = lecture.source.at(cell)
    return f"{where}, in {lecture.language!r}: {failure.words}"


def _check_lecture(course: Course, path: Path, report: Report) -> None:
    for lecture in lectures.plan(course, path):
        if not lecture.path.is_file():
            report.problems.append(_stale(course, lecture.path, "missing"))
        elif not lectures.is_fresh(lecture):
            report.problems.append(_stale(course, lecture.path, "stale"))
        report.problems += _too_large(course, lecture.path)


def _check_files(
    course: Course, files: dict[Path, bytes], report: Report, name: str | None = None
) -> None:
    """name: what builds these files, where it isn't called as they are."""
    for path, content in files.items():
        if not path.is_file():
            report.problems.append(_stale(course, path, "missing", name))
        elif path.read_bytes() != content:
            report.problems.append(_stale(course, path, "stale", name))
    released = course.root / assignments.RELEASED
    for folder in {path.parent for path in files if path.is_relative_to(released)}:
        report.problems += [
            _orphan(course, path)
            for path in sorted(folder.iterdir())
            if path.is_file() and path not in files
        ]


def _stale(course: Course, path: Path, what: str, name: str | None = None) -> str:
    return f"{path.relative_to(course.root)}: {what}. Run `course build {name or path.stem}`."


def _too_large(course: Course, path: Path) -> list[str]:
    size = path.stat().st_size if path.is_file() else 0
    if size <= LARGEST:
        return []
    return [
        f"{path.relative_to(course.root)}: expected at most {LARGEST // 1000} kB, got "
        f"{size // 1000} kB. Draw fewer or smaller pictures."
    ]


def _missing(course: Course) -> list[str]:
    """What course.toml names and nothing is there for."""
    known = {path.stem for path in lectures.sources(course)}
    given = {path.stem for path in assignments.sources(course)}
    problems = []
    for name, assignment in course.assignments.items():
        if name not in given:
            problems.append(
                f"{FILE_NAME}: [assignments.{name}] expects "
                f"{assignments.SOLUTIONS}/{name}/{name}.py, found no such file. "
                "Write it, or remove the table."
            )
        problems += [
            f"{FILE_NAME}: assignments.{name}.lectures expects "
            f"{lectures.FOLDER}/{lecture}.py, found no such file. Correct the name."
            for lecture in assignment.lectures
            if lecture not in known
        ]
    return problems


def _orphans(course: Course) -> list[str]:
    """Derived notebooks, and whatever else lies among them, that no source makes."""
    known = {path.stem for path in lectures.sources(course)}
    given = {path.stem for path in assignments.sources(course)}
    found = [
        path
        for language in course.languages
        for path in (course.root / lectures.FOLDER / language).glob("*.ipynb")
        if path.stem not in known
    ]
    found += [
        path
        for language in course.languages
        for path in (course.root / assignments.RELEASED / language).glob("*/*.ipynb")
        if path.parent.name not in given
    ]
    found += [
        path
        for path in (course.root / assignments.SOLUTIONS).glob("*/*.ipynb")
        if path.stem not in given or path.stem != path.parent.name
    ]
    return [_orphan(course, path) for path in sorted(found)]


def _orphan(course: Course, path: Path) -> str:
    return (
        f"{path.relative_to(course.root)}: no source makes this file. Remove it, "
        "or bring its source back."
    )
