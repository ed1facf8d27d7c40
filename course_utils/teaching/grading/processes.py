"""What grading starts first, since it takes seconds: libraries for workers and for kernels.

Light to import: both processes import side by side, and beside the program that grades.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing import forkserver
from pathlib import Path

from course_utils.teaching.sandbox import warm

__all__ = ["begun"]

_LIBRARIES = "course_utils.teaching.grading.libraries"
_EXERCISES = "course_utils.checks.assignments.{assignment}.exercises"
# torchvision takes as long to import as torch: only for a class in which somebody names it.
_ON_DEMAND = {
    b"torchvision": ("torchvision.models", "torchvision.datasets", "torchvision.transforms.v2"),
    b"nn.Module": ("torch._dynamo",),  # what torch imports when weights are first written
    b"small_net": ("torch._dynamo",),
    b"course_utils.data.scenes": ("course_utils.data.scenes",),
    b"course_utils.data.size_scenes": ("course_utils.data.size_scenes",),
}
_READ = 2**22  # bytes of one hand-in


@contextmanager
def begun(root: Path, assignment: str, *, sandbox: bool = True) -> Iterator[None]:
    """Start the process that workers are forked from and, with a sandbox, that of kernels.

    root: of the course, in whose submitted/ the libraries are named that kernels will need.
    Neither is waited for. Inside another such block this does nothing.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a worker is one of many on its machine
    os.environ.setdefault("PYTHONSAFEPATH", "1")  # they import no package of the folder here
    with warm.shared(_named(root, assignment)) if sandbox else nullcontext():
        exercises = _EXERCISES.format(assignment=assignment)
        forkserver.set_forkserver_preload([_LIBRARIES, exercises])
        forkserver.ensure_running()
        yield


def _named(root: Path, assignment: str) -> list[str]:
    """Libraries that a hand-in names and that kernels would else import one by one."""
    found: list[str] = []
    wanted = dict(_ON_DEMAND)
    for path in root.glob(f"submitted/*/{assignment}/*.ipynb"):
        if not wanted:
            break
        if path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                text = file.read(_READ)
        except OSError:
            continue
        for word in [word for word in wanted if word in text]:
            found += wanted.pop(word)
    return found
