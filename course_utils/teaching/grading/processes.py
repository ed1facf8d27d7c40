"""What grading starts first, since it takes seconds: libraries for workers and for kernels.

Light to import: both processes import side by side, and beside the program that grades.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing import forkserver

from course_utils.teaching.sandbox import warm

__all__ = ["begun"]

_LIBRARIES = "course_utils.teaching.grading.libraries"
_EXERCISES = "course_utils.checks.assignments"


@contextmanager
def begun(assignment: str, *, sandbox: bool = True) -> Iterator[None]:
    """Start the process that workers are forked from and, with a sandbox, that of kernels.

    Neither is waited for. Inside another such block this does nothing.
    """
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "critical")  # for the workers
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a worker is one of many on its machine
    with warm.shared() if sandbox else nullcontext():
        forkserver.set_forkserver_preload([_LIBRARIES, f"{_EXERCISES}.{assignment}"])
        forkserver.ensure_running()
        yield
