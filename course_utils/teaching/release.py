"""What was released to students: the cells that nbgrader knows, and the blank answers."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook

from course_utils.essays import STUBS
from course_utils.i18n import LANGUAGES
from course_utils.teaching.settings import released_folders

__all__ = [
    "ReleasedCell",
    "blank_answers",
    "hand_in_language",
    "released_cells",
    "released_notebooks",
    "squeezed",
    "tracked_cells",
]

_SCHEMA = 3  # of nbgrader's cell metadata, in 0.9
_STARTS = re.compile(r"""session\.start\(\s*(?:language\s*=\s*)?["'](\w+)["']""")


@dataclass(frozen=True)
class ReleasedCell:
    """A cell that nbgrader tracks. points: None where the cell is not graded."""

    name: str
    cell_type: str
    source: str
    checksum: str
    locked: bool
    solution: bool
    task: bool
    points: float | None

    @property
    def graded(self) -> bool:
        return self.points is not None

    @property
    def check(self) -> bool:
        """A locked cell that earns points: the check of an exercise, not an essay."""
        return self.graded and not self.solution and self.cell_type == "code"

    def metadata(self) -> NotebookNode:
        """nbgrader's metadata, as it stood in the released notebook."""
        fields = {
            "grade_id": self.name,
            "grade": self.graded and not self.task,
            "solution": self.solution,
            "locked": self.locked,
            "task": self.task,
            "cell_type": self.cell_type,
            "checksum": self.checksum,
            "schema_version": _SCHEMA,
        }
        return NotebookNode(fields | ({"points": self.points} if self.graded else {}))


def released_cells(db_url: str, assignment: str, notebook: str) -> dict[str, ReleasedCell]:
    """The tracked cells out of the gradebook, by grade_id, in no particular order.

    Raises nbgrader.api.MissingEntry where the assignment was never generated.
    """
    with Gradebook(db_url) as gradebook:
        entry = gradebook.find_notebook(notebook, assignment)
        solutions = {cell.name for cell in entry.solution_cells}
        tasks = {cell.name for cell in entry.task_cells}
        points = {c.name: c.max_score for c in [*entry.grade_cells, *entry.task_cells]}
        return {
            cell.name: ReleasedCell(
                name=cell.name,
                cell_type=cell.cell_type,
                source=cell.source,
                checksum=cell.checksum,
                locked=cell.locked,
                solution=cell.name in solutions,
                task=cell.name in tasks,
                points=points.get(cell.name),
            )
            for cell in entry.source_cells
        }


def released_notebooks(root: Path, assignment: str, notebook: str) -> dict[str, NotebookNode]:
    """The student version in each language that is there: language -> notebook."""
    found = {}
    for language, folders in released_folders(root, assignment).items():
        paths = [path for f in folders if (path := f / f"{notebook}.ipynb").is_file()]
        if paths:
            found[language] = nbformat.read(paths[0], as_version=4)
    return found


def tracked_cells(notebooks: dict[str, NotebookNode]) -> dict[str, ReleasedCell]:
    """The tracked cells out of the student versions, where there is no gradebook, in order.

    A check's hidden tests are not there, so that its text and checksum differ from the
    gradebook's.
    """
    found = {}
    for notebook in notebooks.values():
        for cell in notebook.cells:
            fields = cell.metadata.get("nbgrader", {})
            name = fields.get("grade_id")
            if name is not None and name not in found:
                found[name] = ReleasedCell(
                    name=name,
                    cell_type=cell.cell_type,
                    source=cell.source,
                    checksum=fields.get("checksum", ""),
                    locked=fields.get("locked", False),
                    solution=fields.get("solution", False),
                    task=fields.get("task", False),
                    points=fields.get("points"),
                )
    return found


def blank_answers(
    cells: dict[str, ReleasedCell], notebooks: dict[str, NotebookNode]
) -> dict[str, set[str]]:
    """What an untouched solution cell holds, squeezed: grade_id -> one text a language."""
    stubs = {squeezed(stub) for stub in STUBS.values()}
    blanks = {
        name: {"", squeezed(c.source)} | (stubs if c.graded else set())
        for name, c in cells.items()
        if c.solution
    }
    for notebook in notebooks.values():
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in blanks:
                blanks[name].add(squeezed(cell.source))
    return blanks


def squeezed(source: str) -> str:
    """The text with every run of white space made one space: editors change that freely."""
    return " ".join(source.split())


def hand_in_language(notebook: NotebookNode, default: str) -> str:
    """The language of a hand-in: as its metadata says, else its set-up cell, else `default`."""
    course = notebook.metadata.get("course")
    said = [course.get("language")] if isinstance(course, dict) else []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            said += _STARTS.findall(cell.source)
    return next((language for language in said if language in LANGUAGES), default)
