"""A clock that stops what takes too long, by the time of the processor."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["TimeIsUp", "time_limit", "was_up"]

_WALL = 6  # times as long as it may compute it may take on the wall
_up = False  # whether the innermost limit's time has been up


class TimeIsUp(BaseException):
    """The call took longer than it may. No Exception, so that `except Exception` lets it by."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise TimeIsUp inside when it has computed for `seconds`, or has been at it for six
    times as long.

    Counted is the time of this process's processors, so that a right answer isn't failed for
    what else runs on the machine; code that only waits is stopped by the clock on the wall.
    Nor does an import count: torch reads more of itself when it is first asked for something.
    Who catches it is stopped again, and at the end of the block at the latest.
    Without a limit, outside the main thread or where the system has no SIGALRM (Windows)
    nothing is limited.
    """
    if not (seconds and hasattr(signal, "setitimer")):
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    global _up
    outer, _up = _up, False
    running = True
    computed, wall = time.process_time(), time.monotonic()

    def up(_signal: int, frame: FrameType | None) -> None:
        global _up
        nonlocal computed
        if _imports(frame):
            computed = time.process_time()
        busy = time.process_time() - computed >= 0.95 * seconds
        if running and (busy or time.monotonic() - wall >= _WALL * seconds):
            _up = True
            raise TimeIsUp(f"{seconds:g} s")

    before = signal.signal(signal.SIGALRM, up)
    # Again and again: the first may come early, and code may catch it with a bare `except`.
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, min(1.0, seconds))
    try:
        yield
        running = False
        if _up:
            raise TimeIsUp(f"{seconds:g} s")
    finally:
        running, _up = False, outer
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)


def was_up() -> bool:
    """Whether the time of the innermost limit that runs has been up."""
    return _up


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported here."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False
