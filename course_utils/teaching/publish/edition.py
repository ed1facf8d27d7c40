"""The files of the student edition: what is not named here is not published."""

from dataclasses import replace
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path

import nbformat

import course_utils
from course_utils.teaching import notebooks
from course_utils.teaching.config import LECTURES, Course
from course_utils.teaching.errors import CourseError
from course_utils.teaching.publish import documents
from course_utils.teaching.setup_cell import SETUP_TAG

__all__ = ["ASSIGNMENTS", "PACKAGE", "edition", "kind_of"]

PACKAGE, ASSIGNMENTS = "course_utils", "assignments"
# Instructors' parts of the package: the tools, what asks and judges while grading, the demo's
# class and its right answers.
_WITHHELD = (
    *("teaching", "checks/grading.py", "checks/kernel.py"),
    "checks/assignments/demo_student.py",
    *("checks/assignments/*/demo_class.py", "checks/assignments/*/right_styles"),
)
_KINDS = (".py", ".mo", ".safetensors")  # of files in the package
_LISTS = "ready_made"  # folders with lists of what an exercise bans, .txt
_LEFT_OUT = ("__pycache__", ".ipynb_checkpoints")  # .po: the sources of .mo
_KEPT_AS_IT_IS = ("LICENSE", "LICENSE-texts")  # of the code; of lectures and assignments


def edition(course: Course, tag: str | None = None) -> dict[str, bytes]:
    """Path, with forward slashes, -> content of every file to be published.

    tag: what the set-up cells install; as the course's notebooks say, if None.
    Raises CourseError for a file of a kind that is not known, and for what is missing.
    """
    source = _source_root(course)
    files = _package(source)
    pages = _notebooks(course, replace(course, tag=tag) if tag else None)
    files |= {path: notebooks.write(page).encode() for path, page in pages.items()}
    files |= _as_they_are(course, source)
    files |= documents.written(course, source, pages)
    return dict(sorted(files.items()))


def kind_of(path: str) -> str:
    """The row of the table that a published file is counted in."""
    top = path.split("/", 1)[0]
    return top if top in (LECTURES, ASSIGNMENTS, PACKAGE) and "/" in path else "other"


def _source_root(course: Course) -> Path:
    """The folder that holds the package and pyproject.toml: the course, else where we run."""
    for root in (course.root, Path(course_utils.__file__).parents[1]):
        if (root / PACKAGE).is_dir() and (root / "pyproject.toml").is_file():
            return root
    raise CourseError(
        f"Expected {PACKAGE}/ and pyproject.toml in {course.root}, found none. "
        "Publish from a clone of the course's repository."
    )


def _package(root: Path) -> dict[str, bytes]:
    files, problems = {}, []
    for path in sorted((root / PACKAGE).rglob("*")):
        inside = path.relative_to(root / PACKAGE).as_posix()
        if any(fnmatch(inside, part) or fnmatch(inside, f"{part}/*") for part in _WITHHELD):
            continue
        if set(path.parts) & set(_LEFT_OUT) or path.suffix == ".po" or path.is_dir():
            continue
        known = path.suffix in _KINDS or (path.suffix, path.parent.name) == (".txt", _LISTS)
        if not known or path.is_symlink() or path.name.startswith("."):
            problems.append(
                f"{PACKAGE}/{inside}: expected a file ending in {', '.join(_KINDS)}, and no "
                "link. Move it out of the package; nothing was published."
            )
            continue
        files[f"{PACKAGE}/{inside}"] = path.read_bytes()
    if problems:
        raise CourseError(problems)
    return files


def _notebooks(course: Course, tagged: Course | None) -> dict[str, nbformat.NotebookNode]:
    """The built lectures and released assignments; with other set-up cells where `tagged`."""
    found, problems = {}, []
    for folder, pattern in ((LECTURES, "*.ipynb"), (ASSIGNMENTS, "*/*.ipynb")):
        for language in course.languages:
            for path in sorted((course.root / folder / language).glob(pattern)):
                where = path.relative_to(course.root).as_posix()
                if ".ipynb_checkpoints" in path.parts:
                    continue
                try:
                    page = nbformat.read(path, as_version=nbformat.NO_CONVERT)
                except (OSError, ValueError) as error:
                    problems.append(f"{where}: expected a notebook, got an error: {error}.")
                    continue
                if tagged is not None:
                    name = path.stem if folder == ASSIGNMENTS else None
                    _set_up_from(page, notebooks.setup_cell(tagged, language, name))
                found[where] = page
    if not found:
        problems.append(
            f"Expected built notebooks in {course.root}, found none. Run `course build`."
        )
    if problems:
        raise CourseError(problems)
    return found


def _set_up_from(page: nbformat.NotebookNode, setup: nbformat.NotebookNode) -> None:
    for cell in page.cells:
        if SETUP_TAG in cell.metadata.get("tags", []):
            cell.source = setup.source


def _as_they_are(course: Course, source: Path) -> dict[str, bytes]:
    files = {}
    for name in _KEPT_AS_IT_IS:
        path = course.root / name if (course.root / name).is_file() else source / name
        files[name] = path.read_bytes()
    for path in sorted((course.root / "docs").glob("glossary_*.md")):
        if path.stem.removeprefix("glossary_") in course.languages:
            files[f"docs/{path.name}"] = path.read_bytes()
    return files
