"""What of this Sphinx has to be told: formulas, docstrings, and where the other language is."""

import inspect
import posixpath
import re

from docutils import nodes
from sphinx.application import Sphinx

from course_utils.teaching.site import docstrings, formulas

__all__ = ["setup"]

_ANCHOR = re.compile(r'<a id="(\w+)">')


def setup(app: Sphinx) -> dict:
    """Called by Sphinx; listed in docs/site/conf.py."""
    app.add_config_value("course_pages", {}, "html")
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(formulas.visit_inline, None),
        block_renderers=(formulas.visit_block, None),
    )
    app.connect("autodoc-process-docstring", _tell_docstring)
    app.connect("doctree-read", _give_words_to_pictures)
    app.connect("doctree-read", _give_terms_their_anchors, priority=400)  # before the contents
    app.connect("doctree-resolved", _draw_formulas_in_html)
    app.connect("html-page-context", _name_other_languages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _tell_docstring(app, what, name, thing, options, lines: list[str]) -> None:
    try:
        parameters = list(inspect.signature(thing).parameters) if callable(thing) else []
    except (TypeError, ValueError):
        parameters = []
    lines[:] = docstrings.to_rest(lines, parameters)


def _give_words_to_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """The words that `reading.page_of` left with a cell, to its pictures, in their order."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") != "cell_code":
            continue
        pictures = list(cell.findall(nodes.image))
        for picture, words in zip(pictures, cell["cell_metadata"]["alts"], strict=True):
            picture["alt"] = words


def _give_terms_their_anchors(app: Sphinx, doctree: nodes.document) -> None:
    """`<a id="term"></a>` above a heading, which GitHub needs, becomes the section's own id."""
    anchor, place = None, None
    for node in list(doctree.findall()):
        if isinstance(node, nodes.raw) and (found := _ANCHOR.fullmatch(node.astext())):
            anchor, place = found[1], node.parent
        elif isinstance(node, nodes.section) and anchor:
            node["ids"] = [anchor]
            place.parent.remove(place)
            anchor = None


def _draw_formulas_in_html(app: Sphinx, doctree: nodes.document, document: str) -> None:
    """Formulas inside raw HTML: summaries of questions that fold out, tables."""
    for node in list(doctree.findall(nodes.raw)):
        if "html" in node.get("format", "") and "$" in node.astext():
            text = formulas.in_html(node.astext())
            node.replace_self(nodes.raw("", text, format="html"))


def _name_other_languages(app: Sphinx, page, template, context, doctree) -> None:
    """For the switch: each other language with the same page in it, or its home."""
    here = posixpath.dirname(f"{app.config.language}/{page}")
    found = []
    for language, documents in app.config.course_pages.items():
        if language != app.config.language:
            same = page in documents or page == "search"
            target = f"{language}/{page if same else 'index'}.html"
            found.append((language, posixpath.relpath(target, here), same))
    context["other_languages"] = found
