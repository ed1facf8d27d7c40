"""Keeps a student's code within its time, and what it writes out of the notebook's cell.

nbgrader gives 0 to a test cell that wrote anything to stderr, a warning included: a right
answer that warns must not lose its points.
"""

import io
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from types import FrameType

__all__ = ["Noise", "TimeIsUp", "calm", "descriptors_away", "time_limit"]

_KEPT = 4000  # characters
_WALL = 6  # times as long as it may compute it may take on the wall
_away = False  # whether descriptors 1 and 2 lead nowhere just now


class TimeIsUp(BaseException):
    """The call took longer than it may. No Exception, so that `except Exception` lets it by."""


@dataclass
class Noise:
    """The beginning of what was printed and warned meanwhile."""

    printed: str = ""
    warned: str = ""


class _Short(io.TextIOBase):
    """A text stream that keeps its beginning and forgets the rest."""

    def __init__(self) -> None:
        self.kept = ""

    def write(self, text: str) -> int:
        if len(self.kept) < _KEPT:
            self.kept += str(text)[: _KEPT - len(self.kept)]
        return len(text)

    def writable(self) -> bool:
        return True


@contextmanager
def calm(*, descriptors: bool = True) -> Iterator[Noise]:
    """Inside, nothing reaches stdout or stderr: not print, not warnings, not C code.

    descriptors: whether C code and child processes are kept quiet too.
    """
    noise, out, err = Noise(), _Short(), _Short()
    with (
        descriptors_away() if descriptors else nullcontext(),
        redirect_stdout(out),
        redirect_stderr(err),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        yield noise
    noise.printed = out.kept + err.kept
    noise.warned = "\n".join(f"{w.category.__name__}: {w.message}" for w in caught[:5])[:_KEPT]


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise TimeIsUp inside when it has computed for `seconds`, or has been at it for six
    times as long.

    Counted is the time of this process's processors, so that a right answer isn't failed for
    what else runs on the machine; code that only waits is stopped by the clock on the wall.
    Nor does an import count: torch reads more of itself when it is first asked for something.
    Without a limit, outside the main thread or where the system has no SIGALRM (Windows)
    nothing is limited.
    """
    if not (seconds and hasattr(signal, "setitimer")):
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    running = True
    computed, wall = time.process_time(), time.monotonic()

    def up(_signal: int, frame: FrameType | None) -> None:
        nonlocal computed
        if _imports(frame):
            computed = time.process_time()
        busy = time.process_time() - computed >= 0.95 * seconds
        if running and (busy or time.monotonic() - wall >= _WALL * seconds):
            raise TimeIsUp(f"{seconds:g} s")

    before = signal.signal(signal.SIGALRM, up)
    # Again and again: the first may come early, and code may catch it with a bare `except`.
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, min(1.0, seconds))
    try:
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported here."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


@contextmanager
def descriptors_away() -> Iterator[None]:
    """Send descriptors 1 and 2 to nowhere: C code and child processes write there.

    Inside another such block this does nothing: a notebook's streams take a while to empty.
    """
    global _away
    if _away:
        yield
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    saved: list[tuple[int, int]] = []
    try:
        with open(os.devnull, "wb") as nowhere, suppress(OSError):
            for descriptor in (1, 2):
                saved.append((descriptor, os.dup(descriptor)))
                os.dup2(nowhere.fileno(), descriptor)
        _away = True
        yield
    finally:
        _away = False
        for descriptor, copy in saved:
            os.dup2(copy, descriptor)
            os.close(copy)
