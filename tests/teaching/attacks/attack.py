"""What an attack is: a hand-in, and how grading it must end.

Attacks that try to reach something print REACHED where they got there: no output of a graded
notebook may hold that word.
"""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from tests.teaching.grading.class_of import NAME, TWICE, answered

__all__ = [
    "FILE",
    "REACHED",
    "ZEROS",
    "Attack",
    "Fifo",
    "Folder",
    "Link",
    "cheats",
    "ends",
    "lay",
    "notebook",
    "tries",
]

FILE = f"{NAME}.ipynb"
REACHED = "REACHED"
ZEROS = "import torch\ndef jaccard(predicted, truth, num_classes):\n    return torch.zeros(3)\n"


@dataclass(frozen=True)
class Link:
    """A symbolic link. target: relative to where it lies, or absolute."""

    target: str


class Fifo:
    """A named pipe: whoever opens it to read waits for ever."""


class Folder:
    """An empty folder where a file is expected."""


@dataclass(frozen=True)
class Attack:
    """One hand-in.

    does: in one sentence. files: folder of the released course -> path below the student's
    folder -> content. states: any of these. jaccard, own_test, softmax: points that it must
    end with; None where an attack may get either. reason: words in it. look_at: kinds that
    must be named. banned: exercise -> what its verdict names as banned. slow: it takes more
    than ten seconds, and another is much like it. needs_sandbox: it is what the sandbox is
    for, and is not let loose on a machine without one.
    """

    name: str
    does: str
    files: Callable[[Path], dict]
    states: tuple[str, ...] = ("graded",)
    jaccard: float | None = 3
    own_test: float | None = 2
    reason: str = ""
    look_at: Collection[str] = ()
    softmax: float | None = 0
    banned: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    needs_sandbox: bool = False


def notebook(**answers) -> Callable[[Path], dict]:
    """Files of a hand-in that is the released notebook with these answers."""
    return lambda root: {FILE: nbformat.writes(answered(root, **answers)).encode()}


def cheats(name: str, does: str, code: str, *look_at: str, **more) -> Attack:
    """A wrong jaccard, with code in the same cell that tries to earn its points."""
    make = notebook(jaccard=more.pop("start", ZEROS) + code)
    return Attack(name, does, make, look_at=look_at, **({"jaccard": 0} | more))


def tries(name: str, does: str, code: str, *look_at: str, **more) -> Attack:
    """Right answers; before `twice`, code that tries to reach what is none of its business."""
    make = notebook(twice=f"{code}\n{TWICE}")
    return Attack(name, does, make, look_at=look_at, **more)


def ends(name: str, does: str, code: str, *look_at: str, **more) -> Attack:
    """A right jaccard; then code that ends the kernel, or makes it useless."""
    given = {"states": ("crashed",), "own_test": 0, "reason": "own_test-solution"} | more
    return tries(name, does, code, *look_at, **given)


def lay(folder: Path, files: dict) -> None:
    """Write what an attack hands in."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        elif isinstance(content, Fifo):
            os.mkfifo(path)
        elif isinstance(content, Folder):
            path.mkdir()
        else:
            path.write_bytes(content)
