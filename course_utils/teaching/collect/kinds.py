"""What a file in a download may be: by its name, or under another name by its first bytes."""

import re
from dataclasses import dataclass
from datetime import datetime

from course_utils.i18n import _

__all__ = [
    "NOTEBOOK",
    "START",
    "File",
    "Refused",
    "bare",
    "copy_of_jupyter",
    "is_archive",
    "is_wanted",
    "may_be_a_notebook",
    "not_a_notebook",
]

START = 4096  # bytes of a file under any name that say whether it may be a notebook
_ARCHIVE = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz))$", re.IGNORECASE)
_CLOSED = re.compile(r"\.(rar|7z|zipx|gz|bz2|xz|zst)$", re.IGNORECASE)  # that Python can't open
_SCRIPT, _PAGE = re.compile(r"\.py$", re.IGNORECASE), re.compile(r"\.html?$", re.IGNORECASE)
NOTEBOOK = re.compile(r"\.ipynb(\.\w{1,8})?$|\.json$|(^|_)timestamp\.txt$", re.IGNORECASE)


@dataclass(frozen=True)
class File:
    """A file that may be a hand-in, read whole.

    parts: folders and name, the container's name first. time: of its last change, or None.
    time_from: "zip", "tar" or "file": who says so. nested: out of a student's own archive.
    """

    parts: tuple[str, ...]
    data: bytes
    time: datetime | None
    time_from: str
    nested: bool = False


@dataclass(frozen=True)
class Refused:
    """What was not taken and why, in the language in use.

    harmless: a file beside the hand-ins (a picture, a PDF), which alone troubles nobody.
    work: but it may hold the answers of a student of whom nothing better came.
    """

    parts: tuple[str, ...]
    reason: str
    harmless: bool = False
    work: bool = False


def is_archive(name: str) -> bool:
    """Whether a file of that name is opened for what is in it."""
    return bool(_ARCHIVE.search(bare(name)))


def bare(name: str) -> str:
    """Without the spaces and dots that a file's name may end in, and Windows drops."""
    return name.rstrip(" .\t\r\n\N{NO-BREAK SPACE}")


def is_wanted(name: str) -> bool:
    return bool(NOTEBOOK.search(bare(name))) or is_archive(name)


def may_be_a_notebook(name: str, start: bytes) -> bool:
    """By its first bytes: JSON under any name, or a zip whose name has no ending."""
    if start.startswith(b"PK\3\4"):
        return "." not in bare(name)
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def copy_of_jupyter(inside: tuple[str, ...]) -> Refused | None:
    """Jupyter's own copy of a notebook: not collected, but it may be all that a student has."""
    if ".ipynb_checkpoints" not in inside or not is_wanted(inside[-1]):
        return None
    reason = _("Jupyter's own copy (.ipynb_checkpoints), perhaps an old one: not collected")
    return Refused(inside, reason, harmless=True, work=True)


def not_a_notebook(parts: tuple[str, ...]) -> Refused:
    name = bare(parts[-1])
    if _CLOSED.search(name):
        return Refused(parts, _("an archive of this kind cannot be opened: unpack it by hand"))
    if _SCRIPT.search(name):
        words = _("a script, not a notebook: `course doctor --repair` makes a notebook of it")
        return Refused(parts, words, harmless=True, work=True)
    if _PAGE.search(name):
        words = _("a web page, not a notebook: `course doctor --repair` takes its code out")
        return Refused(parts, words, harmless=True, work=True)
    return Refused(parts, _("not a notebook (.ipynb)"), harmless=True)
