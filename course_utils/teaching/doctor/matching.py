"""Which released cell is each cell of a hand-in? By what it says, by its id, text, place.

The surest sign goes first: the exact text of a check, a grade_id that the content does not
contradict, the id that Jupyter and Colab keep. Where these are gone a solution is known by the
function that it defines, an essay and the rest by where they stand.
"""

from collections import Counter
from dataclasses import dataclass, replace

from nbformat.notebooknode import NotebookNode
from rapidfuzz import fuzz

from course_utils.checks import cell_code
from course_utils.teaching.doctor.known import Known, definitions, grade_id
from course_utils.teaching.doctor.questions import Answer, answer_in, is_whole_in, share_of
from course_utils.teaching.doctor.use import named_functions
from course_utils.teaching.release import squeezed

__all__ = ["Match", "match"]

_ALIKE = 55  # percent: a stub with some lines of code in it against the bare stub
_LONGEST = 5000  # characters of a cell that are compared
_KEPT = 0.5  # of a question's words: with fewer it is the student's own text


@dataclass
class Match:
    """What a cell of a hand-in is.

    key: of the released cell, None for a cell of the student's own.
    how: "text", "grade_id", "id", "content" (what it defines), "place", or "".
    copy_of: a tracked cell that another one stands for. blank: a released text that must go,
        because the answer stands elsewhere. edited: a check's cell with another text in it.
    answer: what the student wrote into the cell of a question.
    shared: solutions without a cell of their own, whose answers stand in this one too.
    """

    key: str | None = None
    how: str = ""
    copy_of: str | None = None
    blank: bool = False
    edited: bool = False
    answer: Answer | None = None
    shared: tuple[str, ...] = ()


def match(cells: list[NotebookNode], known: Known, language: str) -> list[Match]:
    """One Match for each cell. Every tracked cell is matched once at most."""
    found = _Matching(cells, known, language)
    found.by_sign()
    found.keep_one_of_each()
    found.set_edited_checks_aside()
    found.look_into_questions()
    found.by_content()
    found.by_place()
    return found.matches


