"""What a student handed in: the files of one folder, read without trusting any of them."""

import fnmatch
import hashlib
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from course_utils.i18n import N_
from course_utils.teaching.grading.choice import named_by_content
from course_utils.teaching.hand_in import MAX_BYTES, Unreadable
from course_utils.teaching.plain_text import one_line
from course_utils.teaching.settings import Places

__all__ = [
    "MAX_FILES",
    "HandIn",
    "find_hand_ins",
    "nameless",
    "notebook_bytes",
    "read_files",
]

MAX_FILES = 200
_DEEPEST = 20  # folders in folders
_MOST = 20_000  # files and folders that are looked at
_MENDED = (".py", ".html", ".htm")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HandIn:
    """One folder in submitted/. digest: changes with any file in it."""

    student: str
    folder: Path
    digest: str


def find_hand_ins(directory: CourseDirectory, assignment: str) -> list[HandIn]:
    """Every student's folder for the assignment, by student, but for `nameless` ones."""
    found = Places(directory).hand_ins(assignment)
    return [HandIn(s, path, _digest(path)) for s, path in found.items() if s.isprintable()]


def nameless(directory: CourseDirectory, assignment: str) -> list[str]:
    """What a person has to do for each folder that can't be graded for its name.

    Such a name holds a line break, or bytes that are no text: nbgrader's own commands stop at
    it, and with them the whole class.
    """
    found = Places(directory).hand_ins(assignment)
    folders = [path.parent for student, path in found.items() if not student.isprintable()]
    return [
        f"Not graded, and not lost: the folder {os.path.relpath(folder, directory.root)!r} has "
        "a name that is no plain text. Rename it, then grade again."
        for folder in folders
    ]


def read_files(
    folder: Path, directory: CourseDirectory
) -> tuple[dict[str, bytes], dict[str, int]]:
    """(files: path below the folder -> bytes; too large: path -> bytes that it has).

    Links, pipes, what can't be read and what the course's settings ignore are left out, and
    what is more than MAX_FILES; notebooks come first, so that nothing beside them takes their
    room. What can't be printed in a path is a question mark in a box. The notebook that holds
    the answers has the assignment's name, see `choice`.
    """
    found, large, times, room = {}, {}, {}, MAX_BYTES
    wanted = [path for path in _plain_files(folder) if not _ignored(path, folder, directory)]
    for path in sorted(wanted, key=lambda path: (path.suffix != ".ipynb", path))[:MAX_FILES]:
        name = one_line(path.relative_to(folder).as_posix())
        try:
            size, times[name] = path.stat().st_size, path.stat().st_mtime
            if size > room:
                large[name] = size
                continue
            found[name] = path.read_bytes()
        except OSError as error:
            _log.warning("%s is left out: %s", one_line(str(path)), error.strerror)
            continue
        room -= size
    return named_by_content(found, large, times, folder, directory)


def notebook_bytes(files: Mapping[str, bytes], large: Mapping[str, int], name: str) -> bytes:
    """The content of the notebook called `name`, or of the only one that there is.

    files, large: of `read_files`. Raises Unreadable where there is none or it is too large.
    """
    expected = f"{name}.ipynb"
    others = sorted(path for path in (*files, *large) if path.endswith(".ipynb"))
    chosen = expected if expected in others or len(others) != 1 else others[0]
    if chosen in large:
        raise Unreadable(
            N_("the file has {size} MB, more than the {most} MB that are read"),
            size=large[chosen] >> 20,
            most=MAX_BYTES >> 20,
        )
    if chosen in files:
        return files[chosen]
    there = sorted({*files, *large})
    words = N_("expected the file {expected}, got {others}")
    if any(path.endswith(_MENDED) for path in there):
        words = N_(
            "expected the file {expected}, got {others}; `course doctor --repair` makes "
            "notebooks of scripts and web pages"
        )
    raise Unreadable(words, expected=expected, others=", ".join(there[:5]) or "-")


def _plain_files(folder: Path) -> Iterator[Path]:
    """Regular files of the student's own folder, that no link on the way leads to."""
    if folder.is_symlink() or folder.parent.is_symlink():
        return  # it is the folder of somebody else
    folders, seen = [(folder, 0)], 0
    while folders:
        place, depth = folders.pop()
        try:
            with os.scandir(place) as entries:
                modes = [
                    (entry, entry.stat(follow_symlinks=False).st_mode) for entry in entries
                ]
        except OSError:
            continue
        for entry, mode in sorted(modes, key=lambda pair: pair[0].name):
            seen += 1
            if seen > _MOST:
                return
            if stat.S_ISDIR(mode) and depth < _DEEPEST:
                folders.append((Path(entry.path), depth + 1))
            elif stat.S_ISREG(mode):
                yield Path(entry.path)


def _ignored(path: Path, folder: Path, directory: CourseDirectory) -> bool:
    """As nbgrader does: a pattern covers names of files, and of folders with all in them."""
    parts = path.relative_to(folder).parts
    return any(fnmatch.fnmatch(part, pattern) for pattern in directory.ignore for part in parts)


def _digest(folder: Path) -> str:
    """A file too large to be graded is not read: it is known by its size and time."""
    found = hashlib.sha256()
    for path in sorted(_plain_files(folder)):
        try:
            state = path.stat()
            if state.st_size > MAX_BYTES:
                content = f"{state.st_size} bytes, {state.st_mtime_ns}".encode()
            else:
                content = hashlib.sha256(path.read_bytes()).digest()
        except OSError:
            content = b"can't be read"
        found.update(os.fsencode(path.relative_to(folder)) + b"\0" + content + b"\0")
    return found.hexdigest()
