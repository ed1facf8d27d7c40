"""What a student handed in: the files of one folder, read without trusting any of them."""

import fnmatch
import hashlib
import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from course_utils.teaching.grading.choice import named_by_content
from course_utils.teaching.hand_in import MAX_BYTES
from course_utils.teaching.settings import Places

__all__ = ["MAX_FILES", "HandIn", "find_hand_ins", "read_files"]

MAX_FILES = 200
_DEEPEST = 20  # folders in folders
_MOST = 20_000  # files and folders that are looked at
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HandIn:
    """One folder in submitted/. digest: changes with any file in it."""

    student: str
    folder: Path
    digest: str


def find_hand_ins(directory: CourseDirectory, assignment: str) -> list[HandIn]:
    """Every student's folder for the assignment, by student.

    A folder whose name holds a line break, or bytes that are no text, is left out with a
    warning: nbgrader's own commands stop at such a name, and with it the whole class.
    """
    readable = {}
    for student, path in Places(directory).hand_ins(assignment).items():
        if student.isprintable():
            readable[student] = path
        else:
            _log.warning(
                "Not graded: the folder %r has a name that is no plain text. "
                "Rename it, then grade again.",
                os.path.relpath(path.parent, directory.root),
            )
    return [HandIn(student, path, _digest(path)) for student, path in readable.items()]


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
        name = _printable(path.relative_to(folder).as_posix())
        try:
            size, times[name] = path.stat().st_size, path.stat().st_mtime
            if size > room:
                large[name] = size
                continue
            found[name] = path.read_bytes()
        except OSError as error:
            _log.warning("%s is left out: %s", _printable(str(path)), error.strerror)
            continue
        room -= size
    return named_by_content(found, large, times, folder, directory)


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


def _printable(name: str) -> str:
    """Names of files may hold bytes that are no text, line breaks and colours."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)


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
