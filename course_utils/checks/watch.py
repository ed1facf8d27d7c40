"""Sees banned functions at work, under whatever name they were called.

A torch function mode is asked before every torch function: `F.cross_entropy` is noticed when
it is called as `nn.CrossEntropyLoss()`, through an alias, or out of a list. Functions of this
course are noticed by a profile hook when their code begins to run.
"""

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional
from torch.overrides import TorchFunctionMode

__all__ = ["Watch"]

_MOST = 5
_COURSE = Path(__file__).resolve().parents[1]
_ANSWERS = {  # whatever runs in these folders while a solution is called is not its own
    str(_COURSE / "reference"): "course_utils.reference",
    str(_COURSE / "checks" / "assignments"): "course_utils.checks.assignments",
}


class Watch(TorchFunctionMode):
    """Inside `with`, notes calls of banned functions in `used`: (name, line, code)."""

    def __init__(self, banned: Iterable[str], place: Callable[[], tuple[int, str]]) -> None:
        super().__init__()
        banned = tuple(banned)
        names = [name for name in banned if name.startswith("torch.")]
        self.used: list[tuple[str, int, str]] = []
        self._functions = {function: name for name, function in _found(names)}
        self._operators = [name.removeprefix("torch.ops.") for name in names if ".ops." in name]
        self._place = place
        self._codes = {}
        for name in banned:
            if name.startswith("course_utils.data."):
                self._codes.update(_code(name))
        self._hook: Any = None

    def __enter__(self) -> "Watch":
        self._hook = sys.getprofile()
        sys.setprofile(self._called)
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        sys.setprofile(self._hook)

    def _called(self, frame: types.FrameType, event: str, _what: Any) -> None:
        if event != "call" or len(self.used) >= _MOST:
            return
        name = self._codes.get(frame.f_code)
        if name is None and frame.f_code.co_filename.startswith(tuple(_ANSWERS)):
            file = frame.f_code.co_filename
            name = next(name for folder, name in _ANSWERS.items() if file.startswith(folder))
        if name:
            self.used.append((name, *self._place()))

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        name = self._functions.get(func) or self._operator(func)
        if name and len(self.used) < _MOST:
            self.used.append((name, *self._place()))
        return func(*args, **(kwargs or {}))

    def _operator(self, func: Callable) -> str | None:
        if not isinstance(func, torch._ops.OpOverload | torch._ops.OpOverloadPacket):
            return None
        name = str(func)
        for banned in self._operators:
            if name == banned or name.startswith((banned.rstrip("*"), banned + ".")):
                return f"torch.ops.{name}"
        return None


def _found(names: Iterable[str]) -> Iterable[tuple[str, Any]]:
    for name in names:
        value: Any = torch
        for part in name.split(".")[1:]:
            value = getattr(value, part, None)
        if value is not None:
            yield name, value


def _code(name: str) -> dict[types.CodeType, str]:
    """The code of a function of the course by its dotted name; empty where there is none."""
    module, _dot, function = name.rpartition(".")
    if importlib.util.find_spec(module) is None:
        return {}
    value = getattr(importlib.import_module(module), function, None)
    return {value.__code__: name} if isinstance(value, types.FunctionType) else {}
