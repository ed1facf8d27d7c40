"""Lectures: lectures/NN_name.py becomes lectures/<language>/NN_name.ipynb, executed."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.teaching import notebooks, rules
from course_utils.teaching.config import LECTURES, Course
from course_utils.teaching.source import Cell, Source, parse

__all__ = ["Lecture", "is_fresh", "keep_outputs", "plan", "sources"]

FOLDER = LECTURES


@dataclass(frozen=True)
class Lecture:
    """One notebook to build. cells: for each cell of `plain` its source cell, None if added."""

    source: Source
    language: str
    path: Path
    plain: NotebookNode
    cells: tuple[Cell | None, ...]


def sources(course: Course) -> list[Path]:
    """The sources of all lectures, by name."""
    return sorted((course.root / FOLDER).glob("*.py"))


def plan(course: Course, path: Path) -> list[Lecture]:
    """The notebooks of one source, one a language, not executed.

    Raises CourseError with all that is wrong in the source.
    """
    source = parse(path, course.root)
    rules.require_sound(source, course.languages)
    return [_plain(course, source, language) for language in course.languages]


def _plain(course: Course, source: Source, language: str) -> Lecture:
    file = f"{source.name}.ipynb"
    ids = notebooks.Ids()
    cells: list[NotebookNode] = []
    origins: list[Cell | None] = []
    for cell in source.cells:
        if cell.kind == "code":
            tags = {"tags": cell.tags} if cell.tags else {}
            cells.append(notebooks.code(ids.give("code", cell.text), cell.text, **tags))
        elif cell.language == language:
            tags = {"tags": cell.tags} if cell.tags else {}
            cell_id = ids.give("prose", cell.text)
            cells.append(notebooks.markdown(cell_id, cell.text, **tags))
        else:
            continue
        origins.append(cell)
    # The title stays on top; the set-up is the first code that runs.
    cells.insert(1, notebooks.setup_cell(course, language))
    origins.insert(1, None)
    cells.insert(0, notebooks.badge_cell(course, language, FOLDER, file))
    origins.insert(0, None)
    about = {
        "language": language,
        "name": source.name,
        "source_sha256": _digest(cells),
    }
    return Lecture(
        source=source,
        language=language,
        path=course.root / FOLDER / language / file,
        plain=notebooks.notebook(cells, about),
        cells=tuple(origins),
    )


def is_fresh(lecture: Lecture) -> bool:
    """Whether the notebook on disk is what the source says, and was executed."""
    found = _read(lecture.path)
    if found is None or any(_executable(c) and c.execution_count is None for c in found.cells):
        return False
    return notebooks.write(_without_outputs(found)) == notebooks.write(lecture.plain)


def keep_outputs(lecture: Lecture) -> NotebookNode | None:
    """The notebook with the outputs that stand on disk, if its code is unchanged; else None.

    A lecture whose prose alone was edited needs no execution.
    """
    found = _read(lecture.path)
    if found is None:
        return None
    before = [cell for cell in found.cells if cell.cell_type == "code"]
    result = nbformat.from_dict(lecture.plain)
    after = [cell for cell in result.cells if cell.cell_type == "code"]
    for old, new in zip(before, after, strict=False):
        if _executable(old) and old.execution_count is None:
            return None
        if (old.get("id"), old.source, old.metadata) != (new.id, new.source, new.metadata):
            return None
        new.outputs, new.execution_count = old.outputs, old.execution_count
    return result if len(before) == len(after) else None


def _read(path: Path) -> NotebookNode | None:
    try:
        return nbformat.read(path, as_version=nbformat.NO_CONVERT)
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return None


def _executable(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _without_outputs(found: NotebookNode) -> NotebookNode:
    bare = nbformat.from_dict(found)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare


def _digest(cells: list[NotebookNode]) -> str:
    """A digest of what this notebook takes from its source, for those who compare notebooks."""
    taken = [[cell.cell_type, cell.source, cell.metadata] for cell in cells]
    text = json.dumps(taken, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
