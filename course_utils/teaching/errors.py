"""What stops a command, in words for the person who gave it."""

import errno
from collections.abc import Sequence

__all__ = ["CourseError", "disk_trouble"]

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LIMITED = (errno.EFBIG,)
_CLOSED = (errno.EROFS,)


class CourseError(Exception):
    """Something that the person at the keyboard can put right.

    The command line prints `problems`, one a paragraph, without a traceback, and exits with 1.
    Each says where it is, what was expected, what came, and what to do.
    """

    def __init__(self, *problems: str | Sequence[str]) -> None:
        self.problems: list[str] = []
        for problem in problems:
            self.problems.extend([problem] if isinstance(problem, str) else problem)
        super().__init__("\n\n".join(self.problems))


def disk_trouble(error: OSError) -> str | None:
    """A sentence with the cure where a disk is full or may not be written; None for others."""
    where = f" for {error.filename}" if error.filename else ""
    if error.errno in _FULL:
        return (
            f"Expected room on the disk{where}, found it full ({error.strerror}). Make room, "
            "then give the same command again: what was done before is kept."
        )
    if error.errno in _LIMITED:
        return (
            f"Expected to write a larger file{where} than this account may ({error.strerror}). "
            "Raise the limit (ulimit -f), then give the same command again."
        )
    if error.errno in _CLOSED:
        return (
            f"Expected a disk that can be written{where}, got one that may only be read "
            f"({error.strerror}). Mount it for writing, then give the same command again."
        )
    return None
