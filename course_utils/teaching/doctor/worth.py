"""Which of several files counts: how much of an assignment's work each of them holds.

worth(notebook, known) > worth(other, known)     # the first one stands, whatever its time
"""

from enum import IntEnum

from nbformat.notebooknode import NotebookNode

from course_utils.teaching.doctor.known import Known, grade_id
from course_utils.teaching.doctor.matching import match
from course_utils.teaching.release import hand_in_language, squeezed

__all__ = ["Worth", "is_blank", "is_untouched", "worth"]


class Worth(IntEnum):
    """The worst first. UNREADABLE: no notebook. OTHER: a notebook, but none of the assignment.

    BROKEN: unreadable, but its text is of the assignment. BLANK: of it, without an answer.
    PART: answers, with less than half of the assignment's cells about them. ANSWERED: the rest.
    """

    UNREADABLE = 0
    OTHER = 1
    BROKEN = 2
    BLANK = 3
    PART = 4
    ANSWERED = 5


def worth(notebook: NotebookNode, known: Known) -> Worth:
    """How much of the released assignment a notebook holds that can be read."""
    language = hand_in_language(notebook, next(iter(known.notebooks), ""))
    there, answered = set(), False
    matches = match(notebook.cells, known, language)
    for cell, found in zip(notebook.cells, matches, strict=True):
        released = known.cells.get(found.key)
        if released is None and found.answer is None:
            continue
        there.update(found.shared, [found.key] if released is not None else ())
        written = released is not None and released.solution and not _empty(cell, known)
        answered |= bool(found.shared or found.answer or written)
    whole = 2 * len(there) >= len(known.cells)
    if answered:
        return Worth.ANSWERED if whole else Worth.PART
    return Worth.BLANK if whole else Worth.OTHER


def is_blank(notebook: NotebookNode, known: Known) -> bool:
    """Whether a mended notebook holds no answer."""
    cells = {grade_id(cell): cell for cell in notebook.cells}
    return set(known.blanks) <= cells.keys() and all(
        _empty(cells[name], known) for name in known.blanks
    )


def is_untouched(cell: NotebookNode) -> bool:
    """Whether the text is the one that the cell's own release, this or another, gave it."""
    from nbgrader.utils import compute_checksum  # late: it loads half of nbgrader

    try:
        return compute_checksum(cell) == cell.metadata.nbgrader["checksum"]
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def _empty(cell: NotebookNode, known: Known) -> bool:
    text = squeezed(cell.source)
    return any(text in texts for texts in known.blanks.values()) or is_untouched(cell)
