"""Private folders for Unix sockets."""

import os
import tempfile
from pathlib import Path

__all__ = ["folder_for_sockets"]

_LONGEST = 80  # of the folder's path: Linux limits a socket's to 107


def folder_for_sockets() -> Path:
    """A new folder that only this user can enter, its path short enough for sockets in it."""
    folder = tempfile.mkdtemp(prefix="course-")
    if len(folder) > _LONGEST:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="course-", dir="/tmp")
    return Path(folder).resolve()
