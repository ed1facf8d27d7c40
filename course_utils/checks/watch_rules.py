"""What a watch looks for, worked out once for all calls of an exercise."""

import fnmatch
import inspect
import os
import sys
import types
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from course_utils.checks.names_in_code import canonical, covers

__all__ = ["Rules", "rules"]

_KEPT = 20_000  # code objects whose names are remembered
_COURSE = Path(__file__).resolve().parents[1]
_ANSWERS = {  # whatever runs in these folders while a solution is called is not its own
    str(_COURSE / "reference"): "course_utils.reference",
    str(_COURSE / "checks" / "assignments"): "course_utils.checks.assignments",
}
_PROBES = f"{os.sep}probes.py"  # of an assignment: they know no answer, and make networks
_OURS = str(_COURSE)
_GENERATED = "<string>"
_IMPORTS = "<frozen importlib._bootstrap>"


class Rules:
    """What is banned, worked out once for all calls of an exercise."""

    def __init__(self, banned: tuple[str, ...], operators: tuple[str, ...]) -> None:
        torch_names = [name for name in banned if name.startswith("torch.")]
        self.functions = dict(_found(torch_names))
        self.operators = operators
        self._builtins = {f: n for f, n in self.functions.items() if inspect.isbuiltin(f)}
        self._builtins[sys.setprofile] = "sys.setprofile"  # off, and on again
        self._methods = {
            n.removeprefix("torch.Tensor."): n
            for n in torch_names
            if n.startswith("torch.Tensor.")
        }
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
        """The banned name of a function in C, or of a tensor's method, about to be called."""
        name = self._builtins.get(function)
        if name is None and (method := self._methods.get(function.__name__)):
            return method if isinstance(function.__self__, torch.Tensor) else None
        return name

    def operator(self, func: Any, args: tuple) -> str | None:
        """The banned name of one of ATen's operators, called with these arguments."""
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
        if file == _GENERATED and module.startswith("course_utils.checks."):
            return None  # of our own data classes, in which an answer is noted
        if file.startswith(_OURS) and not module.startswith("course_utils.data"):
            return None
        name = canonical(f"{module}.{code.co_qualname}")
        return name if covers(self._banned, name) else None


rules = lru_cache(maxsize=64)(Rules)


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