class _Matching:
    def __init__(self, cells: list[NotebookNode], known: Known, language: str) -> None:
        self.cells, self.known = cells, known
        self.texts = [squeezed(cell.source) for cell in cells]
        self.order = known.order(language)
        self.matches = [Match() for _cell in cells]

    def by_sign(self) -> None:
        ids = Counter(_ids(cell)[0] for cell in self.cells if _ids(cell))
        for at, cell in enumerate(self.cells):
            self.matches[at] = self._sign(cell, self.texts[at], ids)

    def _sign(self, cell: NotebookNode, text: str, ids: Counter) -> Match:
        known = self.known
        said = grade_id(cell)
        by_text = known.by_text.get(text)
        if by_text in known.cells and known.cells[by_text].check:
            return Match(by_text, "grade_id" if said == by_text else "text")
        if said in known.cells:
            other = self._defined_instead(said, cell)
            return Match(other, "content") if other else Match(said, "grade_id")
        for name in _ids(cell):
            if name in known.by_id and ids[name] <= 2:  # one id on many cells says nothing
                return Match(known.by_id[name], "id")
        return Match(by_text, "text") if by_text else Match()

    def _defined_instead(self, said: str, cell: NotebookNode) -> str | None:
        """Another exercise's solution, where the cell holds that and not the one it says."""
        wanted = self.known.defines.get(said)
        names = definitions(cell.source)
        if not wanted or wanted & names:
            return None
        defines = self.known.defines
        return next((key for key in self.order if defines.get(key, frozenset()) & names), None)

    def keep_one_of_each(self) -> None:
        """Of copies, the last that holds an answer stays the one that is marked."""
        places: dict[str, list[int]] = {}
        for at, found in enumerate(self.matches):
            if found.key in self.known.cells:
                places.setdefault(found.key, []).append(at)
        for key, copies in places.items():
            if len(copies) > 1:
                self._keep_one(key, copies)

    def _keep_one(self, key: str, copies: list[int]) -> None:
        kept = self._best(key, copies)
        for at in copies:
            if at == kept:
                continue
            told = self.matches[at].how in ("grade_id", "id")
            blank = self.known.cells[key].solution and self._blank(key, at)
            self.matches[at] = Match(copy_of=key if told or blank else None, blank=blank)

    def _best(self, key: str, copies: list[int]) -> int:
        if not self.known.cells[key].solution:  # a check typed once more has no grade_id
            sure = [at for at in copies if self.matches[at].how == "grade_id"]
            exact = [at for at in sure or copies if self._released(key, at)]
            return (exact or sure or copies)[-1]
        answers = [at for at in copies if not self._blank(key, at)]
        defining = [at for at in answers if self._defines(key, at)]
        return (defining or answers or copies)[-1]

    def set_edited_checks_aside(self) -> None:
        """What a student wrote in a check's cell stays theirs; the check is put back."""
        for at, found in enumerate(self.matches):
            cell = self.known.cells.get(found.key)
            if cell is not None and cell.locked and not self._released(found.key, at):
                text = squeezed(_without_forms(self.cells[at].source))
                if text in self.known.texts[found.key]:
                    continue  # only a form's line was added
                self.matches[at] = Match(copy_of=found.key, edited=True)

    def look_into_questions(self) -> None:
        """What a student wrote into the cell of a question is an answer to it."""
        known = self.known
        for at, found in enumerate(self.matches):
            cell = self.cells[at]
            if cell.cell_type == "code" or not (found.key in known.questions or self._free(at)):
                continue
            key = found.key or self._question_in(cell.source)
            if key is None or self.texts[at] in known.texts[key]:
                continue
            releases = known.in_all_languages(key)
            answer = answer_in(cell.source, releases, known.questions[key])
            if answer is not None and self._is_released(answer.text):
                answer = None
            if answer and max(share_of(text, cell.source) for text in releases) < _KEPT:
                self.matches[at] = Match()  # overwritten: no question any more
            else:
                self.matches[at] = Match(key, found.how or "text", answer=answer)

    def _question_in(self, source: str) -> str | None:
        """The question that stands in the text word by word, where no id says which it is."""
        known = self.known
        return next(
            (
                key
                for key in known.questions
                if is_whole_in(source, known.in_all_languages(key))
            ),
            None,
        )

    def _is_released(self, text: str) -> bool:
        """Whether the text is a stub, or another cell that was joined to this one."""
        known = self.known
        return squeezed(text) in known.by_text or any(
            squeezed(text) in texts for texts in known.blanks.values()
        )

    def by_content(self) -> None:
        """Solutions that are missing or untouched, where another cell defines them.

        Of several in one cell, the first in the release's order has the cell for its own.
        """
        for key in self.order:
            names, at = self.known.asked.get(key), self._place(key)
            if not names or (at is not None and not self._blank(key, at)):
                continue
            holder = self._holder(names)
            if holder is None:
                continue
            if self.matches[holder].key is None:
                self._set(key, holder, "content", instead_of=at)
            else:
                self._put_aside(key, at)
                found = self.matches[holder]
                self.matches[holder] = replace(found, shared=(*found.shared, key))

    def _holder(self, names: frozenset[str]) -> int | None:
        """The last cell that gives all of these names, code before anything else."""
        found = [
            at
            for at, cell in enumerate(self.cells)
            if self._may_hold(at, names) and names <= self._names(at) | self._given(cell)
        ]
        code = [at for at in found if self.cells[at].cell_type == "code"]
        return (code or found or [None])[-1]

    def _may_hold(self, at: int, names: frozenset[str]) -> bool:
        """A cell of the student's own, or an answer to another exercise."""
        found = self.matches[at]
        if found.key is None:
            return not found.blank
        its = self.known.defines.get(found.key)
        return its is not None and not its & names and not self._blank(found.key, at)

    def _given(self, cell: NotebookNode) -> set[str]:
        return named_functions(cell.source) if cell.cell_type == "code" else set()

    def by_place(self) -> None:
        """What is still missing, or empty, between the neighbours it has in the release."""
        shared = {key for found in self.matches for key in found.shared}
        for key in self.order:
            cell, at = self.known.cells.get(key), self._place(key)
            if cell is None or not cell.solution or key in shared:
                continue
            if at is not None and not self._blank(key, at):
                continue
            gap = self._gap(key)
            if cell.cell_type == "code":
                found = self._alike(key, gap) if at is None else None
            else:
                found = self._written(gap)
                if found is None and at is not None:
                    found = self._written(self._below(at))
            if found is not None:
                self._set(key, found, "place", instead_of=at)

    def _alike(self, key: str, gap: list[int]) -> int | None:
        wanted = self.known.cells[key].source[:_LONGEST]
        scores = {
            at: fuzz.ratio(wanted, self.cells[at].source[:_LONGEST])
            for at in gap
            if self.texts[at]
        }
        best = max(scores, key=scores.get, default=None)
        return best if best is not None and scores[best] >= _ALIKE else None

    def _written(self, gap: list[int]) -> int | None:
        """The longest text in the gap; a code cell counts where it is no code."""
        prose = [at for at in gap if self.cells[at].cell_type == "markdown"]
        prose = prose or [
            at
            for at in gap
            if self.cells[at].cell_type == "raw"
            or cell_code.read(self.cells[at].source).tree is None
        ]
        return max((at for at in prose if self.texts[at]), key=self._length, default=None)

    def _gap(self, key: str) -> list[int]:
        """Own cells between the released cells that stand before and after `key`."""
        place = self.order.index(key) if key in self.order else len(self.order)
        before, after = set(self.order[:place]), set(self.order[place + 1 :])
        first = max((at for at, m in enumerate(self.matches) if m.key in before), default=-1)
        last = next(
            (at for at, m in enumerate(self.matches) if at > first and m.key in after),
            len(self.cells),
        )
        inside = range(first + 1, last)
        return [at for at in inside if self._free(at)]

    def _below(self, at: int) -> list[int]:
        """Own cells right below a released one, wherever that was moved to."""
        end = next(
            (n for n in range(at + 1, len(self.cells)) if not self._free(n)), len(self.cells)
        )
        return list(range(at + 1, end))

    def _free(self, at: int) -> bool:
        found = self.matches[at]
        return found.key is None and not (found.blank or found.edited or found.copy_of)

    def _set(self, key: str, at: int, how: str, instead_of: int | None) -> None:
        self._put_aside(key, instead_of)
        self.matches[at] = Match(key, how, edited=self.matches[at].edited)

    def _put_aside(self, key: str, at: int | None) -> None:
        """The released cell that another one stands for."""
        if at is not None:
            blank = not self.texts[at] or self._blank(key, at)
            self.matches[at] = Match(copy_of=key, blank=blank)

    def _place(self, key: str) -> int | None:
        return next((at for at, found in enumerate(self.matches) if found.key == key), None)

    def _blank(self, key: str, at: int) -> bool:
        return self.texts[at] in self.known.blanks.get(key, ())

    def _released(self, key: str, at: int) -> bool:
        return self.texts[at] in self.known.texts[key]

    def _defines(self, key: str, at: int) -> bool:
        return bool(self.known.defines.get(key, frozenset()) & self._names(at))

    def _names(self, at: int) -> frozenset[str]:
        return definitions(self.cells[at].source)

    def _length(self, at: int) -> int:
        return len(self.texts[at])


def _ids(cell: NotebookNode) -> list[str]:
    both = (cell.metadata.get("id"), cell.get("id"))
    return [name for name in both if isinstance(name, str)]


def _without_forms(source: str) -> str:
    """The text without the lines that Colab's forms add."""
    return "\n".join(line for line in source.split("\n") if not line.startswith("#@"))
