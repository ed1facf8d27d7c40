"""Formulas as MathML: browsers draw it without a script, and screen readers read it.

The font with mathematical tables is the site's own (docs/site/_static); see its README.
"""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.errors import SphinxError

__all__ = ["FormulaError", "in_html", "mathml", "visit_block", "visit_inline"]

# A command that latex2mathml can't read stays in the text; that must not pass for a formula.
_UNREAD = re.compile(r"\\[A-Za-z]+")
_UPRIGHT = re.compile(r'<mrow>((?:<mi mathvariant="normal">\w</mi>){2,})</mrow>')
_INSTEAD = {r"\arg\max": r"\operatorname{argmax}"}


class FormulaError(SphinxError):
    """A formula that can't be drawn; Sphinx reports it without a traceback."""

    category = "A formula"


def mathml(formula: str, *, block: bool = False) -> str:
    """TeX -> a <math> element. Raises FormulaError for what can't be read."""
    text = " ".join(formula.split())
    for command, instead in _INSTEAD.items():
        text = text.replace(command, instead)
    try:
        found = convert(text, display="block" if block else "inline")
    except Exception as error:
        raise FormulaError(f"Expected TeX, got {formula!r}: {error!r}.") from error
    if unread := _UNREAD.search(re.sub("<[^>]*>", "", found)):
        raise FormulaError(f"{unread[0]} in {formula!r} can't be drawn as MathML.")
    # A name in upright letters is one name: ReLU, not R, e, L, U.
    found = _UPRIGHT.sub(lambda name: f"<mi>{re.sub('<[^>]*>', '', name[1])}</mi>", found)
    # HTML needs no namespace on <math>, and without one tags are plain words.
    tree = ElementTree.fromstring(
        found.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
    )
    _space_out_names(tree)
    return ElementTree.tostring(tree, encoding="unicode", short_empty_elements=False)


def _space_out_names(parent: Element) -> None:
    """A thin space between log and its neighbours, as TeX sets it: latex2mathml has none.

    Brackets need none. A name that is an operator (max) becomes a name: browsers give operators
    more room than TeX does.
    """
    for child in parent:
        _space_out_names(child)
        if child.tag == "mo" and (child.text or "").isalpha() and len(child.text) > 1:
            child.tag = "mi"
    if parent.tag not in ("mrow", "math", "mstyle", "mtd"):
        return
    children = list(parent)
    for child in reversed(children):
        if not _is_name(child):
            continue
        place = children.index(child)
        after = children[place + 1] if place + 1 < len(children) else None
        before = children[place - 1] if place else None
        if after is not None and after.tag != "mo":
            parent.insert(place + 1, _thin_space())
        if before is not None and before.tag != "mo" and not _is_name(before):
            parent.insert(place, _thin_space())


def _is_name(element: Element) -> bool:
    """Whether this is a function's name of several letters, with or without an index."""
    if element.tag in ("msub", "msup", "msubsup", "munder"):
        return _is_name(element[0])
    text = element.text or ""
    return element.tag == "mi" and text.isalpha() and len(text) > 1


def _thin_space() -> Element:
    return Element("mspace", width="0.17em")


def in_html(html: str) -> str:
    """A piece of HTML with its $formulas$ drawn, as Jupyter does it; <code> is left alone."""
    pieces = re.split(r"(<code.*?</code>|<[^>]*>)", html, flags=re.S)
    for number in range(0, len(pieces), 2):
        pieces[number] = re.sub(r"\$([^$]+)\$", lambda found: mathml(found[1]), pieces[number])
    return "".join(pieces)


def visit_inline(self, node: nodes.math) -> None:
    """Sphinx's renderer of formulas in a line."""
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def visit_block(self, node: nodes.math_block) -> None:
    """Sphinx's renderer of formulas on lines of their own. The block scrolls by itself."""
    self.body.append(f'<div class="math">{mathml(node.astext(), block=True)}</div>\n')
    raise nodes.SkipNode
