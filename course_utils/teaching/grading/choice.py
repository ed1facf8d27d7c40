"""Which notebook of a student's folder is graded: the one with the answers, whatever its name.

It is given the name that the assignment has, and what had that name is given its own.
"""

import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from course_utils.teaching.doctor.known import Known
from course_utils.teaching.doctor.worth import Worth, worth
from course_utils.teaching.hand_in import Unreadable, notebook_in, text_in
from course_utils.teaching.release import released_notebooks

__all__ = ["named_by_content"]

_log = logging.getLogger(__name__)


def named_by_content(
    files: Mapping[str, bytes],
    large: Mapping[str, int],
    times: Mapping[str, float],
    folder: Path,
    directory: CourseDirectory,
) -> tuple[dict[str, bytes], dict[str, int]]:
    """(files, large), as they came, but for the names of two files at most.

    files: path below the student's folder -> bytes; large: path -> size of what was not read;
    times: of their last change. folder: the student's. An assignment of several notebooks is
    left as it is, and so is one that was not released.
    """
    files, large = dict(files), dict(large)
    root, assignment = Path(directory.root), directory.assignment_id
    expected = f"{assignment}.ipynb"
    known = _released(root, assignment)
    found = {path: data for path, data in files.items() if _is_notebook(path, data)}
    unread = sorted(path for path in large if path.endswith(".ipynb"))
    if known is None or {*found, *unread} <= {expected}:
        return files, large
    held = {path: _worth(data, known) for path, data in found.items()}
    best = max(
        found, key=lambda path: (held[path], path == expected, times[path], path), default=""
    )
    if unread and held.get(best, 0) <= Worth.BLANK:  # its answers may be in what was not read
        files.pop(expected, None)
        large.setdefault(expected, large[unread[0]])
    elif best != expected and held.get(best, 0) >= Worth.BLANK:
        _log.warning("%s: graded from %s, which holds the answers", folder, best)
        chosen, other = files.pop(best), files.pop(expected, None)
        files[expected] = chosen
        large.pop(expected, None)
        if other is not None:
            files[best] = other
    return files, large


def _is_notebook(path: str, data: bytes) -> bool:
    """By its name, or under another name by what it holds."""
    return path.endswith(".ipynb") or (b'"cells"' in data and b'"nbformat"' in data)


def _worth(data: bytes, known: Known) -> Worth:
    try:
        return worth(notebook_in(text_in(data)), known)
    except Unreadable:
        return Worth.UNREADABLE


def _released(root: Path, assignment: str) -> Known | None:
    paths = sorted(root.glob(f"assignments/*/{assignment}/*.ipynb"))
    if {path.stem for path in paths} != {assignment}:
        return None
    return _read(root, assignment, tuple(path.stat().st_mtime_ns for path in paths))


@lru_cache(maxsize=8)
def _read(root: Path, assignment: str, _times: tuple[int, ...]) -> Known:
    return Known.of(released_notebooks(root, assignment, assignment))
