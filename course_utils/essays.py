"""Essays: what stands in their cells before anybody writes, and who forgot to.

essays.warnings(notebook, ["essay"])      # sentences; none where all is written
"""

from collections.abc import Iterable
from typing import Any

from course_utils.i18n import _

__all__ = ["STUBS", "warnings"]

# What stands in an essay cell that nobody has touched. A release holds it: changed here, it
# has to be released anew.
STUBS = {"ru": "*Ваш ответ.*", "en": "*Your answer.*"}


def warnings(notebook: dict[str, Any] | None, names: Iterable[str]) -> list[str]:
    """A sentence on each essay without an answer; none where nothing is known.

    notebook: in nbformat 4, as plain data; None where it can't be had.
    names: grade_ids of the essays. Where the notebook has lost these, stubs still tell.
    """
    if notebook is None:
        return []
    texts = [_text(cell) for cell in notebook.get("cells", ())]
    marks = [_grade_id(cell) for cell in notebook.get("cells", ())]
    stubs = {_squeezed(stub) for stub in STUBS.values()}
    sentences = []
    for name in names:
        own = [at for at, mark in enumerate(marks) if mark == name]
        if not own and any(marks):
            sentences.append(_missing(name))
        own = own or [at for at, text in enumerate(texts) if text in stubs]
        if own and all(texts[at] in stubs | {""} for at in own):
            sentences.append(_untouched(name, own[-1] + 1, texts[own[-1]]))
    return list(dict.fromkeys(sentences))


def _untouched(name: str, number: int, text: str) -> str:
    words = (
        _("The answer to {name} is not written: its cell, {number}, still says “{text}”.")
        if text
        else _("The answer to {name} is not written: its cell, {number}, is empty.")
    )
    there = words.format(name=name, number=number, text=text.strip("*"))
    cure = _("If you wrote it in another cell, move it into this one.")
    return f"{there} {cure}"


def _missing(name: str) -> str:
    return _(
        "The cell for the answer to {name} is not there. Put the answer into a text cell of "
        "its own, right below the question."
    ).format(name=name)


def _grade_id(cell: dict[str, Any]) -> str:
    metadata = cell.get("metadata")
    fields = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = fields.get("grade_id") if isinstance(fields, dict) else None
    return name if isinstance(name, str) else ""


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    return _squeezed("".join(map(str, lines)))


def _squeezed(text: str) -> str:
    return " ".join(text.split())
