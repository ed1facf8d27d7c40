"""Put right, in a notebook that can be read, what stands between a student's work and its mark.

Every released cell that earns points is there once afterwards, as it was released, below what
it needs. Cells of the student's own keep their text and their order; a cell is removed only
where it holds a released text and nothing else.
"""

import hashlib
from dataclasses import dataclass

import nbformat
from nbformat.notebooknode import NotebookNode

from course_utils.i18n import N_
from course_utils.teaching.doctor.findings import Finding, first_words
from course_utils.teaching.doctor.known import Known, grade_id
from course_utils.teaching.doctor.matching import Match, match
from course_utils.teaching.doctor.use import given, taken
from course_utils.teaching.release import squeezed

__all__ = ["fill_in", "give_ids", "mend"]

_TYPES = {"code": N_("code"), "markdown": N_("text"), "raw": N_("raw text")}
_MAKE = {
    "code": nbformat.v4.new_code_cell,
    "markdown": nbformat.v4.new_markdown_cell,
    "raw": nbformat.v4.new_raw_cell,
}


@dataclass(eq=False)  # equal cells are still two
class _Cell:
    """number: in the hand-in, from 1; None for a cell put back. match: what it is."""

    cell: NotebookNode
    match: Match
    number: int | None = None

    @property
    def key(self) -> str | None:
        return self.match.key

    @property
    def words(self) -> str:
        return first_words(self.cell.source)


def mend(notebook: NotebookNode, known: Known, language: str) -> list[Finding]:
    """Mend the notebook's cells, in place; returns what was found, in the cells' order."""
    work = _Mending(notebook, known, language)
    work.name_cells()
    work.add_missing()
    work.move_answers_out_of_questions()
    work.add_needed_code()
    work.put_in_order()
    notebook.cells = [item.cell for item in work.cells]
    give_ids(notebook)
    return sorted(work.findings, key=lambda found: found.number or 10**9)


