"""What must not reach a student: lines of solutions, of marking guides, of other right answers.

A line is compared without its white space. It is no secret where it also stands in the open:
in the released part of an assignment's source, or in a lecture. Lines of fewer than eight
letters and digits, such as `return x`, are none either.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from course_utils.teaching import assignments, lectures, marks
from course_utils.teaching.config import Course
from course_utils.teaching.source import parse

__all__ = ["Passage", "Secrets", "find", "normal"]

_FEWEST = 8  # letters and digits of a line that tells something
# Right answers in other styles: of the demo's class, and of the tests of the checks.
_RIGHT_ANSWERS = (
    "course_utils/checks/assignments/*/right_styles/*.py",
    "tests/checks/right/*.py",
)


@dataclass(frozen=True)
class Passage:
    """Lines that stand together. where: for a message. by_hand: marked by a person."""

    where: str
    lines: tuple[str, ...]
    by_hand: bool = False


@dataclass(frozen=True)
class Secrets:
    """passages: solutions, essays and marking guides. others: right answers elsewhere."""

    passages: tuple[Passage, ...]
    others: tuple[Passage, ...]


def find(course: Course) -> Secrets:
    """The secrets of the course. Raises CourseError for a source that can't be read."""
    hidden: list[Passage] = []
    public: set[str] = set()
    for path in assignments.sources(course):
        source = parse(path, course.root)
        for cell in source.cells:
            passages, rest = _split(f"{path.relative_to(course.root)}", cell)
            hidden += passages
            public |= set(_telling(rest))
    for path in lectures.sources(course):
        text = path.read_text(encoding="utf-8")
        public |= set(_telling(line.removeprefix("# ") for line in text.split("\n")))
    others = [_answers(path, course.root) for path in _right_answers(course.root)]
    return Secrets(_without(hidden, public), _without(others, public))


def normal(line: str) -> str:
    """A line as it is compared: without white space."""
    return "".join(line.split())


def _split(where: str, cell) -> tuple[list[Passage], list[str]]:
    """The secret passages of a cell, and its other lines."""
    lines = cell.text.split("\n")
    if cell.role == "essay":
        return [Passage(f"{where}, {cell.name}", tuple(_telling(lines)), by_hand=True)], []
    if cell.role != "exercise":
        return [], lines
    passages, rest = [], list(lines)
    for region in reversed(marks.find(cell.text)[0]):
        inside = lines[region.begin + 1 : region.end]
        passages.append(Passage(f"{where}, {cell.name}", tuple(_telling(inside))))
        del rest[region.begin : region.end + 1]
    return passages, rest


def _right_answers(root: Path) -> list[Path]:
    return [path for pattern in _RIGHT_ANSWERS for path in sorted(root.glob(pattern))]


def _answers(path: Path, root: Path) -> Passage:
    lines = path.read_text(encoding="utf-8").split("\n")
    return Passage(path.relative_to(root).as_posix(), tuple(_telling(lines)))


def _telling(lines: Iterable[str]) -> list[str]:
    return [normal(line) for line in lines if len(re.findall(r"\w", line)) >= _FEWEST]


def _without(passages: list[Passage], public: set[str]) -> tuple[Passage, ...]:
    kept = []
    for passage in passages:
        lines = tuple(dict.fromkeys(line for line in passage.lines if line not in public))
        if lines:
            kept.append(Passage(passage.where, lines, passage.by_hand))
    return tuple(kept)
