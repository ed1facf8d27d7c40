"""course.toml: what an instructor edits before the course is given.

Read once into frozen dataclasses. Everything wrong with the file is reported together.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.i18n import LANGUAGES
from course_utils.teaching.errors import CourseError

__all__ = ["FILE_NAME", "LECTURES", "Assignment", "Course", "find_root", "is_tag", "load"]

FILE_NAME = "course.toml"
LECTURES = "lectures"  # the folder of their sources; the notebooks lie in folders below
_SLUG = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
_KEYS = {"repository", "branch", "tag", "languages", "title"}
_ASSIGNMENT_KEYS = {"lectures", "title", "points", "seconds"}


@dataclass(frozen=True)
class Assignment:
    """One assignment. points: exercise or essay (a grade_id) -> points, all above 0.

    seconds: that the model answers take on one core; None where nobody says.
    """

    name: str
    lectures: tuple[str, ...]
    title: Mapping[str, str]
    points: Mapping[str, float]
    seconds: float | None = None

    @property
    def total(self) -> float:
        """The points of the whole assignment."""
        return sum(self.points.values())


@dataclass(frozen=True)
class Course:
    """The course. root: the folder of course.toml; repository: owner/name on GitHub.

    tag: what Colab installs, where it is not the head of `branch`.
    """

    root: Path
    repository: str
    branch: str
    languages: tuple[str, ...]
    title: Mapping[str, str]
    assignments: Mapping[str, Assignment]
    tag: str | None = None

    @property
    def installed(self) -> str:
        """What the set-up cell installs: the tag, else the branch."""
        return self.tag or self.branch

    def assignment(self, name: str) -> Assignment:
        """The assignment called `name`. Raises CourseError, naming those there are."""
        if name not in self.assignments:
            raise CourseError(
                f"{self.root / FILE_NAME}: expected an assignment out of "
                f"{_listed(self.assignments)}, got {name!r}. "
                f"Correct the name, or add a table [assignments.{name}]."
            )
        return self.assignments[name]

    def require_language(self, name: str) -> str:
        """`name`, when the course has that language. Raises CourseError otherwise."""
        if name not in self.languages:
            raise CourseError(
                f"{self.root / FILE_NAME}: expected a language out of "
                f"{_listed(self.languages)}, got {name!r}. "
                "Correct the name, or add it to `languages`."
            )
        return name


def is_tag(name: str) -> bool:
    """Whether git and pip take this for a tag without quoting."""
    return _REF.fullmatch(name) is not None


def find_root(start: Path | str | None = None) -> Path:
    """The nearest folder with course.toml, from `start` (here, if None) upwards.

    Raises CourseError where there is none.
    """
    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise CourseError(
        f"Expected {FILE_NAME} in {start} or a folder above it, found none. "
        "Change to the folder of the course and try again."
    )


def load(root: Path | str | None = None) -> Course:
    """Read course.toml in `root` (found from the working folder, if None).

    Raises CourseError with all that is wrong in the file.
    """
    root = find_root() if root is None else Path(root).resolve()
    path = root / FILE_NAME
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"Expected {path}, found no such file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(
            f"{path}: expected a TOML file, got an error: {error}. Correct that line."
        ) from None
    reader = _Reader(path)
    course = reader.course(root, tables)
    if reader.problems:
        raise CourseError(reader.problems)
    return course


class _Reader:
    """Reads tables, gathering problems; what it returns counts only if there are none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def course(self, root: Path, tables: dict[str, Any]) -> Course:
        self._known("", tables, {"course", "assignments"})
        table = self._take(tables, "course", dict, "a table", "") or {}
        self._known("course", table, _KEYS)
        repository = (
            self._take(table, "repository", str, "owner/name on GitHub", "course") or ""
        )
        if repository and not _SLUG.fullmatch(repository):
            self._wrong("course.repository", "owner/name on GitHub", repository)
        branch = self._take(table, "branch", str, "the name of a branch", "course") or ""
        languages = self._languages(table)
        return Course(
            root=root,
            repository=repository,
            branch=branch,
            languages=languages,
            title=self._title(table, "course", languages),
            assignments=self._assignments(tables, languages),
            tag=self._tag(table),
        )

    def _tag(self, table: dict[str, Any]) -> str | None:
        if "tag" not in table:
            return None
        tag = self._take(table, "tag", str, "a tag of git", "course")
        if tag and not is_tag(tag):
            self._wrong("course.tag", "a tag of git, letters, digits and . _ - /", tag)
        return tag

    def _languages(self, table: dict[str, Any]) -> tuple[str, ...]:
        expected = f"a list of languages out of {_listed(LANGUAGES)}"
        names = self._take(table, "languages", list, expected, "course")
        if names is None:
            return ()
        if not names or len(set(map(str, names))) < len(names):
            self._wrong("course.languages", f"{expected}, each once", names)
        for name in names:
            if name not in LANGUAGES:
                self._wrong("course.languages", expected, name)
        return tuple(names)

    def _title(self, table: dict, where: str, languages: tuple[str, ...]) -> Mapping[str, str]:
        expected = "a title for each language"
        titles = self._take(table, "title", dict, expected, where) or {}
        for name in titles:
            if name not in languages:
                self._wrong(f"{where}.title", "a language of the course", name)
        for name in languages if titles else ():
            self._take(titles, name, str, "a title in this language", f"{where}.title")
        return titles

    def _assignments(
        self, tables: dict[str, Any], languages: tuple[str, ...]
    ) -> dict[str, Assignment]:
        found = self._take(tables, "assignments", dict, "a table for each", "") or {}
        return {name: self._assignment(name, table, languages) for name, table in found.items()}

    def _assignment(self, name: str, table: Any, languages: tuple[str, ...]) -> Assignment:
        where = f"assignments.{name}"
        if not name.isidentifier() or not name.isascii():
            self._wrong(where, "a name of letters, digits and _", name)
        if not isinstance(table, dict):
            self._wrong(where, "a table", table)
            table = {}
        self._known(where, table, _ASSIGNMENT_KEYS)
        lectures = self._take(table, "lectures", list, "a list of lectures", where) or []
        for lecture in lectures:
            if not isinstance(lecture, str):
                self._wrong(f"{where}.lectures", "the name of a lecture", lecture)
        return Assignment(
            name=name,
            lectures=tuple(lectures),
            title=self._title(table, where, languages),
            points=self._points(table, where),
            seconds=self._seconds(table, where),
        )

    def _seconds(self, table: dict[str, Any], where: str) -> float | None:
        value = table.get("seconds")
        if value is not None and not _is_positive(value):
            self._wrong(f"{where}.seconds", "a number above 0", value)
        return value

    def _points(self, table: dict[str, Any], where: str) -> dict[str, float]:
        points = self._take(table, "points", dict, "a table exercise = points", where)
        if points is not None and not points:
            self._wrong(f"{where}.points", "points for one exercise at least", points)
        for exercise, value in (points or {}).items():
            if not _is_positive(value):
                self._wrong(f"{where}.points.{exercise}", "a number above 0", value)
        return points or {}

    def _take(self, table: dict[str, Any], key: str, kind: type, expected: str, where: str):
        name = f"{where}.{key}" if where else key
        if key not in table:
            self.problems.append(
                f"{self.path}: expected `{name}` ({expected}), found no such key. Add it."
            )
            return None
        value = table[key]
        if not isinstance(value, kind) or (kind is str and not value.strip()):
            self._wrong(name, expected, value)
            return None
        return value

    def _known(self, where: str, table: dict[str, Any], keys: set[str]) -> None:
        for key in table.keys() - keys:
            name = f"{where}.{key}" if where else key
            self.problems.append(
                f"{self.path}: unknown key `{name}`; expected {_listed(sorted(keys))}. "
                "Correct its name or remove it."
            )

    def _wrong(self, name: str, expected: str, value: Any) -> None:
        self.problems.append(
            f"{self.path}: expected `{name}` to be {expected}, got {value!r}. Correct it."
        )


def _is_positive(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < value < float("inf")


def _listed(names) -> str:
    return ", ".join(names) or "(none)"
