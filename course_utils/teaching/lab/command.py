"""The command `course lab`.

Stock JupyterLab with settings for this process alone: `config` beside this file is one more
folder of Jupyter's configuration path, so what the user has set in JupyterLab stays and counts.
Open tabs are remembered in build/lab of the course, apart from other projects' tabs.
"""

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from course_utils.teaching.errors import CourseError

__all__ = ["lab"]

_CONFIG = Path(__file__).parent / "config"
_FIRST_PORT, _TRIES = 8888, 100
_IN_USE = errno.EADDRINUSE


def lab(
    jupyter_options: Annotated[
        list[str] | None,
        typer.Argument(
            help="Options of `jupyter lab` itself, after --: course lab -- --ip=0.0.0.0"
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=1, max=65535, help="The first free one from 8888 on, if left out."
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language", help="Of the first page, ru or en; the course's first, if left out."
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address to open.")
    ] = False,
    allow_root: Annotated[
        bool, typer.Option("--allow-root", help="Run as root, as in a container.")
    ] = False,
) -> None:
    """Open JupyterLab on the course: lectures, assignments and the instructor's tools.

    Ends with Ctrl+C. The user's own settings of JupyterLab are neither changed nor ignored.
    """
    # Late: `course --help` needs none of JupyterLab, nbgrader and nbformat.
    from rich.console import Console

    from course_utils.teaching import config
    from course_utils.teaching.lab import page

    course = config.load()
    language = course.require_language(language or course.languages[0])
    _require_jupyterlab()
    _require_no_root(allow_root)
    port = _require_free(port) if port else _free_port()
    troubles = _troubles()
    log = Console(stderr=True, highlight=False, soft_wrap=True)
    for trouble in troubles:
        log.print(trouble, style="yellow", markup=False)
    pages = page.write(course, f"http://localhost:{port}", troubles)
    # Formgrader calls a folder that is not there a fault; nothing is sent out of it.
    (course.root / "exchange").mkdir(exist_ok=True)
    log.print(f"JupyterLab on {course.root}, port {port}. Ctrl+C ends it.", markup=False)
    _start(
        course.root,
        [
            f"--ServerApp.root_dir={course.root}",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--LabApp.default_url={_address(course.root, pages[language])}",
            f"--LabApp.workspaces_dir={course.root / page.FOLDER / 'workspaces'}",
            "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
            "--FormgradeExtension.debug=False",  # its page would print the whole configuration
            "--Application.log_level=WARN",  # the address is printed at any level
            *(["--no-browser"] if no_browser else []),
            *(["--allow-root"] if allow_root else []),
            *(jupyter_options or []),
        ],
    )


def _start(root: Path, options: list[str]) -> None:
    """Become JupyterLab, in the course's folder: there Formgrader finds its configuration."""
    before = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(_CONFIG), before]))
    os.chdir(root)
    from jupyterlab.labapp import main

    sys.argv[:] = ["jupyter-lab", *options]
    main()


def _address(root: Path, path: Path) -> str:
    return f"/lab/tree/{path.relative_to(root).as_posix()}?file-browser-path=/"


def _require_jupyterlab() -> None:
    try:
        import jupyterlab.labapp  # noqa: F401
    except ImportError as error:
        raise CourseError(
            f"Expected JupyterLab in {sys.prefix}, found none ({error}). "
            "Install it: make setup, or pip install 'course-utils[instructor]'."
        ) from None


def _require_no_root(allowed: bool) -> None:
    if not allowed and hasattr(os, "geteuid") and os.geteuid() == 0:
        raise CourseError(
            "Expected an ordinary user, got root: whoever reaches JupyterLab has all rights "
            "here. In a container that is meant so: course lab --allow-root, or "
            "make lab LAB=--allow-root."
        )


def _require_free(port: int) -> int:
    if not _is_free(port):
        raise CourseError(
            f"Expected port {port} to be free, but a program listens on it. "
            "Choose another with --port, or leave --port out: a free one is looked for."
        )
    return port


def _free_port() -> int:
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


def _troubles() -> list[str]:
    """What works here only in part, in sentences."""
    from course_utils.teaching.sandbox.bubblewrap import SandboxUnavailable, require

    try:
        require()
    except SandboxUnavailable as error:
        return [f"Grading will refuse here: {problem}" for problem in error.problems]
    return []
