"""A percent file: the one source of a lecture or an assignment, in both languages.

    # %% [markdown] lang="ru"        prose, followed by its twin with lang="en"
    # %%                             code, the same in every language
    # %% exercise="jaccard"          code between ### BEGIN SOLUTION and ### END SOLUTION
    # %% check="jaccard"             its graded check: check("jaccard", jaccard)
    # %% [markdown] essay="essay"    model answers and, between ### BEGIN MARK SCHEME and
                                     ### END MARK SCHEME, how to mark them

Code and prose may carry tags=["..."]. `jupytext` splits the file; `rules` says what is wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
from jupytext.stringparser import StringParser

from course_utils.teaching.errors import CourseError

__all__ = ["Cell", "Source", "parse"]

_MARK = re.compile(r"^\s*#\s*(%%%*(\s.*)?|<codecell>|In\[[0-9 ]*\]:?)$")
_ROLES = ("exercise", "check", "essay")


@dataclass(frozen=True)
class Cell:
    """A cell of the source.

    number: counted from 1; line: of its mark in the file; kind: "markdown", "code" or "raw";
    metadata: what stands in the mark, as written there.
    """

    number: int
    line: int
    kind: str
    text: str
    metadata: Mapping[str, Any]

    @property
    def language(self) -> str | None:
        """The language of a prose cell; None for a cell that every language shows."""
        return self.metadata.get("lang")

    @property
    def role(self) -> str | None:
        """ "exercise", "check", "essay", or None for all else."""
        return next((role for role in _ROLES if role in self.metadata), None)

    @property
    def name(self) -> str | None:
        """The name that the role gives: that of the exercise or the essay."""
        return self.metadata[self.role] if self.role else None

    @property
    def tags(self) -> list[str]:
        """The cell's tags."""
        return list(self.metadata.get("tags", []))

    @property
    def first_line(self) -> str:
        """The first line that is not blank, shortened, to recognise the cell by."""
        line = next((line for line in self.text.splitlines() if line.strip()), "")
        return line if len(line) <= 60 else line[:57] + "..."


@dataclass(frozen=True)
class Source:
    """A parsed file. name: of the notebook; shown: the path as messages give it."""

    path: Path
    shown: str
    name: str
    cells: tuple[Cell, ...]

    def at(self, cell: Cell, line: int | None = None) -> str:
        """Where a cell is, for a message: file:line, number and first line of the cell."""
        line = cell.line if line is None else line
        return f"{self.shown}:{line}: cell {cell.number} ({cell.first_line!r})"


def parse(path: Path, root: Path | None = None) -> Source:
    """Split the percent file at `path` into cells; messages name it relative to `root`.

    Raises CourseError where the file can't be split; `rules` finds what is wrong in the cells.
    """
    shown = str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CourseError(f"{shown}: expected UTF-8, got {error}. Save it as UTF-8.") from None
    lines = _marks(text, shown)
    try:
        found = jupytext.reads(text, fmt="py:percent").cells
    except Exception as error:
        raise CourseError(_unreadable(text, shown, lines, error)) from error
    if len(found) != len(lines):
        raise CourseError(
            f"{shown}: expected as many cells as cell marks, got {len(found)} cells and "
            f"{len(lines)} marks. Look for a line like `# %%` inside a text or a string."
        )
    cells = [
        Cell(
            number=number,
            line=line,
            kind=cell.cell_type,
            text=cell.source,
            metadata={k: v for k, v in cell.metadata.items() if k != "lines_to_next_cell"},
        )
        for number, (cell, line) in enumerate(zip(found, lines, strict=True), 1)
    ]
    return Source(path=path, shown=shown, name=path.stem, cells=tuple(cells))


def _marks(text: str, shown: str) -> list[int]:
    """The line numbers of the cell marks, found as jupytext finds them."""
    lines = text.splitlines()
    marks = []
    parser = StringParser("python")
    for number, line in enumerate(lines, 1):
        if not parser.is_quoted() and _MARK.match(line):
            marks.append(number)
            parser = StringParser("python")
        parser.read_line(line)
    if not marks:
        raise CourseError(f"{shown}: expected cells that begin with `# %%`, found none.")
    for number in range(_header_end(lines), marks[0] - 1):
        if lines[number].strip():
            raise CourseError(
                f"{shown}:{number + 1}: expected a cell mark, got text before the first one: "
                f"{lines[number]!r}. Put `# %%` or `# %% [markdown]` above it."
            )
    return marks


def _unreadable(text: str, shown: str, lines: list[int], error: Exception) -> list[str]:
    """What jupytext can't read: the marks that it refuses one by one, else the file."""
    found = []
    for line in lines:
        mark = text.splitlines()[line - 1]
        try:
            jupytext.reads(f"{mark}\n# x\n", fmt="py:percent")
        except Exception as reason:
            words = str(reason).splitlines()[0]
            found.append(
                f'{shown}:{line}: expected a cell mark like `# %% tags=["name"]`, got '
                f"{mark!r}: {words}. Correct it."
            )
    return found or [f"{shown}: jupytext can't read this file: {error}."]


def _header_end(lines: list[str]) -> int:
    """The number of lines that jupytext's optional YAML header takes."""
    if not lines or lines[0].strip() != "# ---":
        return 0
    ends = [n for n, line in enumerate(lines[1:], 2) if line.strip() == "# ---"]
    return ends[0] if ends else 0
