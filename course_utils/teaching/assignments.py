"""Assignments: from solutions/<a>/<a>.py to what students get.

The source becomes solutions/<a>/<a>.ipynb, nbgrader's source, and from that nbgrader's own
generate step makes assignments/<language>/<a>/<a>.ipynb.

nbgrader works in a scratch folder with a gradebook of its own: building touches no marks. What
it made is looked through for solutions before it goes anywhere.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from nbformat import NotebookNode

from course_utils.teaching import glossary, marks, notebooks, rules
from course_utils.teaching.config import FILE_NAME, Course
from course_utils.teaching.errors import CourseError
from course_utils.teaching.source import Cell, Source, parse

__all__ = ["RELEASED", "SOLUTIONS", "plan", "solution_notebook", "sources"]

SOLUTIONS, RELEASED = "solutions", "assignments"
CONFIG = "nbgrader_config.py"


def sources(course: Course) -> list[Path]:
    """The sources of all assignments, by name."""
    found = (course.root / SOLUTIONS).glob("*/*.py")
    return sorted(path for path in found if path.stem == path.parent.name)


def plan(course: Course, path: Path) -> dict[Path, bytes]:
    """All that is derived from one source: path -> content.

    Raises CourseError with all that is wrong in the source, when nbgrader fails, and when a
    line of a solution would be published.
    """
    source = parse(path, course.root)
    rules.require_sound(source, course.languages, course.assignment(source.name))
    text = notebooks.write(solution_notebook(course, source)).encode()
    files = {path.with_suffix(".ipynb"): text}
    for language in course.languages:
        folder = course.root / RELEASED / language / source.name
        for name, content in _generate(course, source, text, language).items():
            files[folder / name] = content
    return files


def solution_notebook(course: Course, source: Source) -> NotebookNode:
    """The notebook with the solutions: prose of all languages, nbgrader's metadata, points.

    It carries a set-up cell in the course's first language, so that it runs as it stands.
    """
    points = course.assignment(source.name).points
    ids = notebooks.Ids()
    cells = [_cell(cell, points, ids) for cell in source.cells]
    setup = notebooks.setup_cell(course, course.languages[0], source.name)
    cells.insert(len(course.languages), setup)  # below the title
    cells.append(notebooks.hand_in_cell(course, source.name))
    taken = json.dumps([cells, dict(points)], ensure_ascii=False, sort_keys=True)
    about = {
        "name": source.name,
        "source_sha256": hashlib.sha256(taken.encode()).hexdigest(),
    }
    return notebooks.notebook(cells, about)


def _cell(cell: Cell, points: dict[str, float], ids: notebooks.Ids) -> NotebookNode:
    more: dict[str, Any] = {"tags": cell.tags} if cell.tags else {}
    if cell.role is None and cell.kind == "code":
        return notebooks.code(ids.give("code", cell.text), cell.text, **more)
    if cell.role is None:
        cell_id = ids.give("prose", cell.text)
        return notebooks.markdown(cell_id, cell.text, lang=cell.language, **more)
    grade_id = f"{cell.name}-solution" if cell.role == "exercise" else cell.name
    more["nbgrader"] = {
        "grade": cell.role != "exercise",
        "grade_id": grade_id,
        "locked": cell.role == "check",
        "schema_version": 3,
        "solution": cell.role != "check",
        "task": False,
    }
    if cell.role != "exercise":
        more["nbgrader"]["points"] = points[cell.name]
    # Not from the text: an id made from a solution would tell who guessed it right.
    cell_id = ids.give("graded", grade_id)
    make = notebooks.markdown if cell.role == "essay" else notebooks.code
    return make(cell_id, cell.text, **more)


def _generate(
    course: Course, source: Source, solution: bytes, language: str
) -> dict[str, bytes]:
    """What nbgrader releases in `language`: path below the assignment's folder -> content."""
    name = source.name
    with tempfile.TemporaryDirectory(prefix="course-") as scratch:
        root = Path(scratch).resolve()
        shutil.copy(course.root / FILE_NAME, root)
        if (course.root / glossary.SOURCE).is_file():  # a page links to it where there is one
            (root / glossary.SOURCE).parent.mkdir()
            shutil.copy(course.root / glossary.SOURCE, root / glossary.SOURCE)
        shutil.copytree(source.path.parent, root / SOLUTIONS / name)
        (root / SOLUTIONS / name / f"{name}.ipynb").write_bytes(solution)
        _run_nbgrader(course, root, name, language)
        folder = root / RELEASED / language / name
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    _require_no_solution(source, language, files)
    return files


