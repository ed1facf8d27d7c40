"""A code cell as a syntax tree, though IPython's own lines stand in it and it may be broken.

    parsed = read("%matplotlib inline\\nx = !ls")
    parsed.tree                     # the Python of the cell; None where it can't be parsed
    parsed.magics                   # [(1, "%matplotlib inline"), (2, "!ls")]

Line numbers are those of the cell. Nothing of the cell is run.
"""

import ast
import re
import warnings
from dataclasses import dataclass

__all__ = ["CellCode", "read"]

_LONGEST = 200_000  # characters of a cell that are read; an answer is one page
_MAGIC = re.compile(
    r"^(?P<indent>\s*)(?:(?P<target>\w[\w., ]*=)\s*)?(?P<magic>(?:%|!)[^=].*)$", re.DOTALL
)
_HELP = re.compile(r"^(?P<indent>\s*)(?:\?{1,2}.*|[\w.%]+\?{1,2})\s*$")
# Cell magics under which the rest of the cell is still Python run in the kernel.
_PYTHON_CELLS = {"capture", "debug", "prun", "time", "timeit"}


@dataclass(frozen=True)
class CellCode:
    """lines: of the cell; tree: its Python; magics: (line from 1, text from its % or !)."""

    lines: tuple[str, ...]
    tree: ast.Module | None
    magics: tuple[tuple[int, str], ...]

    def line(self, number: int) -> str:
        """The text of a line, numbered from 1, without white space around it."""
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""


def read(source: str) -> CellCode:
    """The cell's Python and its magics."""
    lines = tuple(str(source)[:_LONGEST].split("\n"))
    tree = _parsed("\n".join(lines))
    if tree is not None:
        return CellCode(lines, tree, ())
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    magics: list[tuple[int, str]] = []
    python = list(lines)
    if lines[first].lstrip().startswith("%%"):
        magics.append((first + 1, lines[first].strip()))
        python[first] = ""
        if _word(lines[first]) not in _PYTHON_CELLS:
            return CellCode(lines, None, tuple(magics))
    for index, line in enumerate(python):
        found = _MAGIC.match(line)
        if found:
            magics.append((index + 1, found["magic"].strip()))
            python[index] = f"{found['indent']}{found['target'] or ''} ..."
        elif help_ := _HELP.match(line):
            python[index] = f"{help_['indent']}..."
    return CellCode(lines, _parsed("\n".join(python)), tuple(magics))


def _word(magic: str) -> str:
    """ "%%bash --out x" -> "bash"."""
    found = re.match(r"\s*%*\s*(\w*)", magic)
    return found[1] if found else ""


def _parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # escapes in a student's strings
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
