"""What `course lab` starts: JupyterLab, with settings of the course's.

Stock JupyterLab with settings for this process alone: `config` beside this file is one more
folder of Jupyter's configuration path, so what the user has set in JupyterLab stays and counts.
"""

import errno
import os
import socket
import sys
from pathlib import Path

from course_utils.teaching.errors import CourseError

__all__ = [
    "free_port",
    "require_free",
    "require_jupyterlab",
    "require_no_root",
    "start",
    "troubles",
]

_CONFIG = Path(__file__).parent / "config"
_FIRST_PORT, _TRIES = 8888, 100
_IN_USE = errno.EADDRINUSE


def start(root: Path, options: list[str]) -> None:
    """Become JupyterLab, in the course's folder: there Formgrader finds its configuration."""
    before = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(_CONFIG), before]))
    os.chdir(root)
    from jupyterlab.labapp import main

    sys.argv[:] = ["jupyter-lab", *options]
    main()


def require_jupyterlab() -> None:
    try:
        import jupyterlab.labapp  # noqa: F401
    except ImportError as error:
        raise CourseError(
            f"Expected JupyterLab in {sys.prefix}, found none ({error}). "
            "Install it: make setup, or pip install 'course-utils[instructor]'."
        ) from None


def require_no_root(allowed: bool) -> None:
    if not allowed and hasattr(os, "geteuid") and os.geteuid() == 0:
        raise CourseError(
            "Expected an ordinary user, got root: whoever reaches JupyterLab has all rights "
            "here. In a container that is meant so: course lab --allow-root, or "
            "make lab LAB=--allow-root."
        )


def require_free(port: int) -> int:
    if not _is_free(port):
        raise CourseError(
            f"Expected port {port} to be free, but a program listens on it. "
            "Choose another with --port, or leave --port out: a free one is looked for."
        )
    return port


def free_port() -> int:
    for port in range(_FIRST_PORT, _FIRST_PORT + _TRIES):
        if _is_free(port):
            return port
    raise CourseError(
        f"Expected a free port from {_FIRST_PORT} to {_FIRST_PORT + _TRIES - 1}, found none. "
        "Name one with --port."
    )


def _is_free(port: int) -> bool:
    """Whether nothing listens on it, on any of this machine's own addresses."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if family == socket.AF_INET or error.errno == _IN_USE:
                return False
    return True


def troubles() -> list[str]:
    """What works here only in part, in sentences."""
    from course_utils.teaching.sandbox.bubblewrap import SandboxUnavailable, require

    try:
        require()
    except SandboxUnavailable as error:
        return [f"Grading will refuse here: {problem}" for problem in error.problems]
    return []
