"""A course that `course lab` serves, and how a page of it looked.

Pictures of the main views are kept in build/screenshots.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "PATIENCE",
    "PICTURES",
    "Server",
    "copy_of_the_course",
    "keep_picture",
    "serving",
    "sign_in",
]

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "screenshots"
PATIENCE = int(os.environ.get("COURSE_PATIENCE", "300"))  # seconds: a machine may do much else


@dataclass(frozen=True)
class Server:
    """JupyterLab on a course. root: its folder; log: what it has said."""

    root: Path
    url: str
    token: str
    log: Path

    def address(self, path: str) -> str:
        """Of a page of the server, with the right to see it."""
        mark = "&" if "?" in path else "?"
        return f"{self.url}/{path.lstrip('/')}{mark}token={self.token}"


def sign_in(page, server: Server) -> None:
    """So that pages below Formgrader may be opened by their address: its cookie is for them."""
    page.goto(server.address("api/status"))


def keep_picture(page, name: str, **options) -> Path:
    """Keep how the page looks now."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, **options)
    return path


@contextmanager
def serving(root: Path, folder: Path, *options: str, make: bool = False) -> Iterator[Server]:
    """`course lab` on the course in `root`, until the end of the block.

    make: by `make lab`. folder: for what belongs to the server and not to the course: it must
    not see the settings of whoever runs the tests.
    """
    port, token, log = _free_port(), "for-tests", folder / "lab.log"
    folder.mkdir(parents=True, exist_ok=True)
    root_is_allowed = ["--allow-root"] if os.geteuid() == 0 else []
    words = ["--no-browser", f"--port={port}", *root_is_allowed, *options]
    program = [sys.executable, "-P", "-m", "course_utils.teaching.cli", "lab", *words]
    own = {
        "JUPYTER_TOKEN": token,
        "OMP_NUM_THREADS": "1",
        **{f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA")},
        "IPYTHONDIR": str(folder / "ipython"),
    }
    with log.open("w") as stream:
        process = subprocess.Popen(
            ["make", "lab", f"LAB={' '.join(words)}"] if make else program,
            cwd=root,
            env=os.environ | own,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    server = Server(root, f"http://localhost:{port}", token, log)
    try:
        _wait_for(server, process)
        yield server
    finally:
        process.terminate()  # its kernels end with it
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def copy_of_the_course(
    folder: Path, without: tuple[str, ...] = ("tests/", "benchmarks/", "docs/")
) -> Path:
    """What git would give to a clone, the changes of the working tree included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(without):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(server: Server, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(server.address("api/status"), timeout=10).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    said = server.log.read_text(encoding="utf-8", errors="replace")
    raise AssertionError(f"`course lab` does not answer at {server.url}:\n{said}")
