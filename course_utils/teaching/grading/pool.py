"""Processes of this machine that each answer one call at a time, in their main thread.

    with Pool(function, jobs=2) as pool:
        for key, result, error in pool.each_done((key, arguments) for ...):

Nothing listens, and nothing is shared: a worker has one pipe, which closes when the worker
ends, in the middle of a reply too. So the call that a worker ended in is known, and no other is
touched. (Pools over a shared queue can't say: loky 3.7 blames all that is under way; with
pebble 5.2 all wait for ever for the rest of a reply, or for a worker that ended with 0.)

Workers are forked from multiprocessing's fork server, which has one thread, and which
`processes.begun` has told what to import. When a pipe closes at this end, its worker ends.
"""

import contextlib
import os
import signal
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from typing import Any

__all__ = ["Pool", "TookTooLong", "WorkerEnded"]

_SECONDS_TO_END = 10


class WorkerEnded(RuntimeError):
    """The process ended before it had an answer."""


class TookTooLong(RuntimeError):
    """The process had no answer in time, and was ended."""


class Pool:
    """At most `jobs` processes for calls of one function, each started when first needed.

    function: may be called by name in a new process; what `functools.partial` binds to it
    travels once for each process. seconds: within which a call must be answered; may be set
    anew between calls. folder: in which temporary files lie; the system's, if None.
    """

    def __init__(
        self,
        function: Callable,
        *,
        jobs: int,
        seconds: float | None = None,
        folder: str | None = None,
    ) -> None:
        self._function, self._jobs, self.seconds, self._folder = function, jobs, seconds, folder
        self._workers: list[_Worker] = []

    def __enter__(self) -> "Pool":
        self._place = tempfile.TemporaryDirectory(
            prefix="course-grade-", dir=self._folder, ignore_cleanup_errors=True
        )
        return self

    def __exit__(self, *_error) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._place.cleanup()

    def each_done(
        self, calls: Iterable[tuple[str, tuple]]
    ) -> Iterator[tuple[str, Any, BaseException | None]]:
        """(key, result, error) of function(*arguments), in the order in which they end.

        calls: (key, arguments); the next is asked for only when there is room. Of result and
        error one is None: what the function raised, WorkerEnded, or TookTooLong.
        """
        calls, done = iter(calls), deque()
        while True:
            if len(done) < self._jobs:  # or else answers pile up here
                self._hand_out(calls)
            done += [worker.outcome() for worker in self._answering(wait_for_one=not done)]
            self._workers = [worker for worker in self._workers if not worker.ended]
            if not done:
                return
            yield done.popleft()

    def _hand_out(self, calls: Iterator[tuple[str, tuple]]) -> None:
        """A call for each worker that has none, and for new workers while there is room."""
        self._workers = [worker for worker in self._workers if worker.call or worker.lives()]
        idle = [worker for worker in self._workers if not worker.call]
        while idle or len(self._workers) < self._jobs:
            call = next(calls, None)
            if call is None:
                return
            if not idle:
                idle.append(_Worker(self._function, self._place.name))
                self._workers += idle
            idle.pop().begin(call)

    def _answering(self, *, wait_for_one: bool) -> list["_Worker"]:
        """Those that have an answer, have ended, or are over their time."""
        busy = [worker for worker in self._workers if worker.call]
        while busy:
            rest = None if wait_for_one else 0
            if wait_for_one and self.seconds is not None:
                end = min(worker.began for worker in busy) + self.seconds
                rest = max(0, end - time.monotonic())
            ready = wait([worker.pipe for worker in busy], rest)
            for worker in busy:
                worker.too_late = worker.pipe not in ready and worker.is_over(self.seconds)
            found = [worker for worker in busy if worker.too_late or worker.pipe in ready]
            if found or not wait_for_one:
                return found
        return []


class _Worker:
    """One process. call: what it is at, None while it is at nothing; began: when."""

    def __init__(self, function: Callable, place: str) -> None:
        context = get_context("forkserver" if os.name == "posix" else "spawn")
        self.pipe, theirs = context.Pipe()
        self.call: tuple[str, tuple] | None = None
        self.began, self.ended, self.too_late = 0.0, False, False
        given = (theirs, function, place)
        # A daemon: who started it does not wait for it when itself has come to the end.
        self._process = context.Process(target=_work, args=given, daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, call: tuple[str, tuple]) -> None:
        self.call, self.began = call, time.monotonic()
        with contextlib.suppress(ConnectionError):  # it has ended: `outcome` says so
            self.pipe.send(call[1])

    def lives(self) -> bool:
        """Whether it has not ended while it had nothing to do."""
        if self.pipe.poll():
            self.end()
        return not self.ended

    def is_over(self, seconds: float | None) -> bool:
        return seconds is not None and time.monotonic() - self.began >= seconds

    def outcome(self) -> tuple[str, Any, BaseException | None]:
        """(key, result, error) of its call."""
        (key, _arguments), self.call = self.call, None
        if self.too_late:
            self.end()
            return key, None, TookTooLong("The process had no answer in time.")
        try:
            return key, *self.pipe.recv()
        except (EOFError, ConnectionError):
            self.end()
            return key, None, WorkerEnded("The process ended before it had an answer.")

    def end(self) -> None:
        self.ended = True
        self._process.kill()
        self.pipe.close()
        self._process.join(_SECONDS_TO_END)


def _work(pipe: Connection, function: Callable, place: str) -> None:
    """What a worker does. place: for its temporary files, whoever ends it."""
    os.setsid()  # what is pressed at the terminal is for the program alone
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = place
    calls: SimpleQueue[tuple] = SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, calls), daemon=True).start()
    while True:
        try:
            answer = function(*calls.get()), None
        except Exception as error:
            answer = None, error
        _reply(pipe, answer)


def _receive(pipe: Connection, calls: SimpleQueue) -> None:
    """Calls as they come, until the program ends, or closes its end; this process then, too."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            calls.put(pipe.recv())
    os._exit(0)


def _reply(pipe: Connection, answer: tuple[Any, Exception | None]) -> None:
    try:
        pipe.send(answer)
    except ConnectionError:
        os._exit(0)
    except Exception as error:  # what can't be pickled: some errors of libraries
        problem = answer[1] or error
        pipe.send((None, RuntimeError(f"{type(problem).__name__}: {problem}")))
