"""Refuses new processes while an exercise's function is called: nobody sees what they compute.

Python tells its audit hooks of every fork and program before it begins. What torch.compile
starts to compile with is let through, and so are other programs than Python and shells:
libraries ask `lscpu` or `ldconfig` when they are first used. Processes that were started
before stand still meanwhile. Where an exercise trains, forks and processes from before are
free, and a Python or a shell is only noted.
"""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from course_utils.checks.standing_still import go_on, stand_still
from course_utils.i18n import _

__all__ = ["PROCESS", "REFUSED", "Guard", "ProcessRefused"]

_FORKS = {"os.fork", "os.forkpty"}
_PROGRAMS = {"subprocess.Popen", "os.posix_spawn", "os.system"}
_SIGNALS = {"os.kill", "os.killpg"}
PROCESS = "multiprocessing.Process"
REFUSED = frozenset({*_FORKS, *_PROGRAMS, PROCESS})  # the names that `note` is told
_COMPILERS = (
    os.path.join("torch", "_inductor", ""),
    os.path.join("torch", "_dynamo", ""),
    os.path.join("torch", "utils", "cpp_extension"),
)
_RUNS_ANYTHING = re.compile(r"(python|pypy|sh$|bash$|dash$|zsh$|env$)")
_hooked = threading.Event()
_guard: "Guard | None" = None


class ProcessRefused(RuntimeError):
    """The function of an exercise started a process while it was checked."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "While a check calls your function it may start no other process, and those "
                "from before stand still: what happens there is not seen. A DataLoader with "
                "num_workers=0 works without."
            )
        )


class Guard:
    """Between start and stop, `note` is told of new processes, by a name of REFUSED.

    alone: whether they are refused, and those from before stand still.
    """

    def __init__(self, note: Callable[[str], None], *, alone: bool = True) -> None:
        self.alone = alone
        self.still: list[int] = []  # ids of processes that stand still
        self._note = note
        self._fork_exec: Any = None

    def start(self) -> None:
        global _guard
        if not _hooked.is_set():
            _hooked.set()
            sys.addaudithook(_audit)  # it can't be taken away again
        try:
            import _posixsubprocess  # what multiprocessing's "spawn" calls tells no hook
        except ImportError:  # Windows
            self._module = None
        else:
            self._module = _posixsubprocess
            self._fork_exec = _posixsubprocess.fork_exec
            _posixsubprocess.fork_exec = self._meet_spawn
        if self.alone:
            self.still = stand_still()
        _guard = self

    def stop(self) -> None:
        global _guard
        _guard = None
        go_on(self.still)
        if self._module is not None:
            self._module.fork_exec = self._fork_exec

    def meet(self, name: str) -> None:
        """Note a process; raises ProcessRefused. Not where torch.compile is at work."""
        if not any(part in file for file in _files(sys._getframe(1)) for part in _COMPILERS):
            self._note(name)
            if self.alone:
                raise ProcessRefused

    def _meet_spawn(self, *arguments: Any) -> Any:
        self.meet(PROCESS)
        return self._fork_exec(*arguments)


def _audit(event: str, arguments: tuple) -> None:
    if _guard is None:
        return
    forks = event in _FORKS and _guard.alone
    if forks or (event in _PROGRAMS and _runs_anything(arguments)):
        _guard.meet(event)
    elif event in _SIGNALS and _guard.still and arguments[1] == signal.SIGCONT:
        _guard.meet(PROCESS)


def _runs_anything(arguments: tuple) -> bool:
    """Whether the program is a Python or a shell, and so can be made to compute anything."""
    if len(arguments) == 1:  # os.system: a shell
        return True
    program, words = arguments[:2]
    words = [words] if isinstance(words, str | bytes | os.PathLike) else list(words or ())
    names = [os.fsdecode(word) for word in (program, *words[:2]) if _is_path(word)]
    return any(_RUNS_ANYTHING.match(os.path.basename(name)) for name in names) or any(
        os.path.realpath(name) == os.path.realpath(sys.executable) for name in names[:1]
    )


def _is_path(word: Any) -> bool:
    return isinstance(word, str | bytes | os.PathLike)


def _files(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back
