"""The course that attackers and honest students hand in to: the small one with a cell of
imports, as the course's own assignments have, and with `softmax`, which torch has ready.
"""

import nbformat

from tests.teaching.conftest import graded_cell, solution_notebook
from tests.teaching.grading.class_of import NAME

__all__ = ["IMPORTS", "attacked_notebook"]

IMPORTS = "import math\n\nimport torch\n\nprint(math.pi)"
_SOFTMAX = """
def softmax(scores):
    ### BEGIN SOLUTION
    powers = (scores - scores.amax(1, keepdim=True)).exp()
    return powers / powers.sum(1, keepdim=True)
    ### END SOLUTION
"""


def attacked_notebook() -> nbformat.NotebookNode:
    """The notebook of solutions; the imports stand under its titles."""
    code = nbformat.v4.new_code_cell
    notebook = solution_notebook()
    for cell in notebook.cells:
        cell.source = cell.source.replace("import torch\n\n", "")
    after = [cell.id for cell in notebook.cells].index("cell-own_test") + 1
    notebook.cells[after:after] = [
        graded_cell(code, "softmax-solution", _SOFTMAX.strip(), solution=True),
        graded_cell(code, "softmax", 'check("softmax", softmax)', solution=False, points=1),
    ]
    notebook.cells.insert(2, code(IMPORTS, metadata={"id": "imports"}))
    return notebook


assert NAME == "metrics_and_loss"  # whose exercises are asked
