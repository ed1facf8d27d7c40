"""Notebooks out of what they were exported as: scripts (Colab's, Jupyter's, percent format) and
web pages.

Exports do not say where one code cell ends and the next begins. `cut` finds the released cells
in what is left whole; the rest stays together, every line as it was.
"""

import ast
import re
from html import unescape

import nbformat
from bs4 import BeautifulSoup
from nbformat.notebooknode import NotebookNode

from course_utils.checks import cell_code
from course_utils.teaching.doctor.known import Known

__all__ = ["cut", "from_page", "from_script", "is_page"]

_PAGE = re.compile(r"\s*<(!doctype|html|head|body|\?xml)", re.IGNORECASE)
_MARK = re.compile(r"^# (?:%%(?P<kind>.*)|In\s*\[.{0,8}\]:\s*)$")
_QUOTES = ('"""', "'''")
_CODE_OF_PAGE = ".jp-CodeCell .jp-InputArea-editor, .code_cell .input_area"
_TEXT_OF_PAGE = ".jp-MarkdownCell .jp-RenderedMarkdown, .text_cell .text_cell_render"


def is_page(text: str) -> bool:
    """Whether the text is a web page with a notebook's cells in it."""
    known = ("jp-CodeCell", "code_cell", "jp-Cell")
    return bool(_PAGE.match(text)) and any(name in text for name in known)


def from_script(text: str) -> NotebookNode:
    """A notebook out of a script: by the marks of its cells, or by Colab's texts in quotes."""
    lines = text.strip("\n").split("\n")
    marked = any(_MARK.match(line) for line in lines)
    pieces = _marked(lines) if marked else _quoted(lines)
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    cells = [
        make[kind]("\n".join(_without_ends(rows)))
        for kind, rows in pieces
        if any(row.strip() for row in rows)
    ]
    return nbformat.v4.new_notebook(cells=cells)


def from_page(text: str) -> NotebookNode:
    """A notebook out of nbconvert's web page: code as it was, texts without their marks."""
    page = BeautifulSoup(text, "html.parser")
    cells = []
    for found in page.select(f"{_CODE_OF_PAGE}, {_TEXT_OF_PAGE}"):
        if found.select_one("pre") is not None and "Markdown" not in " ".join(found["class"]):
            code = unescape(found.select_one("pre").get_text()).strip("\n")
            cells.append(nbformat.v4.new_code_cell(code))
        else:
            words = found.get_text().replace("¶", "").strip()
            cells.append(nbformat.v4.new_markdown_cell(words))
    return nbformat.v4.new_notebook(cells=cells)


def cut(notebook: NotebookNode, known: Known, language: str) -> None:
    """Take released cells that stand whole in a longer cell out of it."""
    for released in known.released.get(language, {}).values():
        fields = released.metadata.get("nbgrader", {})
        wanted = [line.rstrip() for line in released.source.strip("\n").split("\n")]
        if (fields.get("solution") and released.cell_type == "code") or not any(wanted):
            continue
        for at, cell in enumerate(notebook.cells):
            if cell.cell_type == released.cell_type:
                parts = _around(cell.source.split("\n"), wanted)
                if parts is not None:
                    notebook.cells[at : at + 1] = _cells(cell, parts)
                    break


def _around(lines: list[str], wanted: list[str]) -> list[list[str]] | None:
    """(before, the wanted lines, after) where they stand at the left margin, else None."""
    bare = [line.rstrip() for line in lines]
    size = len(wanted)
    for at in range(len(lines) - size + 1):
        if bare[at : at + size] == wanted:
            return [lines[:at], lines[at : at + size], lines[at + size :]]
    return None


def _cells(cell: NotebookNode, parts: list[list[str]]) -> list[NotebookNode]:
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    return [
        make[cell.cell_type]("\n".join(_without_ends(part)))
        for part in parts
        if any(line.strip() for line in part)
    ]


def _marked(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Cells by "# %%" and "# In[ ]:". Jupyter's scripts have texts as comments between them."""
    pieces: list[tuple[str, list[str]]] = [("code", [])]
    for line in lines:
        mark = _MARK.match(line)
        if mark is None:
            pieces[-1][1].append(line)
        elif "[markdown]" in (mark["kind"] or ""):
            pieces.append(("markdown", []))
        else:
            pieces.append(("code", []))
    jupyters = not any(line.startswith("# %%") for line in lines)
    found = []
    for kind, rows in pieces:
        if kind == "markdown":
            found.append((kind, [_bare(row) for row in rows]))
        elif jupyters:
            found += _code_and_comment(rows)
        else:
            found.append((kind, rows))
    return found


def _code_and_comment(rows: list[str]) -> list[tuple[str, list[str]]]:
    """The code of a cell, and the comment two empty lines below it: the next cell's text."""
    start = len(rows)
    while start and (not rows[start - 1].strip() or rows[start - 1].startswith("#")):
        start -= 1
    tail = rows[start:]
    empty = next((at for at, row in enumerate(tail) if row.strip()), len(tail))
    if start and empty < 2:
        return [("code", rows)]
    return [("code", rows[:start]), ("markdown", [_bare(row) for row in tail])]


def _bare(row: str) -> str:
    return row.removeprefix("# ") if row.startswith("# ") else row.removeprefix("#")


def _quoted(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Colab's: a text in triple quotes at the left margin is a text cell."""
    pieces: list[tuple[str, list[str]]] = []
    at = 0
    for first, last in _texts(lines):
        pieces.append(("code", lines[at:first]))
        text = "\n".join(lines[first : last + 1]).strip()
        pieces.append(("markdown", text[3:-3].split("\n")))
        at = last + 1
    return [*pieces, ("code", lines[at:])]


def _texts(lines: list[str]) -> list[tuple[int, int]]:
    """(first, last) line of each such text: by the syntax tree, or by the quotes alone."""
    tree = cell_code.read("\n".join(lines)).tree
    if tree is not None:
        return [
            (node.lineno - 1, node.end_lineno - 1)
            for node in tree.body
            if isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            and lines[node.lineno - 1].startswith(_QUOTES)
            and lines[node.end_lineno - 1].rstrip().endswith(_QUOTES)
        ]
    found, at = [], 0
    while at < len(lines):
        opened = lines[at][:3]
        if opened not in _QUOTES:
            at += 1
            continue
        ends = (
            place
            for place in range(at, len(lines))
            if lines[place].rstrip().endswith(opened)
            and (place > at or len(lines[place].rstrip()) >= 6)
        )
        last = next(ends, None)
        if last is None:
            break
        found.append((at, last))
        at = last + 1
    return found


def _without_ends(rows: list[str]) -> list[str]:
    """Without the empty lines at both ends."""
    full = [at for at, row in enumerate(rows) if row.strip()]
    return rows[full[0] : full[-1] + 1] if full else []
