"""What a handed-in file is: can it be read, and which assignment is it of?

The content decides: grade_ids, checks that are called, the course's own mark. A name counts
only where the content says nothing.
"""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course_utils.i18n import _
from course_utils.teaching.collect.names import tokens
from course_utils.teaching.config import Course
from course_utils.teaching.hand_in import MEMORY, SECONDS, Unreadable, read_hand_in
from course_utils.teaching.within_limits import TooMuch, within

__all__ = [
    "Content",
    "assignment_of",
    "content_of",
    "inspect",
    "known_grade_ids",
    "why_elsewhere",
]

_GRADE_ID = re.compile(r'\\?"grade_id\\?"\s*:\s*\\?"([^"\\]{1,200})\\?"')
_CHECK = re.compile(r"""\bcheck\(\s*\\?["'](\w{1,200})\\?["']""")


@dataclass(frozen=True)
class Content:
    """unreadable: why it is no notebook, in the language in use, or "".

    names: grade_ids and exercises checked, with how often; course: metadata.course.name.
    """

    unreadable: str
    names: Mapping[str, int]
    course: str = ""


def inspect(data: bytes) -> Content:
    """Read a file's bytes, whatever they are."""
    try:
        with within(SECONDS, MEMORY):
            return _inspected(data)
    except TooMuch as error:
        return Content(str(error), {})


def _inspected(data: bytes) -> Content:
    try:
        notebook = json.loads(data)
        cells = notebook["cells"]
        whole = isinstance(notebook["nbformat"], int) and all(
            isinstance(cell, dict) for cell in cells
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        whole = False
    if whole:
        return content_of(notebook)
    unreadable = ""
    with tempfile.NamedTemporaryFile(suffix=".ipynb") as file:
        file.write(data)
        file.flush()
        try:
            return content_of(read_hand_in(Path(file.name)))
        except Unreadable as reason:
            unreadable = str(reason)
    text = data.decode("utf-8", "replace")
    return Content(unreadable, Counter(_GRADE_ID.findall(text) + _CHECK.findall(text)))


def content_of(notebook) -> Content:
    """The same of a notebook that was read already."""
    return Content("", Counter(_names_in_cells(notebook["cells"])), _course_of(notebook))


def known_grade_ids(course: Course) -> dict[str, frozenset[str]]:
    """assignment -> names that only its own notebook has.

    Out of the released notebooks and the solutions, as far as they are there, and of the
    exercises in course.toml.
    """
    found = {}
    for name, assignment in course.assignments.items():
        ids = set(assignment.points)
        for folder in ("assignments/*", "solutions"):
            for path in course.root.glob(f"{folder}/{name}/{name}.ipynb"):
                ids.update(_GRADE_ID.findall(path.read_text(encoding="utf-8")))
        found[name] = ids
    often = Counter(name for ids in found.values() for name in ids)
    return {
        assignment: frozenset(name for name in ids if often[name] == 1)
        for assignment, ids in found.items()
    }


def assignment_of(
    content: Content, file: str, wanted: str, known: Mapping[str, frozenset[str]]
) -> tuple[str, str]:
    """(the assignment, how it is known: "content", "name" or "nothing" else said).

    file: the name that the student gave. Where nothing speaks, it is the one wanted.
    """
    votes = {
        name: sum(count for key, count in content.names.items() if key in ids)
        for name, ids in known.items()
    }
    best = max(votes.values(), default=0)
    if best:
        first = [name for name, count in votes.items() if count == best]
        return (wanted if wanted in first else first[0]), "content"
    if content.course in known:
        return content.course, "content"
    words = tokens(file)
    fits = [name for name in known if _contains(words, tokens(name))]
    if fits and wanted not in fits:
        return max(fits, key=len), "name"
    return wanted, "name" if fits else "nothing"


def why_elsewhere(name: str, how: str) -> str:
    """The sentence for a file of another assignment."""
    if how == "content":
        return _("a hand-in of {name}, by its content").format(name=name)
    return _("a hand-in of {name}, by its name").format(name=name)


def _names_in_cells(cells) -> list[str]:
    found = []
    for cell in cells:
        metadata = cell.get("metadata")
        nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
        if isinstance(name, str):
            found.append(name)
        source = cell.get("source", "")
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        found += _CHECK.findall(text)
    return found


def _course_of(notebook) -> str:
    metadata = notebook.get("metadata")
    course = metadata.get("course") if isinstance(metadata, dict) else None
    name = course.get("name") if isinstance(course, dict) else None
    return name if isinstance(name, str) else ""


def _contains(words: list[str], name: list[str]) -> bool:
    size = len(name)
    return any(words[at : at + size] == name for at in range(len(words) - size + 1))