class _Mending:
    def __init__(self, notebook: NotebookNode, known: Known, language: str) -> None:
        self.known, self.language = known, language
        self.order = known.order(language)
        self.ranks = {key: rank for rank, key in enumerate(self.order)}
        self.findings: list[Finding] = []
        matches = match(notebook.cells, known, language)
        self.cells = [
            _Cell(cell, found, number)
            for number, (cell, found) in enumerate(
                zip(notebook.cells, matches, strict=True), start=1
            )
        ]

    def find(self, kind: str, item: _Cell | None = None, **values) -> None:
        number, words = (item.number, item.words) if item else (None, "")
        self.findings.append(Finding(kind, number, words, values))

    def name_cells(self) -> None:
        """Give released cells their metadata and type; take them from all others."""
        kept = []
        for item in self.cells:
            if item.match.blank:
                self.find("blank_copy", item, name=item.match.copy_of)
            elif item.key in self.known.cells:
                self._restore(item)
                kept.append(item)
            else:
                kept += self._own(item)
        self.cells = kept

    def _restore(self, item: _Cell) -> None:
        released = self.known.cells[item.key]
        self._say_how_known(item)
        self._say_settings(item)
        metadata = NotebookNode(nbgrader=released.metadata())
        if "id" in item.cell.metadata:
            metadata["id"] = item.cell.metadata["id"]
        if item.cell.cell_type != released.cell_type:
            was, now = _TYPES[item.cell.cell_type], _TYPES[released.cell_type]
            self.find("retyped", item, name=item.key, was=was, now=now)
            pictures = item.cell.get("attachments")
            item.cell = _MAKE[released.cell_type](item.cell.source, metadata=metadata)
            if pictures and released.cell_type != "code":
                item.cell["attachments"] = pictures
        item.cell["metadata"] = metadata
        if released.locked and squeezed(item.cell.source) not in self.known.texts[item.key]:
            self.find("check_form", item, name=item.key)
            item.cell["source"] = self._text(item.key)

    def _say_how_known(self, item: _Cell) -> None:
        said, how = grade_id(item.cell), item.match.how
        if said == item.key:
            return
        if said in self.known.cells:
            self.find("mark_changed", item, said=said, name=item.key)
        elif how in ("content", "place") and said is None and self._marked_elsewhere(item.key):
            self.find("answer_elsewhere", item, name=item.key)
        else:
            self.find("mark_lost", item, name=item.key)

    def _marked_elsewhere(self, key: str) -> bool:
        return any(grade_id(item.cell) == key for item in self.cells if item.key != key)

    def _say_settings(self, item: _Cell) -> None:
        """Points, locks and kinds that are not the release's; checksums tell of versions."""
        said = item.cell.metadata.get("nbgrader")
        if not isinstance(said, dict) or said.get("grade_id") != item.key:
            return
        right = self.known.cells[item.key].metadata()
        fields = ("grade", "solution", "locked", "points", "schema_version")
        if any(said.get(name, right.get(name)) != right.get(name) for name in fields):
            self.find("settings", item, name=item.key)

    def _own(self, item: _Cell) -> list[_Cell]:
        """A cell that earns nothing: prose of the release, or the student's own."""
        cell, found = item.cell, item.match
        said = grade_id(cell)
        tags = ("id",) if found.key else ()  # a released id on an own cell: it is a copy
        cell["metadata"] = NotebookNode(
            {k: cell.metadata[k] for k in tags if k in cell.metadata}
        )
        if found.key is None:
            self._forget_released_id(cell)
        if found.edited:
            kind = "check_edited" if squeezed(cell.source) else "check_missing"
            self.find(kind, item, name=found.copy_of)
            return self._edited(item)
        if found.copy_of:
            self.find("twice", item, name=found.copy_of)
        elif said is not None and said not in self.known.cells:
            self.find("mark_unknown", item)
        return [item]

    def _edited(self, item: _Cell) -> list[_Cell]:
        """The student's text out of a check's cell: run only where others may need it."""
        cell = item.cell
        if cell.cell_type == "code" and not given(cell.source) and squeezed(cell.source):
            item.cell = nbformat.v4.new_raw_cell(cell.source)
        kept = [item] if squeezed(cell.source) else []
        name = item.match.copy_of
        if any(other.key == name for other in self.cells):
            return kept
        return [*kept, self._released(name)]

    def _forget_released_id(self, cell: NotebookNode) -> None:
        if cell.get("id") in self.known.by_id:
            del cell["id"]

    def _released(self, key: str) -> _Cell:
        """A cell of the release, to be put back."""
        cell = self.known.cell(key, self.language)
        tracked = self.known.cells.get(key)
        metadata = NotebookNode(nbgrader=tracked.metadata()) if tracked else NotebookNode()
        if cell is not None and "id" in cell.metadata:
            metadata["id"] = cell.metadata.id
        make = _MAKE[tracked.cell_type if tracked else cell.cell_type]
        new = make(self._text(key), metadata=metadata)
        if cell is not None and "id" in cell:
            new["id"] = cell.id
        return _Cell(new, Match(key, "released"))

    def _text(self, key: str) -> str:
        cell = self.known.cell(key, self.language)
        return cell.source if cell is not None else self.known.cells[key].source

    def add_missing(self) -> None:
        """Put back checks, essays and solutions: before the next released cell."""
        present = {item.key for item in self.cells}
        for key in reversed(self.order):
            released = self.known.cells.get(key)
            if released is None or key in present:
                continue
            if released.solution and not released.graded:
                holder = self._holder(key)
                if holder is not None:
                    self.find("answer_shared", holder, name=key)
                    continue
                self.find("solution_missing", name=key)
            elif released.solution and not self._in_question(key):
                self.find("essay_missing", name=key)
            elif released.graded or released.locked:
                self.find("check_missing", name=key)
            self.cells.insert(self._place_of(key), self._released(key))

    def _in_question(self, essay: str) -> bool:
        return any(
            i.match.answer is not None and i.match.answer.to == essay for i in self.cells
        )

    def move_answers_out_of_questions(self) -> None:
        """Into the cell for the answer where that is untouched, else above it."""
        for item in [item for item in self.cells if item.match.answer is not None]:
            answer = item.match.answer
            essay = next(other for other in self.cells if other.key == answer.to)
            if squeezed(essay.cell.source) in self.known.blanks[answer.to]:
                self.find("answer_in_question", item, name=answer.to)
                essay.cell["source"] = answer.text
            else:
                self.find("text_in_question", item, name=answer.to)
                essay = _Cell(nbformat.v4.new_markdown_cell(answer.text), Match())
                self.cells.insert(self.cells.index(item) + 1, essay)
            pictures = item.cell.pop("attachments", None)
            if pictures:
                essay.cell["attachments"] = {**essay.cell.get("attachments", {}), **pictures}
            item.cell["source"] = answer.question
            if item.cell.cell_type != "markdown":
                metadata = item.cell.metadata
                item.cell = nbformat.v4.new_markdown_cell(answer.question, metadata=metadata)

    def _holder(self, key: str) -> _Cell | None:
        """The cell that holds this answer beside its own; else the last to give its names."""
        for item in self.cells:
            if key in item.match.shared:
                return item
        names = self.known.defines.get(key, frozenset())
        for item in reversed(self.cells):
            if names and item.cell.cell_type == "code" and names & given(item.cell.source):
                item.match.shared += (key,)
                return item
        return None

    def _place_of(self, key: str) -> int:
        """Before the first cell that the release has after `key`, or at the end."""
        later = set(self.order[self.ranks[key] + 1 :])
        earlier = set(self.order[: self.ranks[key]]) & self.known.cells.keys()
        last = max((at for at, m in enumerate(self.cells) if m.key in earlier), default=-1)
        after = [at for at, item in enumerate(self.cells) if item.key in later]
        below = [at for at in after if at > last]
        if below:
            return below[0]
        tracked = [at for at in after if self.cells[at].key in self.known.cells]
        return tracked[0] if tracked else len(self.cells)

    def add_needed_code(self) -> None:
        """Put back the set-up and imports, where cells use names that nothing else gives."""
        present = {item.key for item in self.cells}
        missing = [
            key
            for key in self.order
            if key not in present
            and key not in self.known.cells
            and self.known.cell(key, self.language).cell_type == "code"
        ]
        if not missing:
            return
        sources = [i.cell.source for i in self.cells if i.cell.cell_type == "code"]
        wanted = set().union(*map(taken, sources)) - set().union(*map(given, sources))
        for key in missing:
            names = wanted & given(self.known.cell(key, self.language).source)
            if names:
                wanted -= names
                self.find("code_missing", names=", ".join(sorted(names)))
                self.cells.insert(self._place_of_code(key), self._released(key))

    def _place_of_code(self, key: str) -> int:
        """After the last cell that the release has before it; above all later ones."""
        rank = self.ranks[key]
        ranks = [self.ranks.get(item.key, -1) if item.key else -1 for item in self.cells]
        after = next((at for at, other in enumerate(ranks) if other > rank), len(ranks))
        before = [at for at, other in enumerate(ranks[:after]) if 0 <= other < rank]
        return before[-1] + 1 if before else 0

    def put_in_order(self) -> None:
        """Checks below their solutions, released code above what needs it; nothing else moves.

        Both hold released text alone, so nothing that a student wrote changes its place.
        """
        solutions = self.known.solution_of(self.language)
        for item in reversed(self.cells[:]):  # so that checks below one cell keep their order
            if item.key in solutions:
                self._move_below(item, solutions[item.key])
        for item in list(self.cells):
            if (
                item.key is not None
                and item.key not in self.known.cells
                and item.cell.cell_type == "code"
                and squeezed(item.cell.source) in self.known.texts[item.key]
            ):
                self._move_above(item)

    def _move_below(self, item: _Cell, solution: str) -> None:
        holds = [solution in (i.key, *i.match.shared) for i in self.cells]
        at = holds.index(True) if True in holds else -1
        if at < self.cells.index(item):
            return
        self.find("check_too_early", item, name=item.key)
        self.cells.remove(item)  # so the solution stands at `at - 1`
        rest = range(at, len(self.cells))
        place = next((n for n in rest if self.cells[n].key is not None), len(self.cells))
        self.cells.insert(place, item)

    def _move_above(self, item: _Cell) -> None:
        rank, at = self.ranks.get(item.key), self.cells.index(item)
        if rank is None:
            return
        for place, other in enumerate(self.cells[:at]):
            code = other.key in self.known.cells or other.cell.cell_type == "code"
            if other.key and code and self.ranks.get(other.key, -1) > rank:
                self.find("code_too_late", item)
                self.cells.remove(item)
                self.cells.insert(place, item)
                return


