"""Sees banned functions at work, under whatever name they were called.

Looked at are, while a student's function is called:

    torch's functions   by a torch function mode: F.cross_entropy, also as nn.CrossEntropyLoss()
    ATen's operators    by a dispatch mode, which stands below: what a traced, compiled or
                        scripted function does, and what runs where function modes are off
    functions           by a profile hook: those of scipy, torch._refs, this course, ... as they
                        begin, and built-in ones where both modes are off

Threads that are started meanwhile are watched as well; in a kernel that grades, all that a
notebook starts (`follow_threads`). New processes are refused, or, where an exercise trains,
forked ones are watched too (see `processes`). A watch changes no result.
"""

import _thread
import contextlib
import mmap
import os
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from course_utils.checks.processes import PROCESS, Guard
from course_utils.checks.watch_rules import rules
from course_utils.clock import was_up

__all__ = ["Watch", "follow_threads"]

_MOST = 5
_TOLD = 2000  # bytes that a child can tell its parent
_now: "Watch | None" = None  # one watch at a time, for all threads


class Watch:
    """Inside `with`, notes what is banned and at work in `used`: (name, line, code); and in
    `started` the same of programs that may be started and are not seen.

    banned: dotted names (see `exercise.Banned`). operators: patterns of ATen's operators
    ("aten._softmax*"); "(transposed)" stands behind a convolution that is one.
    place: the student's line and its text, at the time of the call, or where a traceback ends.
    alone: whether new processes are refused, and those from before stand still.
    """

    def __init__(
        self,
        banned: Iterable[str],
        place: Callable[..., tuple[int, str]],
        *,
        operators: Iterable[str] = (),
        alone: bool = False,
    ) -> None:
        self.used: list[tuple[str, int, str]] = []
        self.started: list[tuple[str, int, str]] = []
        self.rules = rules(tuple(banned), tuple(operators))
        self._place = place
        self._alone = alone
        self._pid = os.getpid()
        self._told: mmap.mmap | None = None

    def __enter__(self) -> "Watch":
        global _now
        self._outer = _now, sys.getprofile()
        self._began = time.monotonic(), time.process_time()
        self._guard = Guard(self.note if self._alone else self._note_started, alone=self._alone)
        self._guard.start()
        if not self._alone:
            self._told = _shared_with_children()
        if self.rules.functions:
            FUNCTIONS.__enter__()
        if self.rules.operators:
            OPERATORS.__enter__()
        _now = self
        self._no_longer_follow = follow_threads()
        sys.setprofile(_seen)
        return self

    def __exit__(self, *error: Any) -> None:
        global _now
        self._guard.stop()
        switched_off = sys.getprofile() is not _seen
        _now, profile = self._outer
        sys.setprofile(profile)
        self._no_longer_follow()
        # Python takes a hook off in which the time, the stack or the memory ends.
        ended = was_up() or isinstance(error[1], RecursionError | MemoryError)
        if switched_off and not ended:
            self.note("sys.setprofile")
        if self.rules.operators and not _take(OPERATORS, *_DISPATCH_STACK):
            self.note("torch.utils._python_dispatch")
        if self.rules.functions and not _take(FUNCTIONS, *_FUNCTION_STACK):
            self.note("torch.overrides._pop_mode")
        if self._guard.still and was_up() and self._waited():
            self.note(PROCESS, error[2])
        self._hear()

    def note(self, name: str, traceback: types.TracebackType | None = None) -> None:
        """Remember that `name` is at work, here or where the traceback ends."""
        if len(self.used) >= _MOST:
            return
        line, code = self._place(traceback) if traceback else self._place()
        if (name, line, code) in self.used:
            return
        self.used.append((name, line, code))
        if self._told is not None and os.getpid() != self._pid:
            text = f"{name}\n{line}\n{code}".encode()[: _TOLD - 1]
            self._told[: len(text)] = text

    def _note_started(self, name: str) -> None:
        found = (name, *self._place())
        if len(self.started) < _MOST and found not in self.started:
            self.started.append(found)

    def _waited(self) -> bool:
        """Whether the time has gone by without this process at work, on a busy machine too."""
        began, busy = self._began
        return time.monotonic() - began > 20 * (time.process_time() - busy)

    def _hear(self) -> None:
        """What a child saw."""
        if self._told is None:
            return
        text = self._told[:].rstrip(b"\0").decode(errors="replace")
        if text and os.getpid() == self._pid:
            name, line, code = text.split("\n", 2)
            self.used.append((name, int(line), code))
        self._told.close()


