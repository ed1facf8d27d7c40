"""What a kernel sent, made what a notebook may hold.

Comes after `judge` in `Autograde.autograde_preprocessors`. A student's kernel can send anything
it likes: a stream whose name is markup, a number for a picture, a mark of 500 for an
instructor's own test. What is no Jupyter output becomes an error; a partial mark outside 0 to
the maximum is no mark.
"""

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor

from course_utils.i18n import LANGUAGES, _, speaking
from course_utils.teaching.release import hand_in_language

__all__ = ["TidyOutputs"]

_STREAMS = ("stdout", "stderr")


class TidyOutputs(NbGraderPreprocessor):
    """Leaves outputs that nbformat's schema knows, and partial marks that can be one."""

    def preprocess(self, nb: NotebookNode, resources):
        with speaking(hand_in_language(nb, LANGUAGES[0])):
            return super().preprocess(nb, resources)

    def preprocess_cell(self, cell: NotebookNode, resources, index: int):
        if cell.cell_type != "code":
            return cell, resources
        cell["execution_count"] = _count(cell.get("execution_count"))
        cell["outputs"] = [_valid(output) for output in cell.outputs]
        if utils.is_grade(cell) and not utils.is_solution(cell):
            most = float(cell.metadata.nbgrader.points)
            cell["outputs"] = [_mark(output, most) for output in cell.outputs]
        return cell, resources


def _valid(output: NotebookNode) -> NotebookNode:
    """The output, its count and the name of its stream put right; an error in place of what
    is no Jupyter output: a test whose failure can't be read has not passed."""
    if output.get("output_type") == "execute_result":
        output["execution_count"] = _count(output.get("execution_count"))
    if output.get("output_type") == "stream" and output.get("name") not in _STREAMS:
        output["name"] = "stdout"
    try:
        nbformat.validate(output, ref="output", version=4, version_minor=5)
    except (nbformat.ValidationError, RecursionError):
        return _error(_("What the notebook sent here is no output of Jupyter's."))
    return output


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _mark(output: NotebookNode, most: float) -> NotebookNode:
    """The output; an error in place of a result that nbgrader would stumble on.

    nbgrader takes a number for a partial mark and any other text for full points.
    """
    if output.output_type != "execute_result":
        return output
    text = "".join(output.data.get("text/plain", ""))
    try:
        possible = 0 <= float(text) <= most
    except ValueError:
        possible = bool(text)
    if possible:
        return output
    said = _("The result of this test is no mark from 0 to {most}.")
    return _error(said.format(most=f"{most:g}"))


def _error(said: str) -> NotebookNode:
    return nbformat.v4.new_output("error", ename="CheckFailed", evalue=said, traceback=[said])
