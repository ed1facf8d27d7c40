"""Small inputs and answers as text, in a fixed pitch."""

from textwrap import indent
from typing import Any

import numpy as np
import torch

from course_utils.checks.said import Said
from course_utils.checks.wire import Foreign
from course_utils.i18n import N_

__all__ = ["show"]

_LARGEST = 96  # elements of a tensor that is still printed
_LONGEST = 12  # items of a list or dict that are still printed


def show(value: Any) -> str:
    """The value as someone would write it down; a large one by its shape only."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value)
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, Foreign):
        return str(Said(N_("an object of type {type}"), {"type": value.type_name}))
    if isinstance(value, dict):
        rows = [_under(f"{key}:", show(item)) for key, item in list(value.items())[:_LONGEST]]
        return "\n".join(rows + ["..."] * (len(value) > _LONGEST))
    if isinstance(value, list | tuple):
        return _sequence(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)[:200]


def _under(name: str, text: str) -> str:
    """Name and text in one line, or the text below, indented, where it has several."""
    return f"{name}\n{indent(text, '  ')}" if "\n" in text else f"{name} {text}"


def _sequence(value: list | tuple) -> str:
    items = [show(item) for item in value[:_LONGEST]] + ["..."] * (len(value) > _LONGEST)
    if any("\n" in item for item in items):
        return "\n".join(_under(f"[{index}]", item) for index, item in enumerate(items))
    return f"[{', '.join(items)}]" if isinstance(value, list) else f"({', '.join(items)})"


def _tensor(value: torch.Tensor) -> str:
    if max(value.numel(), *value.shape, 0) > _LARGEST:  # (10**9, 0) has no number and many rows
        values = {"shape": tuple(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
        return str(Said(N_("a tensor of shape {shape}, {dtype}, too large to print"), values))
    if not value.dim():
        return show(value.item())
    words = [_number(item) for item in value.flatten().tolist()]
    wide = max(map(len, words), default=0)
    it = iter(word.rjust(wide) for word in words)
    return _nested(it, list(value.shape))


def _nested(words: Any, shape: list[int], depth: int = 0) -> str:
    if len(shape) == 1:
        return "[" + ", ".join(next(words) for _index in range(shape[0])) + "]"
    rows = [_nested(words, shape[1:], depth + 1) for _index in range(shape[0])]
    return "[" + (",\n" + " " * (depth + 1)).join(rows) + "]"


def _number(item: Any) -> str:
    return f"{item:.4g}" if isinstance(item, float) else str(item)
