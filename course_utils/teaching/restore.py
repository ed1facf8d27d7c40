"""Give a hand-in back what the release says, before anything of it is run.

Students copy, delete and move cells; editors and Drive strip metadata; some write points of
their own. nbgrader restores locked cells (`OverwriteCells`), but stops at the rest. This comes
before it in `Autograde.sanitize_preprocessors`: after it every released cell that earns points
is there exactly once, with nbgrader's own metadata.
"""

from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from course_utils.teaching.release import (
    ReleasedCell,
    blank_answers,
    hand_in_language,
    released_cells,
    released_notebooks,
    squeezed,
)

__all__ = ["RestoreRelease"]


class RestoreRelease(NbGraderPreprocessor):
    """Restores cells and metadata out of the gradebook, whatever the hand-in says of itself."""

    def preprocess(self, nb: NotebookNode, resources):
        """Runs in the course's folder, where nbgrader's converters change to."""
        names = resources["nbgrader"]
        self.released = released_cells(names["db_url"], names["assignment"], names["notebook"])
        self.notebooks = released_notebooks(Path.cwd(), names["assignment"], names["notebook"])
        self.language = hand_in_language(nb, next(iter(self.notebooks), ""))
        self._forget_our_own_marks(nb, resources.get("unreadable"))
        self._recognise(nb)
        self._keep_one_of_each(nb)
        for index, cell in enumerate(nb.cells):
            nb.cells[index] = self._restored(cell)
        self._add_missing(nb)
        _give_ids(nb)
        return nb, resources

    def _forget_our_own_marks(self, nb: NotebookNode, unreadable) -> None:
        """`metadata.course` holds verdicts after grading; a hand-in brings none of its own."""
        nb.metadata.pop("widgets", None)
        nb.metadata["course"] = NotebookNode()
        if self.language:
            nb.metadata.course["language"] = self.language
        outcome = NotebookNode(state="not_graded", reason="")  # until `judge` has its say
        if unreadable:
            outcome.update(
                state="unreadable", reason=unreadable.message, values=unreadable.values
            )
        nb.metadata.course["outcome"] = outcome
        for cell in nb.cells:
            cell.metadata.pop("course", None)

    def _recognise(self, nb: NotebookNode) -> None:
        """Cells that lost their metadata: by the released cell's id, or by a check's text."""
        by_id = {}
        for notebook in self.notebooks.values():
            for cell in notebook.cells:
                name = cell.metadata.get("nbgrader", {}).get("grade_id")
                for key in (cell.get("id"), cell.metadata.get("id")):
                    by_id[key] = name
        by_text = {squeezed(c.source): c.name for c in self.released.values() if c.check}
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name not in self.released:
                name = by_id.get(cell.metadata.get("id")) or by_id.get(cell.get("id"))
                name = name or by_text.get(squeezed(cell.source))
            cell.metadata.pop("nbgrader", None)
            if name in self.released:
                cell.metadata["nbgrader"] = self.released[name].metadata()

    def _keep_one_of_each(self, nb: NotebookNode) -> None:
        """Of copies, the last that holds an answer stays the one that nbgrader knows."""
        blanks = blank_answers(self.released, self.notebooks)
        copies: dict[str, list[NotebookNode]] = {}
        for cell in nb.cells:
            if "nbgrader" in cell.metadata:
                copies.setdefault(cell.metadata.nbgrader.grade_id, []).append(cell)
        for name, cells in copies.items():
            answers = [c for c in cells if squeezed(c.source) not in blanks.get(name, ())]
            kept = (answers or cells)[-1]
            for cell in cells:
                if cell is not kept:
                    self.log.warning("Cell '%s' exists more than once", name)
                    del cell.metadata["nbgrader"]

    def _restored(self, cell: NotebookNode) -> NotebookNode:
        """The cell with its released type; `OverwriteCells` restores locked text after this."""
        if "nbgrader" not in cell.metadata:
            return cell
        released = self.released[cell.metadata.nbgrader.grade_id]
        if cell.cell_type == released.cell_type:
            return cell
        self.log.warning("Cell '%s' is no longer %s", released.name, released.cell_type)
        return _new_cell(released, cell.source, cell.metadata)

    def _add_missing(self, nb: NotebookNode) -> None:
        """Put a deleted graded cell before the next released one: after what it may need."""
        places = {
            cell.metadata.nbgrader.grade_id: index
            for index, cell in enumerate(nb.cells)
            if "nbgrader" in cell.metadata
        }
        place = len(nb.cells)
        for released in reversed(self._in_order()):
            if released.name in places:
                place = places[released.name]
            elif released.graded:
                self.log.warning("Cell '%s' is missing: added again", released.name)
                metadata = NotebookNode(nbgrader=released.metadata())
                source = self._text(released.name) or released.source
                nb.cells.insert(place, _new_cell(released, source, metadata))

    def _in_order(self) -> list[ReleasedCell]:
        """As the released notebooks order them; the gradebook promises no order."""
        order = [
            cell.metadata.get("nbgrader", {}).get("grade_id")
            for notebook in self.notebooks.values()
            for cell in notebook.cells
        ]
        known = dict.fromkeys([*order, *self.released])
        return [self.released[name] for name in known if name in self.released]

    def _text(self, name: str) -> str | None:
        """A released cell's text in the hand-in's language, where that notebook is there."""
        for cell in self.notebooks.get(self.language, NotebookNode(cells=[])).cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
                return cell.source
        return None


def _new_cell(released: ReleasedCell, source: str, metadata: NotebookNode) -> NotebookNode:
    make = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }[released.cell_type]
    return make(source, metadata=metadata)


def _give_ids(nb: NotebookNode) -> None:
    """nbformat 4.5, each cell with an id of its own: Colab saves 4.0, copies share ids."""
    nb.nbformat_minor = max(nb.nbformat_minor, 5)
    taken = set()
    for cell in nb.cells:
        if not isinstance(cell.get("id"), str) or cell.id in taken:
            cell["id"] = nbformat.v4.new_raw_cell().id
        taken.add(cell.id)
