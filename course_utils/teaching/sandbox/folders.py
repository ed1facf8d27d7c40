"""Private folders for Unix sockets, and the way to sockets inside a sandbox."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

__all__ = ["SocketsInside", "folder_for_sockets"]

_LONGEST = 80  # of the folder's path: Linux limits a socket's to 107


def folder_for_sockets() -> Path:
    """A new folder that only this user can enter, its path short enough for sockets in it."""
    folder = tempfile.mkdtemp(prefix="course-")
    if len(folder) > _LONGEST:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="course-", dir="/tmp")
    return Path(folder).resolve()


class SocketsInside:
    """Sockets that a sandbox binds in a folder of its own, at the same paths out here.

    A path out here is a link to a descriptor of the very socket that was bound: what stands at
    its path inside later, whether a link or a folder, is never looked at again.
    """

    def __init__(self, first: int) -> None:
        """first: process id of the sandbox's first process."""
        self._root = f"/proc/{first}/root"
        self._held: dict[Path, int] = {}

    def reach(self, path: Path) -> bool:
        """Whether it is bound, and so can be connected to from now on at this path out here."""
        try:
            descriptor = os.open(f"{self._root}{path}", os.O_PATH | os.O_NOFOLLOW)
        except OSError:
            return False
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return False
        self._held[path] = descriptor
        with contextlib.suppress(FileNotFoundError):
            path.unlink()  # of a kernel before
        path.symlink_to(f"/proc/{os.getpid()}/fd/{descriptor}")
        return True

    def close(self) -> None:
        for path, descriptor in self._held.items():
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)
        self._held.clear()
