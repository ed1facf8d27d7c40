"""HTML of a hand-in with what can run, lead astray or load anything taken out.

A page of a student's is read by the marker, logged in to all marks, and at home: nothing in it
may run, and no other machine may learn that, when and where it was read. Pictures are shown
where they are in the notebook itself, as `data:` or pasted into the cell (`attachment:`).
"""

import html
import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import unquote

import bleach
import tinycss2
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List

__all__ = ["CleanOutputs", "clean", "markdown_to_html", "without_macros"]

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
_FUNCTIONS = {"calc", "hsl", "hsla", "rgb", "rgba"}  # of CSS, that load nothing
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
_PASTED = "attachment:"
# What MathJax makes styles, classes and links of, past all that is looked at here.
_MACROS = re.compile(r"\\(bbox|class|cssId|data|href|mmlToken|style)(?![A-Za-z])")


def clean(page: str) -> str:
    """HTML without scripts, handlers, forms and frames, and with nothing to load."""
    cleaned = bleach.clean(
        page,
        tags=_TAGS,
        attributes=_allowed,
        protocols=("http", "https", "mailto", "data"),
        css_sanitizer=_Styles(allowed_css_properties=_STYLES),
        strip=True,
    )
    if not _MACROS.search(html.unescape(cleaned)):
        return cleaned
    tree = BeautifulSoup(cleaned, "html.parser")
    for text in tree.find_all(string=_MACROS):
        text.replace_with(without_macros(text))
    return str(tree)


def without_macros(formula: str) -> str:
    """A formula, as text, in which MathJax finds no macro that styles or links."""
    return _MACROS.sub(r"\\backslash \1", formula)


def markdown_to_html(exporter: HTMLExporter, context: Mapping, source: str) -> str:
    """nbconvert's filter `markdown2html`: the cell's pasted pictures put in, the HTML cleaned.

    A picture that is not there leaves its words.
    """
    pictures = _Pasted(context.get("cell", {}).get("attachments", {}))
    page = exporter.markdown2html({"cell": {"attachments": pictures}}, source)
    if _PASTED in page:  # in the student's own HTML, which Markdown leaves as it is
        tree = BeautifulSoup(page, "html.parser")
        for image in tree.find_all("img", src=re.compile(f"^{_PASTED}")):
            kind, data = next(iter(pictures[image["src"].removeprefix(_PASTED)].items()))
            image["src"] = f"data:{kind};base64,{data}"
        page = str(tree)
    return clean(page)


class CleanOutputs(NbGraderPreprocessor, SanitizeHTML):
    """A step that shows a hand-in: nbconvert's for what it printed, with the cleaning above.

    A subclass says what becomes of the cells.
    """

    display_data_priority = List().tag(config=True)  # the exporter sets it; without use here

    def sanitize_html_tags(self, html_str) -> str:
        return clean("".join(html_str))

    def sanitize_code_outputs(self, outputs):
        drawings = [output.get("data", {}).get("image/svg+xml") for output in outputs]
        for output, drawing in zip(
            super().sanitize_code_outputs(outputs), drawings, strict=True
        ):
            formula = output.get("data", {}).get("text/latex")
            if formula is not None:
                output.data["text/latex"] = without_macros("".join(formula))
            if drawing is not None:
                output.data["image/svg+xml"] = (
                    drawing  # shown as an <img>: no script runs there
                )
        return outputs

    def show_raw(self, cell: NotebookNode) -> None:
        """A raw cell becomes a text as it was written."""
        if cell.cell_type == "raw":
            cell["cell_type"] = "markdown"
            cell["source"] = f"<pre>{html.escape(cell.source)}</pre>"


class _Pasted(dict):
    """Pictures pasted into a cell, name -> {kind: base64}: the one that is meant, or none.

    Markdown has `my%20map.png` for "my map.png"; a Mac writes two characters for one letter.
    """

    def __init__(self, attachments: Mapping) -> None:
        super().__init__({_plain(name): kinds for name, kinds in attachments.items()})

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> dict[str, str]:
        kinds = self.get(_plain(name), {})
        return {kind: kinds[kind] for kind in _PICTURES if kind in kinds} or {"": ""}


class _Styles(CSSSanitizer):
    """Leaves declarations of the allowed properties whose values load nothing."""

    def sanitize_css(self, style: str) -> str:
        kept = [
            each
            for each in tinycss2.parse_declaration_list(style, skip_comments=True)
            if each.type != "declaration" or all(map(_loads_nothing, each.value))
        ]
        return super().sanitize_css(tinycss2.serialize(kept))


def _loads_nothing(token) -> bool:
    if token.type == "function":
        return token.lower_name in _FUNCTIONS and all(map(_loads_nothing, token.arguments))
    return token.type not in ("url", "error", "() block", "[] block", "{} block")


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return value.startswith(tuple(f"data:{kind};base64," for kind in _PICTURES))
    if tag == "a" and name == "href":
        return value.startswith(("http://", "https://", "mailto:", "#"))
    if name == "class":
        return all(map(_CLASS.fullmatch, value.split()))
    return name in _ATTRIBUTES


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", unquote(name))
