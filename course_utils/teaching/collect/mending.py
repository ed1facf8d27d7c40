"""Mend what was collected, so that what stands in submitted/ can be graded.

The student's own file is kept in downloaded/<assignment>/originals/<student>/.
"""

from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_utils.i18n import _, ngettext
from course_utils.teaching.collect.tries import original_of, put_mended
from course_utils.teaching.doctor.examine import Doctor
from course_utils.teaching.doctor.worth import is_blank

__all__ = ["Mended", "mend_collected"]


@dataclass(frozen=True)
class Mended:
    """note: for the table, "" where there is nothing to say; done: the file is mended.

    blank: it holds no answer.
    """

    note: str = ""
    done: bool = False
    needs_person: bool = False
    blank: bool = False


def mend_collected(
    doctor: Doctor, assignment: str, student: str, path: Path, *, dry_run: bool
) -> Mended:
    """Examine the collected file at `path`; put a mended one in its place where it is damaged.

    What costs nobody a mark, as Colab's own metadata, stays as it is. Without the released
    assignment there is nothing to compare with, and nothing is done.
    """
    if not doctor.release(assignment).notebooks:
        return Mended()
    root = doctor.course.root
    if not dry_run and original_of(root, assignment, student):
        return Mended(_("mended when it was collected"), done=True)
    found = doctor.examine(path, assignment)
    damages = [finding for finding in found.findings if finding.level != "note"]
    blank = found.notebook is not None and is_blank(found.notebook, doctor.release(assignment))
    words = _("it holds no answer") if blank else ""
    if not damages or (len(damages) == 1 and damages[0].kind == "unreadable"):
        return Mended(words, blank=blank)
    first = f"{damages[0].wrong()} {damages[0].cure()}"
    if found.notebook is None:
        return Mended(first, needs_person=True)
    if not dry_run:
        put_mended(root, assignment, student, (nbformat.writes(found.notebook) + "\n").encode())
    note = ngettext(
        "mended, {number} damage: {first}", "mended, {number} damages: {first}", len(damages)
    )
    note = note.format(number=len(damages), first=first)
    note = "; ".join(filter(None, (note, words)))
    return Mended(note, done=True, needs_person=found.needs_person, blank=blank)
