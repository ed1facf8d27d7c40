"""A release as the doctor looks things up in it: by id, by text, by what a cell defines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from course_utils.teaching.doctor.use import taken
from course_utils.teaching.release import (
    ReleasedCell,
    blank_answers,
    released_cells,
    released_notebooks,
    squeezed,
    tracked_cells,
)

__all__ = ["Known", "definitions", "grade_id"]

_DEFINITION = re.compile(r"^(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)


def definitions(source: str) -> frozenset[str]:
    """Names of the functions and classes that a cell defines, though it may not parse."""
    return frozenset(_DEFINITION.findall(source))


def grade_id(cell: NotebookNode) -> str | None:
    """What the cell says it is; None where it says nothing that could be a name."""
    fields = cell.metadata.get("nbgrader")
    name = fields.get("grade_id") if isinstance(fields, dict) else None
    return name if isinstance(name, str) else None


@dataclass(frozen=True)
class Known:
    """A released notebook. cells: grade_id -> tracked cell; notebooks: language -> notebook.

    Every released cell has a key, the same in all languages: its grade_id where it is tracked,
    else "=" and its id.
    """

    cells: dict[str, ReleasedCell]
    notebooks: dict[str, NotebookNode]

    @classmethod
    def of(cls, notebooks: dict[str, NotebookNode]) -> "Known":
        """All that the released notebooks say; no gradebook is asked."""
        return cls(tracked_cells(notebooks), notebooks)

    @classmethod
    def for_grading(cls, names: Mapping) -> "Known":
        """The gradebook's cells with the notebooks of the course in the working folder.

        names: `resources["nbgrader"]` of a preprocessor. Whoever grades many hand-ins of one
        notebook reads them once and hands them on there, as "known".
        Raises nbgrader.api.MissingEntry where the assignment was never generated.
        """
        if "known" in names:
            return names["known"]
        assignment, notebook = names["assignment"], names["notebook"]
        return cls(
            released_cells(names["db_url"], assignment, notebook),
            released_notebooks(Path.cwd(), assignment, notebook),
        )

    @cached_property
    def released(self) -> dict[str, dict[str, NotebookNode]]:
        """language -> key -> cell, in order."""
        return {
            language: {_key(cell): cell for cell in notebook.cells}
            for language, notebook in self.notebooks.items()
        }

    @cached_property
    def by_id(self) -> dict[str, str]:
        """A cell's id, in either of its two places -> key."""
        return {
            name: key
            for cells in self.released.values()
            for key, cell in cells.items()
            for name in (cell.get("id"), cell.metadata.get("id"))
            if name
        }

    @cached_property
    def texts(self) -> dict[str, set[str]]:
        """key -> its released texts, squeezed, one a language."""
        found: dict[str, set[str]] = {
            name: {squeezed(cell.source)} for name, cell in self.cells.items()
        }
        for cells in self.released.values():
            for key, cell in cells.items():
                found.setdefault(key, set()).add(squeezed(cell.source))
        return found

    @cached_property
    def by_text(self) -> dict[str, str]:
        """A text, squeezed -> key, where only one released cell has that text."""
        found: dict[str, str | None] = {}
        for key, texts in self.texts.items():
            for text in texts - {""}:
                found[text] = key if found.get(text, key) == key else None
        return {text: key for text, key in found.items() if key is not None}

    @cached_property
    def blanks(self) -> dict[str, set[str]]:
        """Untouched answers: grade_id -> texts, squeezed."""
        return blank_answers(self.cells, self.notebooks)

    @cached_property
    def defines(self) -> dict[str, frozenset[str]]:
        """grade_id of a solution in code -> what the student has to define there."""
        return {
            name: frozenset().union(
                definitions(cell.source),
                *(definitions(c[name].source) for c in self.released.values() if name in c),
            )
            for name, cell in self.cells.items()
            if cell.solution and cell.cell_type == "code"
        }

    @cached_property
    def asked(self) -> dict[str, frozenset[str]]:
        """grade_id of a solution in code -> what its check asks for, of what is defined there.

        All of it, where the check asks for none.
        """
        found = dict(self.defines)
        for language in self.released or [""]:
            for check, solution in self.solution_of(language).items():
                names = self.defines.get(solution, frozenset())
                found[solution] = names & taken(self.cells[check].source) or names
        return found

    @cached_property
    def questions(self) -> dict[str, str]:
        """Key of the text above an essay -> that essay, in each language."""
        found = {}
        for cells in self.released.values():
            above = None
            for key, cell in cells.items():
                tracked = self.cells.get(key)
                if tracked is None:
                    above = key if cell.cell_type == "markdown" else None
                elif tracked.solution and tracked.graded and above is not None:
                    found[above] = key
        return found

    def order(self, language: str) -> list[str]:
        """All keys as the notebook in that language has them; the gradebook promises none."""
        first = self.released.get(language, {})
        others = [key for cells in self.released.values() for key in cells]
        known = dict.fromkeys([*first, *others, *self.cells])
        return [key for key in known if key in first or key in self.cells or not first]

    def solution_of(self, language: str) -> dict[str, str]:
        """check -> the solution that stands before it."""
        found, last = {}, None
        for key in self.order(language):
            cell = self.cells.get(key)
            if cell is not None and cell.solution:
                last = key
            elif cell is not None and cell.check and last is not None:
                found[key] = last
        return found

    def cell(self, key: str, language: str) -> NotebookNode | None:
        """The released cell in that language, else in the first that has it."""
        for name in (language, *self.released):
            if key in self.released.get(name, {}):
                return self.released[name][key]
        return None

    def in_all_languages(self, key: str) -> list[str]:
        """The cell's text in each language that has it under this key."""
        return [cells[key].source for cells in self.released.values() if key in cells]

    def language_of(self, cells: list[NotebookNode]) -> str:
        """The language whose prose the cells hold most of; "" where they hold none."""
        texts = {squeezed(cell.source) for cell in cells if cell.cell_type != "code"}
        votes = {
            language: sum(
                squeezed(cell.source) in texts
                for cell in notebook.cells
                if cell.cell_type == "markdown" and grade_id(cell) is None
            )
            for language, notebook in self.notebooks.items()
        }
        best = max(votes, key=votes.get, default="")
        return best if votes.get(best) else ""


def _key(cell: NotebookNode) -> str:
    name = grade_id(cell)
    return name or f"={cell.metadata.get('id') or cell.get('id') or squeezed(cell.source)}"
