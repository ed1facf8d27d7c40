"""What a notebook has set for its whole process, put right while a function is called.

Inputs lie on the CPU, and so does what a function makes without naming a device: a default
device of another kind (`torch.set_default_device("cuda")`) would be asked for where hand-ins
are graded too, and there is no GPU. Nothing is compiled: a compiler takes longer than a call
may, and `watch` sees no calls in what it made.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

__all__ = ["default_device", "steady"]


@contextmanager
def steady() -> Iterator[None]:
    """Inside, torch makes tensors on the CPU by default, and `torch.compile` compiles nothing.

    Afterwards the default device is as before; one that this machine does not have is gone.
    """
    before = default_device()
    if before != torch.device("cpu"):
        torch.set_default_device(None)
    try:
        with _uncompiled():
            yield
    finally:
        if default_device() != (before or torch.device("cpu")):
            torch.set_default_device(before)


def default_device() -> torch.device | None:
    """The default device; None where one was chosen that this machine does not have."""
    try:
        return torch.get_default_device()
    except (RuntimeError, AssertionError):
        return None


@contextmanager
def _uncompiled() -> Iterator[None]:
    """What was compiled before runs as it was written; what asks for it now stays as it is,
    without a second spent on reading the compiler."""
    read = "torch._dynamo" in sys.modules
    compiler = torch.compile
    torch.compile = _as_written
    try:
        with torch.compiler.set_stance("force_eager") if read else nullcontext():
            yield
    finally:
        torch.compile = compiler


def _as_written(model: Callable | None = None, **_options: Any) -> Callable:
    """In place of torch.compile, which may stand as a decorator with options."""
    return model if model is not None else lambda function: function
