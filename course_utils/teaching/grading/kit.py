"""What a worker must know of an assignment, as data that travels to any machine.

A gradebook with the released cells and no student, the released notebooks, the settings.
Nothing of a student is in it, so a worker that is broken into has nothing to give away but
the assignment.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Base, Gradebook, MissingEntry
from nbgrader.utils import find_all_files
from sqlalchemy import create_engine
from traitlets.config import Config

from course_utils.teaching.config import FILE_NAME, Course
from course_utils.teaching.errors import CourseError
from course_utils.teaching.gradebook import reading
from course_utils.teaching.settings import (
    CONFIG,
    Places,
    course_directory,
    load_config,
    released_folders,
)

__all__ = ["CONFIG", "Kit", "course_directory", "load_config", "make_kit", "unpack"]

_DATABASE = "gradebook.db"


@dataclass(frozen=True)
class Kit:
    """One assignment to grade. files: what a worker's folder holds, path below it -> bytes.

    notebooks: names without suffix; released: digest of what the students were given.
    """

    assignment: str
    notebooks: tuple[str, ...]
    files: Mapping[str, bytes]
    released: str

    @property
    def digest(self) -> str:
        """Changes with anything in the kit."""
        return _digest(self.files)


def make_kit(course: Course, assignment: str, config: Config) -> Kit:
    """The kit of an assignment out of the course's folder and its gradebook.

    Raises CourseError where the assignment was never generated.
    """
    course.assignment(assignment)
    directory = course_directory(course.root, config, assignment)
    files = {name: (course.root / name).read_bytes() for name in (FILE_NAME, CONFIG)}
    address = config.CourseDirectory.get("db_url")  # a worker has its own, and no password
    if isinstance(address, str) and address:
        files[CONFIG] = files[CONFIG].replace(address.encode(), b"sqlite:///gradebook.db")
    names, cells = _released(directory.db_url, assignment)
    for language, folders in released_folders(course.root, assignment).items():
        for name in names:
            found = [path for f in folders if (path := f / f"{name}.ipynb").is_file()]
            if found:
                place = f"assignments/{language}/{assignment}/{name}.ipynb"
                files[place] = found[0].read_bytes()
    source = Places(directory).source(assignment)
    for path in find_all_files(str(source), [*directory.ignore, "*.ipynb"]):
        beside = Path(path).relative_to(source).as_posix()
        files[f"beside/{beside}"] = Path(path).read_bytes()
    given = {name: data for name, data in files.items() if name != CONFIG}
    released = _digest(given | {"cells": repr(cells).encode()})
    files[_DATABASE] = _database(assignment, cells)
    return Kit(assignment, tuple(names), files, released)


def unpack(kit: Kit, folder: Path) -> Path:
    """Write the kit into `folder`, which becomes a course with one assignment."""
    for name, data in kit.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _released(db_url: str, assignment: str) -> tuple[list[str], dict]:
    """Names of the notebooks, and all that the gradebook knows of their cells."""
    try:
        with reading(db_url, assignment) as gradebook:
            found = gradebook.find_assignment(assignment)
            names = sorted(notebook.name for notebook in found.notebooks)
            return names, {
                (notebook.name, notebook.kernelspec): {
                    "source_cell": _rows(
                        notebook.source_cells, "cell_type", "source", "checksum", "locked"
                    ),
                    "grade_cell": _rows(notebook.grade_cells, "max_score", "cell_type"),
                    "solution_cell": _rows(notebook.solution_cells),
                    "task_cell": _rows(notebook.task_cells, "max_score", "cell_type"),
                }
                for notebook in sorted(found.notebooks, key=lambda notebook: notebook.name)
            }
    except MissingEntry:
        raise CourseError(
            f"Expected the assignment {assignment} in the gradebook, found none. "
            f"Run: nbgrader generate_assignment {assignment}"
        ) from None


def _rows(cells, *fields: str) -> list[tuple[str, dict]]:
    rows = [(cell.name, {field: getattr(cell, field) for field in fields}) for cell in cells]
    return sorted(rows, key=lambda row: row[0])


def _database(assignment: str, cells: dict) -> bytes:
    """A gradebook of SQLite's with these cells and no student, as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, _DATABASE)
        engine = create_engine(f"sqlite:///{path}")
        Base.metadata.create_all(engine)  # or else nbgrader asks alembic for a version: seconds
        engine.dispose()
        with Gradebook(f"sqlite:///{path}") as gradebook:
            gradebook.update_or_create_assignment(assignment)
            for (notebook, kernelspec), kinds in cells.items():
                gradebook.update_or_create_notebook(notebook, assignment, kernelspec=kernelspec)
                for kind, rows in kinds.items():
                    create = getattr(gradebook, f"update_or_create_{kind}")
                    for name, fields in rows:
                        create(name, notebook, assignment, **fields)
        return path.read_bytes()


def _digest(files: Mapping[str, bytes]) -> str:
    found = hashlib.sha256()
    for name in sorted(files):
        found.update(f"{name}\0{len(files[name])}\0".encode())
        found.update(files[name])
    return found.hexdigest()
