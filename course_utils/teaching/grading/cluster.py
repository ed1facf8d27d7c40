"""Workers on other machines: a Dask scheduler's, by TLS alone.

Whoever reaches a scheduler may run code in its workers and in the program that asks them. So
both sides show certificates of one authority; an address without them is refused.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from course_utils.teaching.errors import CourseError

try:
    import dask
    from distributed import Client, Future, KilledWorker, Security, as_completed
except ImportError as error:
    raise CourseError(
        "Workers on other machines are asked by Dask, which is not installed. "
        'Install it: pip install "course-utils[cluster]"'
    ) from error

from course_utils.teaching.grading.pool import WorkerEnded

__all__ = ["CERTIFICATES", "connected", "each_done"]

CERTIFICATES = ("ca.pem", "cert.pem", "key.pem")  # of the authority; of this side, and its key
_SECONDS_TO_COME = 20
_SETTINGS = {
    "distributed.scheduler.allowed-failures": 2,  # workers that one hand-in may take along
    "distributed.comm.timeouts.connect": "20s",
}


@contextmanager
def connected(address: str, certificates: Path) -> Iterator[Client]:
    """A client of the scheduler at tls://...

    certificates: the folder of CERTIFICATES.
    Raises CourseError for another kind of address, where a certificate is missing, where no
    scheduler answers with one of the same authority, or where it has no workers, or some that
    do several things at a time.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is in the future
    security = _security(address, certificates)
    with dask.config.set(_SETTINGS):
        try:
            client = Client(address, timeout="20s", security=security)
        except (OSError, ValueError) as error:
            raise CourseError(
                f"Expected a Dask scheduler at {address}, got {type(error).__name__}: {error}. "
                "Start scheduler and workers as docs/grading.md shows, with certificates of "
                f"the authority in {certificates / CERTIFICATES[0]}."
            ) from error
        with client:
            if not _workers_came(client):
                raise CourseError(
                    f"Expected workers at the scheduler {address}, found none. Start them as "
                    "docs/grading.md shows: dask worker ... --nthreads 1"
                )
            _require_one_thread(client)
            yield client


def each_done(
    client: Client, function: Callable, calls: Iterable[tuple[str, tuple]]
) -> Iterator[tuple[str, Any, BaseException | None]]:
    """As `Pool.each_done`: (key, result, error) of the calls, as they end.

    function: called by a Dask worker, has (result, error) for an answer, see `beside`.
    A Dask worker that ends is blamed on all that it had, so those come again at the end, each
    alone: WorkerEnded is the answer only to what ends workers by itself.
    Raises CourseError as soon as there is a worker of several threads.
    """
    waiting = iter(calls)
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
        try:
            outcome = _outcome(future)
        except KilledWorker:
            suspects.append((future.key, given))
        else:
            yield future.key, *outcome
    for key, given in suspects:
        future = client.submit(function, *given, key=f"{key}-alone", pure=False)
        try:
            outcome = _outcome(future)
        except KilledWorker as error:
            outcome = None, WorkerEnded(str(error))
        yield key, *outcome


def _security(address: str, certificates: Path) -> Security:
    if not address.startswith("tls://"):
        raise CourseError(
            f"Expected a scheduler's address that begins with tls://, got {address}: without "
            "certificates whoever reaches the scheduler can run code as you. "
            "docs/grading.md shows how to make them."
        )
    missing = [name for name in CERTIFICATES if not (certificates / name).is_file()]
    if missing:
        raise CourseError(
            f"Expected {', '.join(CERTIFICATES)} in {certificates}, found no "
            f"{', '.join(missing)}. docs/grading.md shows how to make them; "
            "`--certificates FOLDER` names another folder."
        )
    authority, certificate, key = (str(certificates / name) for name in CERTIFICATES)
    return Security(
        tls_ca_file=authority,
        tls_client_cert=certificate,
        tls_client_key=key,
        require_encryption=True,
    )


def _workers_came(client: Client) -> bool:
    """Whether there are workers: those just started take a moment."""
    with contextlib.suppress(TimeoutError):
        client.wait_for_workers(1, timeout=_SECONDS_TO_COME)
    return bool(client.nthreads())


def _require_one_thread(client: Client) -> None:
    """Hand-ins are graded with the working folder and the environment of their process."""
    several = [address for address, threads in client.nthreads().items() if threads != 1]
    if several:
        raise CourseError(
            f"Expected workers of one thread, got several threads at {', '.join(several)}. "
            "Start workers with --nthreads 1, and more of them with --nworkers."
        )


def _outcome(future: Future) -> tuple[Any, BaseException | None]:
    """(result, error) of a call. A result is lost with the worker that still holds it, which
    then counts as another try. Raises KilledWorker where the tries are used up."""
    try:
        return future.result()
    except KilledWorker:
        raise
    except Exception as error:
        return None, error
    finally:
        future.release()


def _places(client: Client) -> int:
    """Two for each worker: one at work, one at hand."""
    _require_one_thread(client)
    return 2 * max(1, len(client.nthreads()))