def _shared_with_children() -> mmap.mmap | None:
    """Memory that forked children share; None where there is no room for a file. It is of a
    file, because a sandbox refuses memory of no file: nobody is seen to hold it."""
    with contextlib.suppress(OSError), tempfile.TemporaryFile() as file:
        file.truncate(_TOLD)
        return mmap.mmap(file.fileno(), _TOLD)
    return None


class _Functions(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if _now is not None and (name := _now.rules.function(func)):
            _now.note(name)
        return func(*args, **(kwargs or {}))


class _Operators(TorchDispatchMode):
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # it would import the compiler, for seconds

    def __torch_dispatch__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if _now is not None and (name := _now.rules.operator(func, args)):
            _now.note(name)
        return func(*args, **(kwargs or {}))


FUNCTIONS = _Functions()
OPERATORS = _Operators()
_FUNCTION_STACK = torch.overrides._pop_mode, torch.overrides._push_mode
_DISPATCH_STACK = (
    torch.utils._python_dispatch._pop_mode,
    torch.utils._python_dispatch._push_mode,
)


def _take(mode: Any, pop: Callable, push: Callable, *, entered: bool = True) -> bool:
    """Take our mode off a stack, whatever the student left above it; whether it was there.

    entered: by `__enter__`, which tells torch.compile too, and not pushed.
    """
    above = []
    try:
        while (top := pop()) is not mode:
            above.append(top)
        if entered:
            push(mode)
        found = True
    except Exception:  # torch's word for an empty stack depends on its version
        found = False
    if entered:
        with contextlib.suppress(Exception):
            mode.__exit__(None, None, None)
    for left in reversed(above):
        push(left)
    return found


def _put(mode: Any, pop: Callable, push: Callable) -> None:
    """Put our mode on a stack, under all that is there: whoever put it there will take it off
    from above."""
    above = []
    with contextlib.suppress(Exception):
        while True:
            above.append(pop())
    push(mode)
    for left in reversed(above):
        push(left)


def _seen(frame: types.FrameType, event: str, what: Any) -> None:
    """The profile hook."""
    if _now is None:
        return
    if event == "call":
        if name := _now.rules.code(frame):
            _now.note(name)
    elif event == "c_call" and (name := _now.rules.builtin(what)):
        _now.note(name)


def follow_threads() -> Callable[[], None]:
    """From now on, have the hook in threads from their start; returns what ends that."""
    before = {(home, name): getattr(home, name) for home, name in _STARTS}
    for (home, name), start in _STARTS.items():
        setattr(home, name, start)

    def end() -> None:
        for (home, name), start in before.items():
            setattr(home, name, start)

    return end


def _followed(start: Callable) -> Callable:
    """Python's function that starts a thread, with the hook in that thread. It stays there to
    the end: a pool's thread serves many calls."""

    def started(function: Callable, *given: Any, **named: Any) -> Any:
        def watched(*arguments: Any, **more: Any) -> Any:
            _of_thread.modes = []
            sys.setprofile(_seen_in_thread)
            try:
                return function(*arguments, **more)
            finally:
                _leave_thread()

        return start(watched, *given, **named)

    return started


_of_thread = threading.local()
_STARTS = {
    (home, name): _followed(getattr(home, name))
    for home, names in (
        (_thread, ("start_new_thread", "start_new", "start_joinable_thread")),
        (threading, ("_start_new_thread", "_start_joinable_thread")),  # under its own names
    )
    for name in names
    if hasattr(home, name)
}


def _seen_in_thread(frame: types.FrameType, event: str, what: Any) -> None:
    if _now is None or frame.f_code is _leave_thread.__code__:
        return
    for mode, stack, wanted in (
        (FUNCTIONS, _FUNCTION_STACK, _now.rules.functions),
        (OPERATORS, _DISPATCH_STACK, _now.rules.operators),
    ):
        if wanted and mode not in _of_thread.modes:
            _of_thread.modes.append(mode)
            _put(mode, *stack)
    _seen(frame, event, what)


def _leave_thread() -> None:
    sys.setprofile(None)
    for mode, stack in ((OPERATORS, _DISPATCH_STACK), (FUNCTIONS, _FUNCTION_STACK)):
        if mode in _of_thread.modes:
            _take(mode, *stack, entered=False)
