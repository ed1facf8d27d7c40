"""Sphinx's source folder of one language, laid out from what the build made.

    index.md                    docs/site/home_<language>.md, and what the book holds
    lectures/NN_name.ipynb      the built notebooks, as pages to read
    assignments.md, papers.md   gathered from the notebooks
    glossary.md                 docs/glossary_<language>.md
    handbook/                   docs/handbook (English) or docs/handbook/<language>
    api/                        a page for each part of the package, in English only

A file is written only where it changed: Sphinx then reads only what changed.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.teaching import assignments, glossary, lectures
from course_utils.teaching.config import Course
from course_utils.teaching.errors import CourseError
from course_utils.teaching.setup_cell import SETUP_TAG
from course_utils.teaching.site import papers, reading, reference, tasks
from course_utils.teaching.site.links import Page, pictures, relink

__all__ = ["HANDBOOK", "assemble", "pages_of"]

HANDBOOK = Path("docs") / "handbook"
SITE = Path("docs") / "site"
_FIRST = ("index", "lms", "grading", "exercise")  # the handbook's order
_CAPTIONS = {
    "ru": {
        "lectures": "Лекции",
        "more": "Задания и справка",
        "instructors": "Преподавателям",
        "home": "Курс",
    },
    "en": {
        "lectures": "Lectures",
        "more": "Assignments and reference",
        "instructors": "For instructors",
        "home": "The course",
    },
}


def pages_of(course: Course, language: str) -> dict[str, Page]:
    """Path of each file that has a page, from the course's root -> its page.

    Pages made of several files (index, assignments, papers, api) are not among them.
    """
    found = {
        f"{lectures.FOLDER}/{language}/{path.stem}.ipynb": f"lectures/{path.stem}"
        for path in lectures.sources(course)
    }
    found[glossary.page_name(language)] = "glossary"
    if language == "en":
        handbook = sorted((course.root / HANDBOOK).glob("*.md"))
        found["docs/grading.md"] = "handbook/grading"
    else:
        handbook = sorted((course.root / HANDBOOK / language).glob("*.md"))
    for path in handbook:
        found[path.relative_to(course.root).as_posix()] = f"handbook/{path.stem}"
    return {path: Page(f"{language}/{document}") for path, document in found.items()}


def assemble(course: Course, language: str, folder: Path) -> list[str]:
    """Write the source folder of one language; returns its documents, without endings.

    What lies in `folder` and has no source any more is removed.
    Raises CourseError where a notebook was not built or can't be read as a page.
    """
    try:
        files = _files(course, language)
    except ValueError as error:
        raise CourseError(str(error)) from error
    for path, content in files.items():
        place = folder / path
        if not place.is_file() or place.read_bytes() != content:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    for place in sorted(folder.rglob("*"), reverse=True):
        if place.is_file() and place.relative_to(folder).as_posix() not in files:
            place.unlink()
    return [
        str(Path(path).with_suffix("")) for path in files if path.endswith((".md", ".ipynb"))
    ]


def _files(course: Course, language: str) -> dict[str, bytes]:
    """Path in the source folder -> content."""
    pages = {}
    for one in course.languages:
        pages |= pages_of(course, one)
    found: dict[str, bytes] = {}
    read: dict[str, NotebookNode] = {}
    shown: set[str] = set()
    for path, page in pages_of(course, language).items():
        if path.endswith(".ipynb"):
            name = Path(path).stem
            read[name] = _read(course, path)
            notebook = reading.page_of(read[name], course, language, path)
            found[f"{page.document}.ipynb"] = nbformat.writes(notebook).encode()
        else:
            text = (course.root / path).read_text(encoding="utf-8")
            linked = relink(text, path, page, pages, course)
            if page.document == "glossary":
                linked = linked.replace("\n### ", "\n## ")  # no level is left out on a page
            found[f"{page.document}.md"] = linked.encode()
            shown |= pictures(linked) | _included(linked)
    given = {
        name: _read(course, f"{assignments.RELEASED}/{language}/{name}/{name}.ipynb")
        for name in course.assignments
    }
    gathered = papers.page(papers.gather(read, language), language)
    found["papers.md"] = gathered.encode()
    found["assignments.md"] = tasks.page(course, given, language).encode()
    if language == "en":
        found |= {path: text.encode() for path, text in reference.pages(course.root).items()}
    home = f"docs/site/home_{language}.md"
    text = (course.root / home).read_text(encoding="utf-8")
    text = relink(text, home, Page(f"{language}/index"), pages, course)
    contents = _contents(language, read, found)
    found["index.md"] = f"{text}\n{contents}".encode()
    for file in shown | pictures(text):
        found[file] = (course.root / file).read_bytes()
    return found


def _contents(language: str, read: Mapping[str, NotebookNode], found: Mapping) -> str:
    """The tree of all pages, which the theme shows at the left, and the list of lectures."""
    captions = _CAPTIONS[language]
    titles = {
        name: notebook.cells[1].source.partition("\n")[0].lstrip("# ")
        for name, notebook in read.items()
    }
    numbered = [
        f"{name[:2]} · {title} <lectures/{name}>" for name, title in sorted(titles.items())
    ]
    handbook = sorted(
        (path[:-3] for path in found if path.startswith("handbook/") and path.endswith(".md")),
        key=lambda path: _place(path.removeprefix("handbook/")),
    )
    api = sorted(path[:-3] for path in found if path.startswith("api/"))
    more = ["assignments", "glossary", "papers", *(["api/index"] if api else [])]
    return "\n".join(
        [
            _toctree(captions["lectures"], numbered),
            _toctree(captions["more"], more),
            _toctree(captions["instructors"], handbook),
        ]
    )


def _toctree(caption: str, entries: list[str]) -> str:
    if not entries:
        return ""
    return "\n".join(
        ["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""]
    )


def _place(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _included(text: str) -> set[str]:
    """The files of the repository that a page shows with literalinclude."""
    return set(re.findall(r"^```\{literalinclude\} /(\S+)", text, flags=re.M))


def _read(course: Course, path: str) -> NotebookNode:
    try:
        found = nbformat.read(course.root / path, as_version=4)
    except (OSError, ValueError) as error:
        raise CourseError(
            f"{path}: expected a built notebook, found none that can be read. "
            f"Run `course build {Path(path).stem}`."
        ) from error
    if len(found.cells) < 2 or SETUP_TAG not in str(found.cells[:4]):
        raise CourseError(f"{path}: no set-up cell. Run `course build {Path(path).stem}`.")
    return found
