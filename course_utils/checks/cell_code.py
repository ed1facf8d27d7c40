"""A code cell as a syntax tree, read as IPython reads it: magics, `!` and `?` included.

    cell = read("%matplotlib inline\\nx = !ls")
    cell.tree                     # its Python; None where it can't be parsed
    cell.magics                   # [(1, "%matplotlib inline"), (2, "!ls")]

IPython's own translation is used, so that what runs is what is read. A line that only times or
profiles Python (`%time x = f()`) is that Python. Line numbers are those of the cell. Nothing
of the cell is run.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from IPython.core.inputtransformer2 import TransformerManager

from course_utils.clock import TimeIsUp, time_limit

__all__ = ["SECONDS", "CellCode", "constant_text", "parsed", "read"]

SECONDS = 5.0  # for one cell; a page of code takes some milliseconds
_KEPT = 10_000  # characters of a cell that is kept for the next time it is read
_MAGIC = re.compile(r"^\s*(?:\w[\w., ]*=\s*)?(?P<magic>[%!].*)$", re.DOTALL)
# Magics of a line, or of a cell, under which Python is run in the kernel.
_PYTHON_CELLS = {"capture", "debug", "prun", "time", "timeit"}
_PYTHON_LINE = re.compile(
    r"^(?P<indent>\s*)(?:\w[\w., ]*=\s*)?%(?:time|timeit|prun)\b"
    r"(?P<options>(?:\s+-\w+(?:\s*[\d.]+)?)*)\s+(?P<code>[^-\s].*)$",
    re.DOTALL,
)
_END_OF_LINE = re.compile(r"\r\n|\r|\n")  # as Python counts them; str.splitlines knows more


@dataclass(frozen=True)
class CellCode:
    """lines: of the cell; tree: its Python; magics: (line from 1, text from its % or !).

    too_slow: whether reading was given up, so that nothing is known of the cell.
    """

    lines: tuple[str, ...]
    tree: ast.Module | None
    magics: tuple[tuple[int, str], ...]
    too_slow: bool = False

    def line(self, number: int) -> str:
        """The text of a line, numbered from 1, without white space around it."""
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""


def read(source: str) -> CellCode:
    """The cell's Python and its magics."""
    text = str(source)
    return _kept(text) if len(text) <= _KEPT else _read(text)


def parsed(text: str) -> ast.Module | None:
    """The syntax tree of plain Python; None where it is none, or nested too deeply."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # escapes in a student's strings
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def constant_text(node: ast.AST | None) -> str | None:
    """The text of a constant string, pieces joined with + included, however many."""
    pieces, todo = [], [node]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            todo += [node.right, node.left]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            pieces.append(node.value)
        else:
            return None
    return "".join(pieces)


def _read(text: str) -> CellCode:
    lines = tuple(_END_OF_LINE.split(text))
    try:
        with time_limit(SECONDS):
            tree = parsed(text)
            if tree is not None:
                return CellCode(lines, tree, ())
            python, magics = _translated(text)
            return CellCode(lines, None if python is None else parsed(python), tuple(magics))
    except TimeIsUp:
        return CellCode(lines, None, (), too_slow=True)


_kept = lru_cache(maxsize=64)(_read)  # each check reads all cells above it


def _translated(text: str) -> tuple[str | None, list[tuple[int, str]]]:
    """(the cell in Python, line by line; its magics). None where the cell is another program's,
    as under %%bash, or IPython can't translate it."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"  # its translation asks for an end
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if lines and lines[first].lstrip().startswith("%%"):
        name = re.match(r"\s*%%\s*(\w*)", lines[first])[1]
        magics = [(first + 1, lines[first].strip())]
        if name not in _PYTHON_CELLS:
            return None, magics
        lines[first] = "\n"
        python, more = _translated("".join(lines))
        return python, [*magics, *more]
    magics: list[tuple[int, str]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of lines that U+2028 ends
            lines = _in_python(lines, magics)
    except Exception:  # whatever IPython stumbles on, it can't run that cell either
        return None, magics
    return "".join(lines), magics


def _in_python(lines: list[str], magics: list[tuple[int, str]]) -> list[str]:
    manager = TransformerManager()  # of its own: a student's shell may have others
    clean = lines
    for transform in (*manager.cleanup_transforms, *manager.line_transforms):
        clean = transform(clean)
    dropped = lines[: len(lines) - len(clean)]  # empty ones at the top; a form feed is one too
    lines = ["\n" for line in dropped if line.endswith(("\n", "\r"))] + clean
    changed = True
    while changed:
        before = lines
        changed, lines = manager.do_one_token_transform(before)
        if changed:
            at = next(n for n, pair in enumerate(_pairs(before, lines)) if pair[0] != pair[1])
            dropped = len(before) - len(lines)  # a magic over several lines becomes one
            old = "".join(before[at : at + dropped + 1])
            if found := _MAGIC.match(old):
                line = len(_END_OF_LINE.findall("".join(before[:at]))) + 1
                magics.append((line, found["magic"].strip()))
            if timed := _PYTHON_LINE.match(old):
                lines[at] = f"{timed['indent']}{timed['code']}"
                dropped = len(before) - len(lines)
            lines[at + 1 : at + 1] = ["\n"] * dropped
    magics.sort(key=lambda magic: magic[0])
    return lines


def _pairs(before: list[str], after: list[str]) -> Iterator[tuple[str, str | None]]:
    for index, line in enumerate(before):
        yield line, after[index] if index < len(after) else None
