"""The command `course lab`.

Open tabs are remembered in build/lab of the course, apart from other projects' tabs.
"""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["lab"]


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
    from course_utils.teaching.lab import jupyterlab, page

    course = config.load()
    language = course.require_language(language or course.languages[0])
    jupyterlab.require_jupyterlab()
    jupyterlab.require_no_root(allow_root)
    port = jupyterlab.require_free(port) if port else jupyterlab.free_port()
    troubles = jupyterlab.troubles()
    log = Console(stderr=True, highlight=False, soft_wrap=True)
    for trouble in troubles:
        log.print(trouble, style="yellow", markup=False)
    pages = page.write(course, f"http://localhost:{port}", troubles)
    # Formgrader calls a folder that is not there a fault; nothing is sent out of it.
    (course.root / "exchange").mkdir(exist_ok=True)
    log.print(f"JupyterLab on {course.root}, port {port}. Ctrl+C ends it.", markup=False)
    jupyterlab.start(
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


def _address(root: Path, path: Path) -> str:
    return f"/lab/tree/{path.relative_to(root).as_posix()}?file-browser-path=/"
