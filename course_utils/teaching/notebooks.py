"""From cells of a source to a notebook: ids, metadata, the badge and the set-up cell.

All is derived from the source and course.toml alone, so that the same source always gives the
same bytes. A cell's id stands at its root and, because Colab drops that one, in
`metadata.id` too.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.teaching import glossary
from course_utils.teaching.config import Course
from course_utils.teaching.errors import CourseError
from course_utils.teaching.setup_cell import SETUP_TAG, setup_text

__all__ = [
    "HAND_IN_TAG",
    "Ids",
    "badge_cell",
    "hand_in_cell",
    "notebook",
    "setup_cell",
    "write",
]

HAND_IN_TAG = "course-hand-in"
ID_LENGTH = 12
_BADGES = {"ru": "Открыть в Colab", "en": "Open in Colab"}
_OTHERS = {"ru": "Эта страница по-русски", "en": "This page in English"}
_GLOSSARY = {"ru": "Словарь", "en": "Glossary"}


class Ids:
    """Ids of 12 characters for the cells of one notebook, each once.

    An id depends on what it is made from and on how often that came before in this notebook,
    not on the cells around: inserting a cell leaves the other ids alone.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._given: set[str] = set()

    def give(self, *parts: str) -> str:
        """An id made from `parts`."""
        while True:
            self._seen[parts] += 1
            key = json.dumps([*parts, self._seen[parts]], ensure_ascii=False)
            found = hashlib.sha256(key.encode()).hexdigest()[:ID_LENGTH]
            if found not in self._given:
                self._given.add(found)
                return found


def markdown(cell_id: str, text: str, **metadata) -> NotebookNode:
    """A prose cell with its id in both places."""
    return new_markdown_cell(text, id=cell_id, metadata={"id": cell_id, **metadata})


def code(cell_id: str, text: str, **metadata) -> NotebookNode:
    """A code cell, not executed, with its id in both places."""
    return new_code_cell(text, id=cell_id, metadata={"id": cell_id, **metadata})


def notebook(cells: list[NotebookNode], course: Mapping[str, str]) -> NotebookNode:
    """A notebook of the course; `course` goes into its metadata under that name."""
    found = new_notebook(
        cells=cells,
        metadata={
            "course": dict(course),
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        },
    )
    found.nbformat_minor = 5
    return found


def badge_cell(course: Course, language: str, folder: str, path: str) -> NotebookNode:
    """The first cell: opens `folder`/`language`/`path` in Colab; links to its other languages
    and to the glossary, where the course has one.

    folder: "lectures" or "assignments"; path: of the notebook below the language's folder.
    """
    colab = "https://colab.research.google.com"
    page = f"{colab}/github/{course.repository}/blob/{course.branch}/{folder}"
    badge = f"![{_BADGES[language]}]({colab}/assets/colab-badge.svg)"
    links = [f"[{badge}]({page}/{language}/{path})"]
    for other in course.languages:
        if other != language:
            links.append(f"[{_OTHERS[other]}]({page}/{other}/{path})")
    if (course.root / glossary.SOURCE).is_file():
        address = f"https://github.com/{course.repository}/blob/{course.branch}"
        links.append(f"[{_GLOSSARY[language]}]({address}/{glossary.page_name(language)})")
    return markdown(Ids().give("badge"), " · ".join(links))


def setup_cell(course: Course, language: str, assignment: str | None = None) -> NotebookNode:
    """The second cell: installs the package where it is missing, starts the session."""
    tags = [SETUP_TAG, "nbval-ignore-output"]
    return code(Ids().give("set-up"), setup_text(course, language, assignment), tags=tags)


def hand_in_cell(course: Course, assignment: str) -> NotebookNode:
    """The last cell: runs all checks once more and offers the file. It is not graded.

    The points come from course.toml; the build keeps them in step.
    """
    points = course.assignment(assignment).points.items()
    rows = [f"    {json.dumps(name)}: {worth:g}," for name, worth in points]
    text = "\n".join([f'checks.hand_in("{assignment}", {{', *rows, "})"])
    tags = [HAND_IN_TAG, "nbval-ignore-output"]
    return code(Ids().give("hand-in"), text, tags=tags)


def write(found: NotebookNode) -> str:
    """The text of a notebook file. Raises CourseError if it isn't valid nbformat 4.5."""
    try:
        nbformat.validate(found)
    except nbformat.ValidationError as error:
        name = found.metadata.get("course", {}).get("name", "?")
        raise CourseError(f"{name}: the built notebook isn't valid: {error}.") from error
    return nbformat.writes(found, version=nbformat.NO_CONVERT) + "\n"
