"""The page that `course lab` opens on: every lecture and assignment, and the marker's tools.

A Markdown file in build/lab, shown by JupyterLab's own preview: its links open notebooks as
tabs beside it, and nothing of it comes from the network.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import nbformat

from course_utils.i18n import _, speaking
from course_utils.teaching.config import LECTURES, Course
from course_utils.teaching.errors import CourseError

__all__ = ["FOLDER", "write"]

FOLDER = Path("build/lab")  # below the course's root
_NAMES = {"ru": "русский", "en": "English"}


def write(course: Course, address: str, troubles: Sequence[str] = ()) -> dict[str, Path]:
    """Write one page a language; returns their paths.

    address: of the server, for what is no file: Formgrader. troubles: what this machine lacks,
    in sentences, shown above the tools that need it.
    Raises CourseError where the folder can't be written.
    """
    folder = course.root / FOLDER
    pages = {language: folder / f"course_{language}.md" for language in course.languages}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for language, path in pages.items():
            with speaking(language):
                text = _page(course, language, address.rstrip("/"), troubles)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CourseError(
            f"Expected to write the course's start page into {folder}, got: {error.strerror}. "
            "Run it in a copy of the course that is yours."
        ) from None
    return pages


def _page(course: Course, language: str, address: str, troubles: Sequence[str]) -> str:
    others = [
        f"[{_NAMES[other]}](course_{other}.md)"
        for other in course.languages
        if other != language
    ]
    parts = [
        "# " + course.title[language],
        *([" · ".join(others)] if others else []),
        "## " + _("Lectures"),
        _lectures(course, language),
        "## " + _("Assignments"),
        _assignments(course, language),
        "## " + _("For the instructor"),
        *("> ⚠ " + _one_line(trouble) for trouble in troubles),
        _tools(course, language, address),
        _("Commands are given in a terminal: menu File, New, Terminal."),
        "---",
        _("Written anew by each `course lab`, from course.toml and the files here."),
    ]
    return "\n\n".join(parts) + "\n"


def _lectures(course: Course, language: str) -> str:
    folder = course.root / LECTURES
    names = sorted({path.stem for path in folder.glob("*/*.ipynb")})
    rows = [
        (
            _numbered(name, _title(folder / language / f"{name}.ipynb")),
            *(_open(course, folder / spoken / f"{name}.ipynb") for spoken in course.languages),
        )
        for name in names
    ]
    if not rows:
        return _("None is built yet: `course build` makes them.")
    return _table((_("Lecture"), *map(_NAMES.get, course.languages)), rows)


def _assignments(course: Course, language: str) -> str:
    rows = [
        (
            assignment.title[language],
            *(
                _open(course, course.root / "assignments" / spoken / name / f"{name}.ipynb")
                for spoken in course.languages
            ),
            f"{assignment.total:g}",
            _open(course, course.root / "solutions" / name / f"{name}.ipynb"),
        )
        for name, assignment in course.assignments.items()
    ]
    head = (_("Assignment"), *map(_NAMES.get, course.languages), _("Points"), _("Solution"))
    return _table(head, rows) if rows else _("course.toml names none.")


def _tools(course: Course, language: str, address: str) -> str:
    name = _("NAME")
    rows = [
        (
            f"[**Formgrader**]({address}/formgrader)",
            _("grade, mark essays by hand, send feedback; in JupyterLab: menu Nbgrader"),
        ),
        (f"`course collect {name}`", _("hand-ins out of the LMS's downloads")),
        (f"`course grade {name}`", _("the whole class, on all cores")),
        (f"`course report {name}`", _("one page on the class and its mistakes")),
        (f"`course marks {name}`", _("the class in one table")),
        ("`nbgrader export`", _("the marks as CSV")),
    ]
    files = (
        ("course.toml", _("title, languages, points")),
        (f"docs/glossary_{language}.md", _("the course's terms")),
        ("docs/grading.md", _("how grading works")),
        ("README.md", _("everything else")),
    )
    rows += [
        (f"[{file}]({_relative(course, course.root / file)})", words)
        for file, words in files
        if (course.root / file).is_file()
    ]
    return _table((_("Tool"), _("What it is for")), rows)


def _open(course: Course, path: Path) -> str:
    if not path.is_file():
        return "—"
    return "[" + _("open") + f"]({_relative(course, path)})"


def _relative(course: Course, path: Path) -> str:
    return Path(os.path.relpath(path, course.root / FOLDER)).as_posix()


def _title(path: Path) -> str:
    """The first heading of a notebook, "" where there is none to be read."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception:
        return ""  # the link then bears the file's name, and opening it says what is wrong
    lines = (
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
    )
    return next((line[2:].strip() for line in lines if line.startswith("# ")), "")


def _numbered(name: str, title: str) -> str:
    number, _underscore, _words = name.partition("_")
    return f"{number} {title}" if title and number.isdigit() else title or name


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return _one_line(text).replace("|", r"\|")


def _one_line(text: str) -> str:
    return " ".join(text.split())
