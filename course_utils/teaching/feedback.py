"""What a student reads after grading: no hidden test, no other person's script, one language.

`HideHiddenTests` and `ShowFeedback` stand in `GenerateFeedback.preprocessors`;
`FeedbackExporter` renders the page. Student-made HTML is cleaned in prose and in outputs; the
cards that `judge` wrote stay as they are.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import bleach
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat.notebooknode import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from traitlets import List
from traitlets.config import Config

from course_utils.i18n import LANGUAGES, _, speaking
from course_utils.teaching.release import hand_in_language

__all__ = ["FeedbackExporter", "HideHiddenTests", "ShowFeedback", "clean"]

_TEMPLATES = Path(__file__).parent / "templates"
_TAGS = bleach.ALLOWED_TAGS | {
    *("br", "dd", "del", "details", "div", "dl", "dt", "figcaption", "figure", "hr", "img"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "kbd", "mark", "p", "pre", "q", "s", "small"),
    *("span", "sub", "summary", "sup", "u"),
    *("caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
}
_ATTRIBUTES = {
    *("align", "alt", "colspan", "height", "rowspan", "start", "style", "title", "width"),
}
# Of highlighted code and pandas tables; no other, for pages give classes a meaning and buttons.
_CLASS = re.compile(r"highlight|dataframe|[a-z][a-z0-9]{0,2}")
_STYLES = ALLOWED_CSS_PROPERTIES | {
    *("border", "border-left", "border-radius", "margin", "margin-left", "margin-top"),
    *("max-width", "padding"),
}
_SHORT = 8  # characters of a hidden line that stand anywhere: `else:`
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")


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


class ShowFeedback(NbGraderPreprocessor, SanitizeHTML):
    """Cleans outputs and metadata; a verdict's card stands for the error that repeats it.

    Comes after GetGrades, which puts the scores into the cells. The words of the page go into
    `resources["words"]`, in the hand-in's language.
    """

    display_data_priority = List().tag(config=True)  # the exporter sets it; without use here

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

    def sanitize_html_tags(self, html_str) -> str:
        return clean("".join(html_str))

    def _show(self, cell: NotebookNode) -> None:
        course = cell.metadata.get("course", {})
        nbgrader = cell.metadata.get("nbgrader", NotebookNode())
        if nbgrader.get("comment") == "No response.":  # nbgrader's own, in English
            nbgrader["comment"] = _("No response.")
        cell["metadata"] = NotebookNode(nbgrader=nbgrader) if nbgrader else NotebookNode()
        if cell.cell_type == "raw":
            cell["cell_type"] = "markdown"
            cell["source"] = f"<pre>{html.escape(cell.source)}</pre>"
        if cell.cell_type != "code":
            return
        for output in cell.outputs:
            if "metadata" in output:
                output["metadata"] = NotebookNode()
        if "verdict" in course:
            cards = [output for output in cell.outputs if "text/html" in output.get("data", {})]
            cell["outputs"] = cards or cell.outputs
        else:
            pictures = [o for o in cell.outputs if "image/svg+xml" in o.get("data", {})]
            drawn = [output.data["image/svg+xml"] for output in pictures]
            cell["outputs"] = self.sanitize_code_outputs(cell.outputs)
            for output, svg in zip(pictures, drawn, strict=True):
                output.data["image/svg+xml"] = svg  # shown as an <img>, where no script runs


class FeedbackExporter(HTMLExporter):
    """The page of one hand-in (`GenerateFeedback.exporter_class`)."""

    def __init__(self, config=None, **options) -> None:
        """Our template stands on nbgrader's, whose folder GenerateFeedback has configured."""
        merged = Config(config or {})
        theirs = merged.HTMLExporter
        folders = theirs.get("extra_template_basedirs", [])
        merged.FeedbackExporter.template_name = "course_feedback"
        merged.FeedbackExporter.exclude_anchor_links = True
        # HTMLExporter's are Formgrader's; ours come from GenerateFeedback and below.
        merged.FeedbackExporter.preprocessors = []
        merged.FeedbackExporter.filters = {}
        merged.FeedbackExporter.extra_template_basedirs = [str(_TEMPLATES), *folders]
        merged.FeedbackExporter.extra_template_paths = [
            *theirs.get("extra_template_paths", []),
            *folders,
        ]
        super().__init__(config=merged, **options)

    def default_filters(self):
        yield from super().default_filters()

        @pass_context
        def markdown2html(context, source):
            return clean(self.markdown2html(context, source))

        yield "markdown2html", markdown2html


def clean(page: str) -> str:
    """HTML with what can run or lead astray taken out: scripts, handlers, forms, frames."""
    return bleach.clean(
        page,
        tags=_TAGS,
        attributes=_allowed,
        protocols=("http", "https", "mailto", "data"),
        css_sanitizer=CSSSanitizer(allowed_css_properties=_STYLES),
        strip=True,
    )


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


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        kinds = tuple(f"data:{kind};base64," for kind in _PICTURES)
        return value.startswith((*kinds, "https://"))
    if tag == "a" and name == "href":
        return value.startswith(("http://", "https://", "mailto:", "#"))
    if name == "class":
        return all(map(_CLASS.fullmatch, value.split()))
    return name in _ATTRIBUTES


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
