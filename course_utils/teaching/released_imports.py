"""The release's own imports, run before a hand-in whose import cell is no longer as released.

A student who puts `import pandas` first in that cell has it in Colab; where it is graded the
cell stops there, and without its other lines no exercise knows `torch`. Imports earn nothing,
so they are given back, as deleted checks are.
"""

import ast

from nbformat.notebooknode import NotebookNode

from course_utils.checks.cell_code import read
from course_utils.teaching.doctor.known import Known, grade_id
from course_utils.teaching.release import squeezed
from course_utils.teaching.setup_cell import is_setup

__all__ = ["lost_imports"]

_OURS = "course_utils.checks"  # of the set-up and hand-in cells, which make their own names


def lost_imports(notebook: NotebookNode, known: Known, language: str) -> list[str]:
    """The import statements of released cells that the notebook has changed or left out."""
    there = {squeezed(cell.source) for cell in notebook.cells if cell.cell_type == "code"}
    found: dict[str, None] = {}
    for key in known.order(language):
        cell = known.cell(key, language)
        if cell is None or cell.cell_type != "code" or grade_id(cell):
            continue
        if is_setup(cell.source) or squeezed(cell.source) in there:
            continue
        tree = read(cell.source).tree
        found |= dict.fromkeys(ast.unparse(node) for node in (tree.body if tree else ())
                               if _is_import(node))  # fmt: skip
    return list(found)


def _is_import(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return not (node.module or "").startswith(_OURS)
    return isinstance(node, ast.Import)