def _run_nbgrader(course: Course, root: Path, name: str, language: str) -> None:
    """nbgrader's generate step in the folder `root`, with the course's own settings."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    from course_utils.teaching.language import VARIABLE

    path = course.root / CONFIG
    if not path.is_file():
        raise CourseError(f"Expected nbgrader's settings in {path}, found no such file.")
    with _environment(VARIABLE, language):
        config = Config(PyFileConfigLoader(path.name, path=str(path.parent)).load_config())
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.assignment_id = name
    config.CourseDirectory.source_directory = SOLUTIONS  # a grading's folders are no build's
    config.CourseDirectory.release_directory = f"{RELEASED}/{language}"
    config.CourseDirectory.pop("directory_structure", None)
    said: list[str] = []
    log = _gathering_log(said)
    with _scratch_gradebook() as address:
        config.CourseDirectory.db_url = address
        coursedir = CourseDirectory(config=config, log=log)
        step = GenerateAssignment(coursedir=coursedir, config=config)
        step.log = log
        try:
            step.start()
        except NbGraderException as error:
            raise CourseError(
                f"{SOLUTIONS}/{name}: nbgrader could not generate the assignment: "
                f"{_essence(said) or error}"
            ) from error


@contextmanager
def _scratch_gradebook() -> Iterator[str]:
    """The address of an empty gradebook in memory, which lives as long as the with block.

    It has its tables from the start: nbgrader would start a process to look up their version.
    """
    from nbgrader.api import Base
    from sqlalchemy import create_engine

    address = f"sqlite:///file:{uuid4().hex}?mode=memory&cache=shared&uri=true"
    engine = create_engine(address)
    with engine.connect():  # the last connection that closes takes the tables with it
        Base.metadata.create_all(engine)
        yield address
    engine.dispose()


def _gathering_log(said: list[str]) -> logging.Logger:
    """A logger that keeps errors in `said` and prints nothing."""
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(record.getMessage())
    log = logging.Logger("course.nbgrader", logging.WARNING)
    log.addHandler(handler)
    return log


def _essence(said: list[str]) -> str:
    """Of a log with tracebacks, the errors themselves."""
    ends = [message.strip().splitlines()[-1] for message in said if message.strip()]
    return "\n".join(
        end
        for end in ends
        if not end.startswith(("There was an error processing", "Please see"))
    )


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def _require_no_solution(source: Source, language: str, files: dict[str, bytes]) -> None:
    """Raise CourseError if a released file holds a line of a solution or of a mark scheme."""
    secret = _secret_lines(source)
    problems = []
    if f"{source.name}.ipynb" not in files:
        problems.append(f"expected {source.name}.ipynb in the release, got {sorted(files)}")
    for name, content in files.items():
        where = f"{RELEASED}/{language}/{source.name}/{name}"
        lines = {_squeezed(line) for line in _released_lines(name, content)}
        for line in sorted(secret & lines):
            problems.append(f"{where}: would publish a line of the solution: {line!r}")
        if name.endswith(".py"):
            problems.append(f"{where}: would publish a source. Keep CourseDirectory.ignore.")
    if problems:
        raise CourseError([f"{problem}. Nothing was written." for problem in problems])


def _secret_lines(source: Source) -> set[str]:
    """The lines that only solutions, model answers and mark schemes hold."""
    secret, public = set(), set()
    for cell in source.cells:
        lines = cell.text.split("\n")
        hidden = set()
        if cell.role == "essay":
            hidden = set(range(len(lines)))
        elif cell.role == "exercise":
            for region in marks.find(cell.text)[0]:
                hidden |= set(range(region.begin, region.end + 1))
        for number, line in enumerate(lines):
            (secret if number in hidden else public).add(_squeezed(line))
    # `return loss` alone tells nothing; what stands in the open is no secret.
    return {line for line in secret - public if len(re.findall(r"\w", line)) >= 8}


def _released_lines(name: str, content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", errors="replace")
    if name.endswith(".ipynb"):
        yield from _strings(json.loads(text))
    else:
        yield from text.split("\n")


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield from node.split("\n")
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)


def _squeezed(line: str) -> str:
    """A line with its white space made even."""
    return " ".join(line.split())
