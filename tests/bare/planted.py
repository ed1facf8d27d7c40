"""A class with planted marks, and what grading must make of it on any machine."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from course_utils.teaching.class_table import class_rows
from tests.teaching.grading.class_of import DICE, NAME, answered, hand_in

__all__ = ["MARKS", "NAME", "course", "hand_in_class", "marks"]

MARKS = {  # student -> state, points, named mistakes
    "anna": ("graded", 5, []),
    "oleg": ("graded", 2, ["jaccard: dice"]),
    "vera": ("unreadable", 0, []),
}
_COURSE = Path(sys.executable).with_name("course")


def hand_in_class(root: Path) -> None:
    hand_in(root, "anna", answered(root))
    hand_in(root, "oleg", answered(root, "ru", DICE))
    hand_in(root, "vera", "<!DOCTYPE html><html></html>")


def course(
    root: Path,
    *words: str,
    environment: Mapping[str, str] = os.environ,
    before: Sequence[str] = (),
) -> subprocess.CompletedProcess:
    """Run `course` in a folder, the script. before: words of a command that runs it."""
    return subprocess.run(
        [*before, sys.executable, str(_COURSE), *words],
        cwd=root,
        env=dict(environment),
        capture_output=True,
        encoding="utf-8",
        timeout=500,
    )


def marks(root: Path) -> dict[str, tuple]:
    """As MARKS, from the gradebook and the graded notebooks."""
    rows = class_rows(root, NAME)
    return {row.student: (row.state, row.total, row.mistakes) for row in rows}
