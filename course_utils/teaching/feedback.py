"""What a student reads after grading: no hidden test, no other person's script, one language.

`HideHiddenTests` and `ShowFeedback` stand in `GenerateFeedback.preprocessors`;
`FeedbackExporter` renders the page. Student-made HTML is cleaned in prose and in outputs; the
cards that `judge` wrote stay as they are.
"""

from collections.abc import Iterator
from pathlib import Path

from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbformat.notebooknode import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import ClearHiddenTests
from traitlets import List
from traitlets.config import Config

from course_utils.i18n import LANGUAGES, _, speaking
from course_utils.teaching.beforehand import ends_the_command, require_gradebook
from course_utils.teaching.cleaning import CleanOutputs, markdown_to_html
from course_utils.teaching.release import hand_in_language

__all__ = ["FeedbackExporter", "HideHiddenTests", "ShowFeedback"]

_TEMPLATES = Path(__file__).parent / "templates"
_SHORT = 8  # characters of a hidden line that stand anywhere: `else:`


class HideHiddenTests(ClearHiddenTests):
    """Removes hidden tests and the tracebacks that quote them, from checks alone.

    nbgrader's own would stop at a student who writes the mark into a cell of theirs.
    """

    display_data_priority = List().tag(config=True)  # the exporter sets it; without use here

    def preprocess(self, nb: NotebookNode, resources):
        """A student's cell may have printed a test that ran in the same kernel: that goes."""
        secret = {
            line.strip()
            for cell in nb.cells
            if _is_check(cell)
            for line in _hidden_lines(cell.source, self)
            if len(line.strip()) > _SHORT
        }
        nb, resources = super().preprocess(nb, resources)
        for cell in nb.cells if secret else ():
            if cell.cell_type == "code":
                cell["outputs"] = [o for o in cell.outputs if not _quotes(o, secret)]
        return nb, resources

    def preprocess_cell(self, cell: NotebookNode, resources, cell_index: int):
        if not _is_check(cell) or self.begin_test_delimeter not in cell.source:
            return cell, resources
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and output.ename != "CheckFailed":
                output["traceback"] = [f"{output.ename}: {output.evalue}"]
        return cell, resources


class ShowFeedback(CleanOutputs):
    """Cleans outputs and metadata; a verdict's card stands for the error that repeats it.

    Comes after GetGrades, which puts the scores into the cells. The words of the page go into
    `resources["words"]`, in the hand-in's language.
    """

    def preprocess(self, nb: NotebookNode, resources):
        waiting = _waiting(resources["nbgrader"])
        language = hand_in_language(nb, LANGUAGES[0])
        outcome = nb.metadata.get("course", {}).get("outcome", {})
        nb.metadata = NotebookNode(
            language_info=NotebookNode(name="python", pygments_lexer="ipython3")
        )
        with speaking(language):
            resources["words"] = _words()
            for index, cell in enumerate(nb.cells):
                cell["id"] = f"cell-{index + 1}"
                self._show(cell)
                if cell.metadata.get("nbgrader", {}).get("grade_id") in waiting:
                    cell.metadata.nbgrader["waiting"] = True
        resources["language"] = language
        resources["outcome"] = outcome.get("reason") or ""
        return nb, resources

    def _show(self, cell: NotebookNode) -> None:
        course = cell.metadata.get("course", {})
        nbgrader = cell.metadata.get("nbgrader", NotebookNode())
        if nbgrader.get("comment") == "No response.":  # nbgrader's own, in English
            nbgrader["comment"] = _("No response.")
        cell["metadata"] = NotebookNode(nbgrader=nbgrader) if nbgrader else NotebookNode()
        self.show_raw(cell)
        if cell.cell_type != "code":
            return
        for output in cell.outputs:
            if "metadata" in output:
                output["metadata"] = NotebookNode()
        if "verdict" in course and _is_check(cell):
            cards = [output for output in cell.outputs if "text/html" in output.get("data", {})]
            cell["outputs"] = cards or cell.outputs
        else:
            cell["outputs"] = self.sanitize_code_outputs(cell.outputs)


class FeedbackExporter(HTMLExporter):
    """The page of one hand-in (`GenerateFeedback.exporter_class`).

    Raises nbgrader's own error where the command that makes it finds no gradebook to read.
    """

    def __init__(self, config=None, **options) -> None:
        """Our template stands on nbgrader's, whose folder GenerateFeedback has configured."""
        merged = Config(config or {})
        theirs = merged.HTMLExporter
        folders = theirs.get("extra_template_basedirs", [])
        merged.FeedbackExporter.template_name = "course_feedback"
        merged.FeedbackExporter.exclude_anchor_links = True
        # HTMLExporter's are Formgrader's; ours come from GenerateFeedback and below.
        merged.FeedbackExporter.template_file = "index.html.j2"
        merged.FeedbackExporter.preprocessors = []
        merged.FeedbackExporter.filters = {}
        merged.FeedbackExporter.extra_template_basedirs = [str(_TEMPLATES), *folders]
        merged.FeedbackExporter.extra_template_paths = [
            *theirs.get("extra_template_paths", []),
            *folders,
        ]
        super().__init__(config=merged, **options)
        if isinstance(self.parent, GenerateFeedback):
            with ends_the_command(self.log):
                require_gradebook(self.parent, to_write=False)

    def default_filters(self):
        yield from super().default_filters()

        @pass_context
        def markdown2html(context, source):
            return markdown_to_html(self, context, source)

        yield "markdown2html", markdown2html


def _is_check(cell: NotebookNode) -> bool:
    return utils.is_grade(cell) and not utils.is_solution(cell)


def _hidden_lines(source: str, marks: ClearHiddenTests) -> Iterator[str]:
    hidden = False
    for line in source.splitlines():
        if marks.end_test_delimeter in line:
            hidden = False
        elif marks.begin_test_delimeter in line:
            hidden = True
        elif hidden:
            yield line


def _quotes(output: NotebookNode, secret: set[str]) -> bool:
    """Whether a secret line stands in any text of an output, by itself or in a repr."""
    text = "\n".join(_texts(output)).replace("\\'", "'").replace('\\"', '"')
    return any(line in text for line in secret)


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for item in content.values() if isinstance(content, dict) else content:
            yield from _texts(item)


def _waiting(names) -> set[str]:
    """The cells of this hand-in that a person has still to mark."""
    with Gradebook(names["db_url"]) as gradebook:
        found = gradebook.find_submission_notebook(
            names["notebook"], names["assignment"], names["student"]
        )
        return {
            grade.name
            for grade in found.grades
            if grade.needs_manual_grade and grade.manual_score is None
        }


def _words() -> dict[str, str]:
    return {
        "answer": _("Your answer"),
        "check": _("Check"),
        "comment": _("Comment"),
        "essay": _("Essay"),
        "late": _("Taken off for lateness"),
        "score": _("Points"),
        "top": _("to the top"),
        "waiting": _("not marked yet"),
    }
