"""Where hand-ins are graded: processes of this machine, or a Dask scheduler's workers."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from course_utils.teaching.grading.kit import Kit
from course_utils.teaching.grading.pool import Pool
from course_utils.teaching.grading.worker import grade

__all__ = ["Each", "Places", "cores"]

# As `Pool.each_done`: calls (key, arguments) to (key, result, error), as they end.
Each = Callable[[Iterable[tuple[str, tuple]]], Iterator[tuple[str, Any, BaseException | None]]]


@dataclass(frozen=True)
class Places:
    """jobs: processes of this machine. scheduler: address of one that is asked in place of
    them, with the certificates in that folder."""

    jobs: int
    scheduler: str | None
    certificates: Path

    @contextmanager
    def opened(self, kit: Kit, hand_ins: int, seconds: float) -> Iterator[Each]:
        """What grades jobs, as long as the block lasts.

        seconds: within which one must be graded.
        Raises CourseError where the scheduler can't be had.
        """
        if self.scheduler is None:
            jobs = min(self.jobs, hand_ins)
            with Pool(partial(grade, kit), jobs=jobs, seconds=seconds) as pool:
                yield pool.each_done
            return
        from course_utils.teaching.grading import beside, cluster  # Dask is for who asks for it

        with cluster.connected(self.scheduler, self.certificates) as client:
            yield partial(cluster.each_done, client, partial(beside.grade_beside, kit, seconds))


def cores() -> int:
    """Those that this process may use: on a shared machine fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
