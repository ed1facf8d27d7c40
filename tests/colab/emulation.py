"""A machine like Colab's, as far as one can be made with a virtual environment.

It has IPython 7.34, ipykernel 6.17 and ipywidgets 7.7, a `google.colab` that is imported when
the kernel starts, and, in another folder that pip does not own, all that this environment
has but the course: torch and the rest are preinstalled. The course's repository on GitHub is
a local git repository: git is told to read it in place of the address.

What it can't show: Colab's page (forms, its own rendering of widgets, the download dialogue),
its Python (3.13 in autumn 2026), its CUDA builds, its exact versions (the weekly workflow
takes those), its network, and that pip there writes into the folder of the preinstalled
packages. Nothing here forbids writing to these: tests compare every file of them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

from course_utils.teaching.config import Course

TAG = "emulated"
_OWN = ("ipython==7.34.0", "ipykernel==6.17.1", "ipywidgets==7.7.1", "jupyter-client==7.4.9")
_NOT_SHARED = {
    *("IPython", "ipython", "ipykernel", "ipykernel_launcher", "ipywidgets", "jupyter_client"),
    *("course_utils", "nbgrader", "pip", "setuptools", "pkg_resources", "_distutils_hack"),
    *("widgetsnbextension", "jupyterlab_widgets", "google"),
}
_NO_INDEX = ("No matching distribution", "ConnectionError", "Could not fetch URL", "timed out")

_STAND_IN = {
    "google/colab/__init__.py": "from google.colab import _message, files\n",
    "google/colab/files.py": '''
import os, shutil

def download(filename):
    """What the browser would put into its folder of downloads."""
    shutil.copy(filename, os.environ["EMULATED_DOWNLOADS"])
''',
    "google/colab/_message.py": '''
import json, os

def blocking_request(request_type, request="", timeout_sec=5, parent=None):
    """The page's answer: the notebook as it stands in the browser."""
    assert request_type == "get_ipynb"
    if os.environ["EMULATED_PAGE"] == "closed":
        raise TimeoutError("no reply")
    with open(os.environ["EMULATED_PAGE"], encoding="utf-8") as file:
        return {"ipynb": json.load(file)}
