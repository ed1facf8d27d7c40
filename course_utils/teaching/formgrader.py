"""What a marker sees of a hand-in in Formgrader: nothing in it runs, nothing in it pretends.

Formgrader renders a graded notebook with nbconvert's HTMLExporter, as it stands: scripts of a
student would run with the marker's rights over all marks, and a `<div class="full-credit">`
around an essay would answer a click on its text. Set in nbgrader_config.py:

    c.HTMLExporter.preprocessors = ["course_utils.teaching.formgrader.CleanHandIn"]
    c.HTMLExporter.filters = {"markdown2html": "course_utils.teaching.formgrader.markdown2html"}

Its template, `templates/course_marking`, says besides what the page may load.
"""

import re

from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbformat.notebooknode import NotebookNode
from nbgrader import utils

from course_utils.teaching.cleaning import CleanOutputs, markdown_to_html

__all__ = ["CleanHandIn", "markdown2html"]

_GRADE_ID = re.compile(r"[\w.-]+")  # nbgrader's own rule; Formgrader writes it into attributes
_renderer = HTMLExporter(exclude_anchor_links=True)


@pass_context
def markdown2html(context, source: str) -> str:
    """nbconvert's filter of this name; its HTML cleaned."""
    return markdown_to_html(_renderer, context, source)


class CleanHandIn(CleanOutputs):
    """Leaves a student's text, pictures and cleaned HTML; the judge's cards as they are."""

    def preprocess(self, nb: NotebookNode, resources):
        nb.metadata = NotebookNode(
            language_info=NotebookNode(name="python", pygments_lexer="ipython3")
        )
        for index, cell in enumerate(nb.cells):
            self._clean(cell, index)
        return nb, resources

    def _clean(self, cell: NotebookNode, index: int) -> None:
        judged = "verdict" in cell.metadata.get("course", {}) and _is_check(cell)
        nbgrader = cell.metadata.get("nbgrader", {})
        named = _GRADE_ID.fullmatch(str(nbgrader.get("grade_id", "")))
        cell["metadata"] = NotebookNode(nbgrader=nbgrader) if named else NotebookNode()
        cell["id"] = f"cell-{index + 1}"
        self.show_raw(cell)
        if cell.cell_type == "code":
            shown = [self._output(output, judged) for output in cell.outputs]
            cell["outputs"] = [o for o in shown if o.get("data", True)]

    def _output(self, output: NotebookNode, judged: bool) -> NotebookNode:
        if "metadata" in output:
            output["metadata"] = NotebookNode()
        if not judged:
            self.sanitize_code_outputs([output])
        return output


def _is_check(cell: NotebookNode) -> bool:
    return utils.is_grade(cell) and not utils.is_solution(cell)
