"""The code that a student wrote, cell by cell: the hand-in without what was released."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from nbformat.notebooknode import NotebookNode
from nbgrader import utils

from course_utils.teaching.release import squeezed

__all__ = ["Piece", "own_code", "released_code"]

_MOST_PIECES = 200  # cells of one hand-in that are compared
_LONGEST = 20_000  # characters of a cell that are compared: some 500 lines
_SOLUTION = "-solution"  # ends the grade_id of an exercise's answer


@dataclass(frozen=True)
class Piece:
    """One code cell. exercise: "" where the student added the cell; cell: from 1."""

    exercise: str
    cell: int
    source: str


def own_code(notebook: NotebookNode, released: Collection[str]) -> tuple[Piece, ...]:
    """The answers and the cells that the student added, in the notebook's order.

    released: squeezed sources of the released cells; a cell that still is one is left out.
    """
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        check = utils.is_grade(cell) and not utils.is_solution(cell)
        if cell.cell_type != "code" or check or squeezed(cell.source) in released:
            continue
        if cell.source.strip():
            name = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            exercise = name.removesuffix(_SOLUTION) if utils.is_solution(cell) else ""
            found.append(Piece(exercise, number, cell.source[:_LONGEST]))
    return tuple(found[:_MOST_PIECES])


def released_code(notebooks: Iterable[NotebookNode]) -> list[str]:
    """The sources of all code cells that were released."""
    return [
        cell.source
        for notebook in notebooks
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
