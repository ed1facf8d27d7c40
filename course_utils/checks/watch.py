"""Sees banned torch functions at work, under whatever name they were called.

A torch function mode is asked before every torch function: `F.cross_entropy` is noticed when
it is called as `nn.CrossEntropyLoss()`, through an alias, or out of a list.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional
from torch.overrides import TorchFunctionMode

__all__ = ["Watch"]


class Watch(TorchFunctionMode):
    """Inside `with`, notes calls of banned functions in `used`: (name, line, code)."""

    def __init__(self, banned: Iterable[str], place: Callable[[], tuple[int, str]]) -> None:
        super().__init__()
        names = [name for name in banned if name.startswith("torch.")]
        self.used: list[tuple[str, int, str]] = []
        self._functions = {function: name for name, function in _found(names)}
        self._operators = [name.removeprefix("torch.ops.") for name in names if ".ops." in name]
        self._place = place

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        name = self._functions.get(func) or self._operator(func)
        if name and len(self.used) < 5:
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
