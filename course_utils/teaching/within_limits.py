"""Reading and judging what came, within limits of this process: what is made to take all its
memory or time costs a hand-in its points, and not a class its grading.
"""

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course_utils.clock import TimeIsUp, time_limit
from course_utils.i18n import N_, _
from course_utils.teaching.sandbox.limits import size_in_words

__all__ = ["TooMuch", "within"]

_STATE = Path("/proc/self/statm")
# What torch says where malloc gave nothing; numpy and Python raise MemoryError.
_NO_MEMORY = ("can't allocate memory", "not enough memory")


class TooMuch(Exception):
    """What was done took more than it may. str(): that, in the language in use.

    message: with N_; values: for its placeholders.
    """

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.values = values

    def __str__(self) -> str:
        return _(self.message).format(**self.values)


@contextmanager
def within(seconds: float, memory: int) -> Iterator[None]:
    """Raise TooMuch where the block computes for longer, or takes more bytes of data than
    the process has already.

    Outside the main thread, which alone hears the clock, nothing is limited; nor is memory
    where Linux does not count it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = _hold(memory)
    try:
        with time_limit(seconds):
            yield
    except TimeIsUp:
        raise TooMuch(
            N_("more than {seconds:g} s are needed for it"), seconds=seconds
        ) from None
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _is_of_memory(error):
            raise
        _let_go(before)  # what follows needs some
        size = size_in_words(memory)
        raise TooMuch(N_("more than {size} of memory is needed for it"), size=size) from None
    finally:
        _let_go(before)


def _hold(memory: int) -> tuple[int, int] | None:
    """Lower what the process may have; what it might before, None where nothing is changed."""
    if not _STATE.exists():
        return None
    before = resource.getrlimit(resource.RLIMIT_DATA)
    pages = int(_STATE.read_text().split()[5])  # data and stack
    most = pages * os.sysconf("SC_PAGESIZE") + memory
    if before[0] != resource.RLIM_INFINITY:
        most = min(most, before[0])
    resource.setrlimit(resource.RLIMIT_DATA, (most, before[1]))
    return before


def _let_go(before: tuple[int, int] | None) -> None:
    if before is not None:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _is_of_memory(error: RuntimeError) -> bool:
    return any(words in str(error) for words in _NO_MEMORY)
