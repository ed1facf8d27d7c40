"""Sees banned functions at work, under whatever name they were called.

Looked at are, while a student's function is called:

    torch's functions   by a torch function mode: F.cross_entropy, also as nn.CrossEntropyLoss()
    ATen's operators    by a dispatch mode, which stands below: what a traced, compiled or
                        scripted function does, and what runs where function modes are off
    Python functions    by a profile hook: those of scipy, torch._refs, this course, ...

Threads that are started meanwhile are watched as well. New processes are refused, or, where an
exercise trains, forked ones are watched too (see `processes`). A watch changes no result.
"""

import contextlib
import fnmatch
import inspect
import mmap
import os
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from course_utils.checks.names_in_code import canonical, covers
from course_utils.checks.processes import Guard
from course_utils.clock import was_up

__all__ = ["Watch"]

_MOST = 5
_KEPT = 20_000  # code objects whose names are remembered
_TOLD = 2000  # bytes that a child can tell its parent
_COURSE = Path(__file__).resolve().parents[1]
_ANSWERS = {  # whatever runs in these folders while a solution is called is not its own
    str(_COURSE / "reference"): "course_utils.reference",
    str(_COURSE / "checks" / "assignments"): "course_utils.checks.assignments",
}
_PROBES = f"{os.sep}probes.py"  # of an assignment: they know no answer, and make networks
_OURS = str(_COURSE)
_IMPORTS = "<frozen importlib._bootstrap>"
_BOOTSTRAP = threading.Thread._bootstrap_inner.__code__
_now: "Watch | None" = None  # one watch at a time, for all threads


class Watch:
    """Inside `with`, notes what is banned and at work in `used`: (name, line, code).

    banned: dotted names (see `exercise.Banned`). operators: patterns of ATen's operators
    ("aten._softmax*"); "(transposed)" stands behind a convolution that is one.
    place: the student's line and its text, at the time of the call.
    alone: whether new processes are refused.
    """

    def __init__(
        self,
        banned: Iterable[str],
        place: Callable[[], tuple[int, str]],
        *,
        operators: Iterable[str] = (),
        alone: bool = False,
    ) -> None:
        self.used: list[tuple[str, int, str]] = []
        self._rules = _rules(tuple(banned), tuple(operators))
        self._place = place
        self._alone = alone
        self._pid = os.getpid()
        self._told: mmap.mmap | None = None

    def __enter__(self) -> "Watch":
        global _now
        self._outer = _now, sys.getprofile(), threading.getprofile()
        self._guard = Guard(self.note) if self._alone else None
        if self._guard:
            self._guard.start()
        else:
            self._told = _shared_with_children()
        if self._rules.functions:
            FUNCTIONS.__enter__()
        if self._rules.operators:
            OPERATORS.__enter__()
        _now = self
        threading.setprofile(_in_new_thread)
        sys.setprofile(_seen)
        return self

    def __exit__(self, *error: Any) -> None:
        global _now
        switched_off = sys.getprofile() is not _seen
        _now, profile, of_threads = self._outer
        sys.setprofile(profile)
        threading.setprofile(of_threads)
        # Python takes a hook off in which the time, the stack or the memory ends.
        ended = was_up() or isinstance(error[1], RecursionError | MemoryError)
        if switched_off and not ended:
            self.note("sys.setprofile")
        if self._rules.operators and not _take(OPERATORS, *_DISPATCH_STACK):
            self.note("torch.utils._python_dispatch")
        if self._rules.functions and not _take(FUNCTIONS, *_FUNCTION_STACK):
            self.note("torch.overrides._pop_mode")
        if self._guard:
            self._guard.stop()
        self._hear()

    def note(self, name: str) -> None:
        """Remember that `name` is at work."""
        if len(self.used) >= _MOST:
            return
        line, code = self._place()
        if (name, line, code) in self.used:
            return
        self.used.append((name, line, code))
        if self._told is not None and os.getpid() != self._pid:
            text = f"{name}\n{line}\n{code}".encode()[: _TOLD - 1]
            self._told[: len(text)] = text

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
        if _now is not None and (name := _now._rules.function(func)):
            _now.note(name)
        return func(*args, **(kwargs or {}))


