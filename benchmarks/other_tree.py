"""Another revision of this repository, ready to run beside the one that is checked out.

    with checked_out("v1.0", folder) as tree:
        subprocess.run([tree.python, "-m", "course_utils.teaching.cli", "--help"])

Its files are a worktree of git's. PYTHONPATH would not do: grading refuses where kernels would
import another package than the program that judges. So the revision has an environment of its
own: this one's files, as hard links, but for the line that says where course_utils lies.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import ROOT

__all__ = ["REVISION", "Tree", "checked_out", "here"]

REVISION = "COURSE_BENCH_AGAINST"  # in the environment: the one to compare with


@dataclass(frozen=True)
class Tree:
    """root: its files; python: the program that imports its course_utils; name: its commit."""

    root: Path
    python: str
    name: str


def here() -> Tree:
    """What is checked out, with the changes that are not yet committed."""
    return Tree(ROOT, sys.executable, _git("describe", "--always", "--dirty"))


@contextmanager
def checked_out(revision: str) -> Iterator[Tree]:
    """The revision in a temporary folder below build/.

    Raises RuntimeError where git knows no such revision, or where course_utils is not
    installed from this folder into an environment of its own, as `make setup` does.
    """
    name = _git("rev-parse", "--short", "--verify", f"{revision}^{{commit}}")
    _require_own_environment()
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="against_", dir=ROOT / "build") as place:
        os.chmod(place, 0o755)  # kernels may have a user of their own
        root = Path(place, "tree")
        _git("worktree", "add", "--detach", str(root), name)
        try:
            yield Tree(root, _environment(Path(place, "environment"), root), name)
        finally:
            _git("worktree", "remove", "--force", str(root))


def _environment(target: Path, root: Path) -> str:
    """Make it; returns its Python."""
    shutil.copytree(sys.prefix, target, symlinks=True, copy_function=_link)
    (line,) = target.glob("lib/python*/site-packages/*course_utils*.pth")
    line.unlink()  # and not written to: it is this environment's, too
    line.write_text(f"{root}\n", encoding="utf-8")
    return str(target / Path(sys.executable).relative_to(sys.prefix))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


def _require_own_environment() -> None:
    site = Path(sys.prefix).glob("lib/python*/site-packages/*course_utils*.pth")
    lines = [path.read_text(encoding="utf-8").strip() for path in site]
    if sys.prefix == sys.base_prefix or lines != [str(ROOT)]:
        raise RuntimeError(
            f"Expected an environment with course_utils from {ROOT}, got {sys.prefix} with "
            f"{', '.join(lines) or 'none'}. Make one there: make setup"
        )


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()
