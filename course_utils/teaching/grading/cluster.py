"""Where hand-ins are graded: workers of this machine, or of a scheduler elsewhere (Dask).

A worker takes one hand-in at a time. How many are under way follows the number of workers, so
that memory stays flat however large the class is, and workers may come and go.

Where this machine can have no workers, which talk through /dev/shm, there is `each_here`.
"""

import logging
import multiprocessing
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed

from course_utils.teaching.errors import CourseError

__all__ = ["can_have_workers", "connected", "each_done", "each_here"]

_log = logging.getLogger(__name__)

_SETTINGS = {
    "distributed.worker.multiprocessing-method": "forkserver",  # imports once for all workers
    "distributed.scheduler.allowed-failures": 2,  # workers that one hand-in may take along
    "distributed.comm.timeouts.connect": "20s",
    "distributed.worker.profile.enabled": False,  # would look at its threads 100 times a second
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.low-level-log-length": 10,  # messages kept, whole hand-ins in them
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
}


@contextmanager
def connected(jobs: int, scheduler: str | None = None) -> Iterator[Client]:
    """A client with its workers: `jobs` of this machine, or those of a scheduler's address.

    Raises CourseError where no scheduler answers or it has no workers.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is in the future
    with dask.config.set(_SETTINGS):
        if scheduler:
            with _remote(scheduler) as client:
                yield client
            return
        with (
            tempfile.TemporaryDirectory(prefix="course-grade-") as place,
            dask.config.set({"temporary-directory": place}),
            _closed_in_any_case(
                LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    silence_logs=False,
                    local_directory=place,
                )
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client


@contextmanager
def _closed_in_any_case(cluster: LocalCluster) -> Iterator[LocalCluster]:
    """Closing fails where a worker is just being started anew; all results are there by then,
    and the worker ends with this program."""
    try:
        yield cluster
    finally:
        try:
            cluster.close()
        except Exception:
            _log.warning("Dask's cluster did not close", exc_info=True)


def each_done(
    client: Client, function: Callable, arguments: Iterable[tuple[str, tuple]]
) -> Iterator[tuple[str, Any, BaseException | None]]:
    """(key, result, error) of function(*arguments), in the order in which they end.

    Of result and error one is None.
    arguments: (key, arguments) one by one; the next is asked for only when there is room.
    A worker that ends is blamed on all that it had, so those come again at the end, each
    alone: KilledWorker is the answer only to what ends workers by itself.
    """
    waiting = iter(arguments)
    running = as_completed([])
    under_way: dict[str, tuple] = {}
    suspects: list[tuple[str, tuple]] = []

    def submit_next() -> None:
        for key, given in waiting:
            under_way[key] = given
            running.add(client.submit(function, *given, key=key, pure=False))
            return

    for _place in range(_places(client)):
        submit_next()
    for future in running:
        submit_next()
        if running.count() < _places(client):
            submit_next()  # a worker more than before
        given = under_way.pop(future.key)
        result, error = _outcome(future)
        if isinstance(error, KilledWorker):
            suspects.append((future.key, given))
        else:
            yield future.key, result, error
    for key, given in suspects:
        future = client.submit(function, *given, key=f"{key}-alone", pure=False)
        yield key, *_outcome(future)


def can_have_workers() -> bool:
    """Whether this machine has the semaphores of processes, which lie in /dev/shm."""
    try:
        multiprocessing.get_context("forkserver").Lock()
    except (ImportError, OSError):
        return False
    return True


def each_here(
    _client: None, function: Callable, arguments: Iterable[tuple[str, tuple]]
) -> Iterator[tuple[str, Any, BaseException | None]]:
    """The same one after another, in this process."""
    for key, given in arguments:
        try:
            outcome = function(*given), None
        except Exception as error:
            outcome = None, error
        yield key, *outcome


def _outcome(future: Future) -> tuple[Any, BaseException | None]:
    """(result, None) or (None, error). A result is lost with the worker that still holds it,
    which then counts as another try."""
    try:
        return future.result(), None
    except Exception as error:
        return None, error
    finally:
        future.release()


def _places(client: Client) -> int:
    """Two for each worker: one at work, one at hand."""
    return 2 * max(1, len(client.nthreads()))


@contextmanager
def _remote(address: str) -> Iterator[Client]:
    try:
        client = Client(address, timeout="20s")
    except (OSError, ValueError) as error:
        raise CourseError(
            f"Expected a Dask scheduler at {address}, got {type(error).__name__}: {error}. "
            "Start one with `dask scheduler`, workers with `dask worker ADDRESS --nthreads 1`."
        ) from error
    with client:
        if not client.nthreads():
            raise CourseError(
                f"Expected workers at the scheduler {address}, found none. "
                f"Start them with: dask worker {address} --nthreads 1 --nworkers 2"
            )
        yield client