class _Operators(TorchDispatchMode):
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # it would import the compiler, for seconds

    def __torch_dispatch__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if _now is not None and (name := _now._rules.operator(func, args)):
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


def _seen(frame: types.FrameType, event: str, what: Any) -> None:
    """The profile hook."""
    if _now is None:
        return
    if event == "call":
        if name := _now._rules.code(frame):
            _now.note(name)
    elif event == "c_call" and (name := _now._rules.builtin(what)):
        _now.note(name)


def _in_new_thread(frame: types.FrameType, event: str, what: Any) -> None:
    """The hook at a thread's first event. It stays: a pool's thread serves many calls."""
    _FUNCTION_STACK[1](FUNCTIONS)
    if _now is not None and _now._rules.operators:
        _DISPATCH_STACK[1](OPERATORS)
    sys.setprofile(_seen_in_thread)
    _seen(frame, event, what)


def _seen_in_thread(frame: types.FrameType, event: str, what: Any) -> None:
    if event == "return" and frame.f_code is _BOOTSTRAP:
        sys.setprofile(None)
        _take(OPERATORS, *_DISPATCH_STACK, entered=False)
        _take(FUNCTIONS, *_FUNCTION_STACK, entered=False)
        return
    _seen(frame, event, what)


class _Rules:
    """What is banned, worked out once for all calls of an exercise."""

    def __init__(self, banned: tuple[str, ...], operators: tuple[str, ...]) -> None:
        torch_names = [name for name in banned if name.startswith("torch.")]
        self.functions = dict(_found(torch_names))
        self.operators = operators
        self._builtins = {f: n for f, n in self.functions.items() if inspect.isbuiltin(f)}
        self._called = [n.removeprefix("torch.ops.") for n in torch_names if ".ops." in n]
        self._banned = banned
        self._codes: dict[int, tuple[types.CodeType, str | None]] = {}
        self._operators: dict[Any, str | None] = {}

    def function(self, func: Callable) -> str | None:
        """Its banned name; a function mode sees operators too, where they are called so."""
        name = self.functions.get(func)
        if name or not isinstance(func, torch._ops.OpOverload | torch._ops.OpOverloadPacket):
            return name
        own = str(func)
        for banned in self._called:
            if own == banned or own.startswith((banned.rstrip("*"), banned + ".")):
                return f"torch.ops.{own}"
        return None

    def builtin(self, function: Any) -> str | None:
        return self._builtins.get(function)

    def operator(self, func: Any, args: tuple) -> str | None:
        if func not in self._operators:
            name = str(func)
            self._operators[func] = f"torch.ops.{name}" if self._matches(name) else None
        found = self._operators[func]
        if found is None and "convolution" in str(func) and len(args) > 6 and args[6] is True:
            name = f"{func}(transposed)"
            return f"torch.ops.{name}" if self._matches(name) else None
        return found

    def _matches(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.operators)

    def code(self, frame: types.FrameType) -> str | None:
        """The banned name of a Python function that begins to run."""
        code = frame.f_code
        known = self._codes.get(id(code))  # a code object's own hash reads all of it
        if known is not None:
            return known[1]
        name = self._name(frame, code)
        if name and _importing(frame):  # a module's own business
            return None
        if len(self._codes) < _KEPT:
            self._codes[id(code)] = code, name
        return name

    def _name(self, frame: types.FrameType, code: types.CodeType) -> str | None:
        file = code.co_filename
        for folder, name in _ANSWERS.items():
            if file.startswith(folder) and not file.endswith(_PROBES):
                return name
        module = frame.f_globals.get("__name__")
        if not isinstance(module, str) or module == "__main__":
            return None
        if not code.co_flags & inspect.CO_OPTIMIZED:
            return None  # the body of a module or a class
        if file.startswith(_OURS) and not module.startswith("course_utils.data"):
            return None
        name = canonical(f"{module}.{code.co_qualname}")
        return name if covers(self._banned, name) else None


_rules = lru_cache(maxsize=64)(_Rules)


def _importing(frame: types.FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTS:
            return True
        frame = frame.f_back
    return False


def _found(names: Iterable[str]) -> Iterable[tuple[Any, str]]:
    for name in names:
        value: Any = torch
        for part in name.split(".")[1:]:
            value = getattr(value, part, None)
        if callable(value):
            yield value, name