''',
    "colab_kernel_launcher.py": """
import google.colab  # as in Colab, it is there before the first cell
from ipykernel import kernelapp

kernelapp.launch_new_instance()
""",
}


@dataclass(frozen=True)
class Colab:
    """The emulated machine. root: its folder; github: of the repository, local."""

    root: Path
    course: Course
    github: Path

    @property
    def python(self) -> Path:
        return self.root / "venv/bin/python"

    @property
    def downloads(self) -> Path:
        return self.root / "downloads"

    @property
    def page(self) -> Path:
        """The notebook that the browser shows."""
        return self.root / "page.ipynb"

    def environment(self, github: Path | None = None, page: str | None = None):
        """Variables of the kernel. github: what lies at the address, ours if None."""
        address = f"https://github.com/{self.course.repository}"
        kept = ("PATH", "LANG", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "http_proxy", "https_proxy")
        found = {name: os.environ[name] for name in kept if name in os.environ}
        found |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        return found | {
            "HOME": str(self.root / "home"),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{github or self.github}.insteadOf",
            "GIT_CONFIG_VALUE_0": address,
            "EMULATED_DOWNLOADS": str(self.downloads),
            "EMULATED_PAGE": page or str(self.page),
            "OMP_NUM_THREADS": "1",
            "JUPYTER_PATH": "",
        }

    def run(self, cells, *, errors: bool = False, **environment):
        """Execute the cells, or the notebook, in one session; returns the notebook.

        errors: whether the session goes on after one. Raises CellExecutionError otherwise.
        """
        if isinstance(cells, list):
            cells = nbformat.v4.new_notebook(cells=cells)
        page = nbformat.from_dict(cells)
        self.page.write_text(as_colab_saves(page), encoding="utf-8")
        specs = KernelSpecManager(kernel_dirs=[str(self.root / "kernels")])
        manager = AsyncKernelManager(kernel_name="colab", kernel_spec_manager=specs)
        client = NotebookClient(page, km=manager, timeout=300, allow_errors=errors)
        client.execute(cwd=str(self.root / "content"), env=self.environment(**environment))
        return page

    def versions(self) -> dict[str, str]:
        """Name -> version of every package that Python finds there."""
        code = (
            "import importlib.metadata as m, json;"
            "print(json.dumps({d.name.lower().replace('_', '-'): d.version"
            " for d in reversed(list(m.distributions()))}))"
        )
        done = self._python("-c", code)
        return json.loads(done.stdout)

    def files(self) -> dict[str, tuple[int, int]]:
        """Path -> (size, time of change) of every preinstalled file; byte code aside."""
        found = {}
        for top in (*self._site.iterdir(), *(self.root / "preinstalled").iterdir()):
            for folder, folders, names in os.walk(top.resolve()):
                folders[:] = [name for name in folders if name != "__pycache__"]
                for name in names:
                    state = os.stat(os.path.join(folder, name), follow_symlinks=False)
                    found[os.path.join(folder, name)] = (state.st_size, state.st_mtime_ns)
        ignored = ("course_utils", "__pycache__")
        return {
            path: state
            for path, state in found.items()
            if not any(words in path for words in ignored)
        }

    def as_after_a_restart(self) -> "Colab":
        """Without downloads; the course is installed where an earlier session did that."""
        for file in self.downloads.iterdir():
            file.unlink()
        return self

    def without_the_course(self) -> "Colab":
        """A fresh runtime."""
        if self._has_the_course:
            self._python("-m", "pip", "uninstall", "--quiet", "--yes", "course-utils")
        return self

    def with_the_course(self, setup) -> "Colab":
        """A runtime in which the set-up cell has been run."""
        if not self._has_the_course:
            self.run([setup])
        return self

    @property
    def _has_the_course(self) -> bool:
        return any(self._site.glob("course_utils-*.dist-info"))

    @property
    def _site(self) -> Path:
        (found,) = (self.root / "venv/lib").glob("python*/site-packages")
        return found

    def _python(self, *arguments):
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
        )


def as_colab_saves(page: nbformat.NotebookNode) -> str:
    """The text of a notebook as Colab writes it: its own metadata, no ids at a cell's root."""
    plain = json.loads(nbformat.writes(page))
    plain["nbformat_minor"] = 0
    plain["metadata"] |= {"colab": {"provenance": []}, "accelerator": "GPU"}
    for cell in plain["cells"]:
        cell["metadata"]["id"] = cell.pop("id", None) or cell["metadata"].get(
            "id", "aB3dE6gH9jK2"
        )
        cell["source"] = [re.sub(r" +(?=\n|$)", "", line) for line in cell["source"]]
    return json.dumps(plain, ensure_ascii=False, indent=2)


@contextmanager
def machine(folder: Path, course: Course, files: dict[str, bytes]) -> Iterator[Colab]:
    """The one machine of this run of pytest, for one user at a time.

    folder: shared by the workers of pytest-xdist, see `shared_folder`. The first who comes
    makes the machine, others wait until they may use it.
    """
    root, made, without = (folder / name for name in ("colab", "colab.made", "no_colab"))
    with FileLock(folder / "colab.lock"):
        if without.exists():
            pytest.skip(without.read_text(encoding="utf-8"))
        if not made.exists():
            shutil.rmtree(root, ignore_errors=True)  # of one that was cut off
            try:
                make(root, course, files)
            except pytest.skip.Exception as reason:
                without.write_text(str(reason), encoding="utf-8")
                raise
            made.touch()
        yield Colab(root, course, root / "github").as_after_a_restart()


def shared_folder(tmp_path_factory) -> Path:
    """The temporary folder of this run of pytest, the same for all its workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def make(root: Path, course: Course, files: dict[str, bytes]) -> Colab:
    """The machine in `root`, with the student edition `files` on its GitHub."""
    for name in ("home", "content", "downloads", "preinstalled", "kernels/colab"):
        (root / name).mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", root / "venv"], check=True)
    colab = Colab(root, course, make_repository(root / "github", files))
    _preinstall(colab)
    for path, text in _STAND_IN.items():
        place = colab._site / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    argv = [str(colab.python), "-m", "colab_kernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Colab", "language": "python"}
    (root / "kernels/colab/kernel.json").write_text(json.dumps(spec))
    return colab


def make_repository(folder: Path, files: dict[str, bytes]) -> Path:
    """A git repository with these files, on branch main and under TAG."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    who = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "--all"],
        [*who, "commit", "-q", "-m", "Student edition"],
        ["tag", TAG],
        ["config", "uploadpack.allowFilter", "true"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def _preinstall(colab: Colab) -> None:
    """Links to this environment's packages, in a folder that Python finds after its own."""
    shared = colab.root / "preinstalled"
    for folder in dict.fromkeys(map(Path, sys.path)):
        if folder.name != "site-packages":
            continue
        for entry in folder.iterdir():
            name = entry.name.split("-")[0].removesuffix(".py")
            hidden = entry.name.startswith(("__editable__", "_course", "~"))
            if name in _NOT_SHARED or hidden or entry.suffix == ".pth":
                continue
            if not (shared / entry.name).exists():
                (shared / entry.name).symlink_to(entry)
    (colab._site / "preinstalled.pth").write_text(f"{shared}\n")
    command = [colab.python, "-m", "pip", "install", "--quiet", *_OWN]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and any(words in done.stderr for words in _NO_INDEX):
        pytest.skip(f"Colab's versions of IPython can't be had here: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