def fill_in(notebook: NotebookNode, known: Known, language: str) -> None:
    """Released cells get all of their released metadata, as tags and locks, and their ids."""
    matches = match(notebook.cells, known, language)
    for cell, found in zip(notebook.cells, matches, strict=True):
        released = known.cell(found.key, language) if found.key else None
        if released is not None and grade_id(cell) in (None, found.key):
            cell["metadata"] = NotebookNode(released.metadata)
            if "id" in released:
                cell["id"] = released.id
    give_ids(notebook)


def give_ids(notebook: NotebookNode) -> None:
    """nbformat 4.5, each cell with an id of its own: Colab saves 4.0, copies share ids.

    New ids depend on the text and the place alone, so that mending twice gives one result.
    """
    minor = notebook.get("nbformat_minor")
    notebook["nbformat_minor"] = max(minor, 5) if isinstance(minor, int) else 5
    taken_ids = set()
    for at, cell in enumerate(notebook.cells):
        if not isinstance(cell.get("id"), str) or cell.id in taken_ids:
            seed = f"{at}\0{cell.source}".encode("utf-8", "replace")
            cell["id"] = hashlib.sha256(seed).hexdigest()[:12]
        while cell.id in taken_ids:
            cell["id"] = hashlib.sha256(cell.id.encode()).hexdigest()[:12]
        taken_ids.add(cell.id)
