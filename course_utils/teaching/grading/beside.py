"""Grading on a Dask worker: by a process beside it, whose main thread does the work.

Dask calls its tasks in a thread of the worker's, and only in a main thread do the limits of
reading and judging hold (`within_limits`). The process is kept from hand-in to hand-in; it and
its files go with the Dask worker, however that ends.
"""

import contextlib
import multiprocessing
import os

from distributed import get_worker

from course_utils.teaching.grading.kit import Kit
from course_utils.teaching.grading.pool import Pool
from course_utils.teaching.grading.worker import Job, Result, grade

__all__ = ["grade_beside"]

_open = contextlib.ExitStack()  # until this Dask worker ends
_pool: Pool | None = None


def grade_beside(
    kit: Kit, seconds: float, job: Job
) -> tuple[Result | None, BaseException | None]:
    """(result, error) of `worker.grade`, as `Pool.each_done` gives them.

    seconds: within which the hand-in must be graded. To be called by a Dask worker of one
    thread.
    """
    pool = _own_pool()
    pool.seconds = seconds
    ((_key, result, error),) = pool.each_done([("", (kit, job))])
    return result, error


def _own_pool() -> Pool:
    global _pool
    if _pool is None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # a worker is one of many on its machine
        # What Dask's nanny starts is a daemon, and daemons may start no process: their own
        # children could outlive them. Ours can't: its pipe closes with the Dask worker.
        multiprocessing.current_process().daemon = False
        folder = get_worker().local_directory
        _pool = _open.enter_context(Pool(grade, jobs=1, folder=folder))
    return _pool
