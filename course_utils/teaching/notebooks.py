"""From cells of a source to a notebook: ids, metadata, the badge and the set-up cell.

All is derived from the source and course.toml alone, so that the same source always gives the
same bytes. A cell's id stands at its root and, because Colab drops that one, in
`metadata.id` too.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.teaching import glossary
from course_utils.teaching.config import Course
from course_utils.teaching.errors import CourseError

__all__ = [
    "HAND_IN_TAG",
    "SETUP_TAG",
    "Ids",
    "badge_cell",
    "hand_in_cell",
    "is_setup",
    "notebook",
    "setup_cell",
    "write",
]

SETUP_TAG = "course-setup"
HAND_IN_TAG = "course-hand-in"
ID_LENGTH = 12
_BADGES = {"ru": "Открыть в Colab", "en": "Open in Colab"}
_OTHERS = {"ru": "Эта страница по-русски", "en": "This page in English"}
_GLOSSARY = {"ru": "Словарь", "en": "Glossary"}

# Said by the set-up cell itself: without the package there is no catalogue of messages.
_NOT_HERE = {
    "ru": (
        "Пакет курса не установлен.",
        "Проверьте сеть и запустите эту ячейку ещё раз.",
        'Не в Colab сначала выполните в новой ячейке: %pip install "{package}"',
        "Если не помогло, покажите это сообщение преподавателю.",
    ),
    "en": (
        "The package of the course is not installed.",
        "Check the network and run this cell again.",
        'Outside Colab, first run in a new cell: %pip install "{package}"',
        "If that does not help, show this message to your instructor.",
    ),
}


def _sentences(language: str) -> str:
    """What the set-up cell says where there is no package, as lines of code."""
    said = _NOT_HERE[language]
    ends = ["\\n"] * (len(said) - 1) + [""]
    return "\n".join(f"        f'{words}{end}'" for words, end in zip(said, ends, strict=True))


_SETUP = re.compile(
    r"import sys\nfrom importlib\.util import find_spec\n\n"
    r'package = "course-utils @ git\+https://github\.com/[\w.-]+/[\w.-]+@[\w./-]+"\n'
    r'if not find_spec\("course_utils"\) and "google\.colab" in sys\.modules:\n'
    r"    !\{sys\.executable\} -m pip install -qqq --no-input --no-deps "
    r'"\{package\}"\n'
    r'if not find_spec\("course_utils"\):\n'
    r"    raise SystemExit\(\n"
    rf"(?:{'|'.join(re.escape(_sentences(language)) for language in _NOT_HERE)})"
    r"\n    \)\n\n"
    r'from course_utils import (?:checks, )?session\n\nsession\.start\("\w+"\);?'
    r'(?:\ncheck = checks\.for_assignment\("\w+"\))?'
)


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
    """The second cell: installs the package where it is missing in Colab, starts the session.

    `--no-input`: git must not ask for a name where the address is wrong. `--no-deps`: all that
    the course needs besides is in Colab, and replacing any of it would ask for a restart. A
    weekly workflow looks whether that still holds.
    """
    lines = [
        "import sys",
        "from importlib.util import find_spec",
        "",
        f'package = "course-utils @ git+https://github.com/{course.repository}@{course.installed}"',
        'if not find_spec("course_utils") and "google.colab" in sys.modules:',
        '    !{sys.executable} -m pip install -qqq --no-input --no-deps "{package}"',
        'if not find_spec("course_utils"):',
        "    raise SystemExit(",
        _sentences(language),
        "    )",
        "",
    ]
    if assignment is None:
        lines += ["from course_utils import session", "", f'session.start("{language}");']
    else:
        lines += [
            "from course_utils import checks, session",
            "",
            f'session.start("{language}")',
            f'check = checks.for_assignment("{assignment}")',
        ]
    tags = [SETUP_TAG, "nbval-ignore-output"]
    return code(Ids().give("set-up"), "\n".join(lines), tags=tags)


def hand_in_cell(course: Course, assignment: str) -> NotebookNode:
    """The last cell: runs all checks once more and offers the file. It is not graded.

    The points come from course.toml; the build keeps them in step.
    """
    points = course.assignment(assignment).points.items()
    rows = [f"    {json.dumps(name)}: {worth:g}," for name, worth in points]
    text = "\n".join([f'checks.hand_in("{assignment}", {{', *rows, "})"])
    tags = [HAND_IN_TAG, "nbval-ignore-output"]
    return code(Ids().give("hand-in"), text, tags=tags)


def is_setup(source: str) -> bool:
    """Whether this is the text of a set-up cell of ours, of whichever course, word by word."""
    return _SETUP.fullmatch(source.strip()) is not None


def write(found: NotebookNode) -> str:
    """The text of a notebook file. Raises CourseError if it isn't valid nbformat 4.5."""
    try:
        nbformat.validate(found)
    except nbformat.ValidationError as error:
        name = found.metadata.get("course", {}).get("name", "?")
        raise CourseError(f"{name}: the built notebook isn't valid: {error}.") from error
    return nbformat.writes(found, version=nbformat.NO_CONVERT) + "\n"
