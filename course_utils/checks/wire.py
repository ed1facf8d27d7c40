"""Plain values as bytes and back: safetensors for arrays, JSON for the rest, no pickle.

What travels between a student's kernel and the judge can only be data: tensors, arrays,
numbers, text, None and lists, tuples, dicts of them. Anything else travels as its type's
name (`Foreign`), so nothing that the sender wrote ever runs at the receiver.

    bytes = safetensors file: tensors "t0", "t1", ..., metadata {"course": JSON tree}
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.torch
import torch

from course_utils.clock import TimeIsUp

__all__ = ["MAX_BYTES", "Foreign", "WireError", "decode", "encode", "plain", "text_under"]

MAX_BYTES = 64 * 2**20  # a reply is some kilobytes; more is a mistake or an attack
_MAX_HEADER = 4 * 2**20
_MAX_DEPTH = 24
_MAX_ITEMS = 100_000
_MAX_TEXT = 20_000
_LARGEST_INTEGER = 2**63


class WireError(ValueError):
    """The bytes are not what `encode` writes."""


@dataclass(frozen=True)
class Foreign:
    """Stands for a value that is not plain data. type_name: what it was."""

    type_name: str


def plain(value: Any, depth: int = 0) -> Any:
    """The value with nothing but data in it: copies, on the CPU, without gradients.

    Subclasses become what they are inside: a tensor subclass a tensor, an array subclass an
    array, so that no method of theirs is asked what it contains.
    """
    if depth > _MAX_DEPTH:
        return Foreign("a value nested too deep")
    kind = type(value)
    if value is None or kind is bool:
        return value
    if isinstance(value, torch.Tensor):
        return _plain_tensor(value)
    if isinstance(value, np.generic):
        return _plain_array(np.asarray(value), scalar=True)
    if isinstance(value, np.ndarray):
        return _plain_array(np.asarray(value))
    if isinstance(value, int):
        value = int.__index__(value)
        return value if abs(value) < _LARGEST_INTEGER else Foreign("int out of 64 bits")
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, str):
        return str.__str__(value)[:_MAX_TEXT]
    if isinstance(value, dict):
        items = list(dict.items(value))[:_MAX_ITEMS]
        return {_plain_key(key): plain(item, depth + 1) for key, item in items}
    if isinstance(value, tuple):
        return tuple(plain(item, depth + 1) for item in tuple.__iter__(value))
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in list.__iter__(value)]
    return Foreign(_type_name(kind))


def encode(value: Any) -> bytes:
    """The bytes of a value; parts that are not plain data become `Foreign`."""
    tensors: dict[str, torch.Tensor] = {}
    tree = _tree(plain(value), tensors)
    return safetensors.torch.save(tensors, {"course": json.dumps(tree)})


def decode(data: bytes) -> Any:
    """The value in bytes written by `encode`.

    Raises WireError for anything else: other types, too many bytes, a broken header,
    missing tensors, a tree that is no tree of ours.
    """
    tree = _tree_in(data)
    with _broken_files_refused():
        return _Reader(safetensors.torch.load(data)).value(tree)


def text_under(data: bytes, key: str) -> str | None:
    """The text under a key of the dict that the bytes hold, None where there is none.

    No tensor is read: who sent the bytes can be asked before what they hold.
    Raises WireError as `decode`.
    """
    tree = _tree_in(data)
    pairs = tree.get("dict") if isinstance(tree, dict) else None
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and pair[0] == key:
            return pair[1] if isinstance(pair[1], str) else None
    return None


def _tree_in(data: bytes) -> Any:
    """The JSON tree in the header."""
    if not isinstance(data, bytes):
        raise WireError(f"Expected bytes, got {type(data).__name__}.")
    if not 8 < len(data) <= MAX_BYTES:
        raise WireError(f"Expected 9 to {MAX_BYTES} bytes, got {len(data)}.")
    size = int.from_bytes(data[:8], "little")
    if size > min(_MAX_HEADER, len(data) - 8):
        raise WireError(f"Expected a header within the bytes, got one of {size} bytes.")
    with _broken_files_refused():
        header = json.loads(data[8 : 8 + size])
        return json.loads(header["__metadata__"]["course"])


@contextmanager
def _broken_files_refused() -> Iterator[None]:
    try:
        yield
    except WireError:
        raise
    except Exception as error:  # whatever a hostile sender managed to break
        raise WireError(
            f"Expected what encode() writes, got {type(error).__name__}."
        ) from error
    except BaseException as error:  # the Rust part of safetensors may panic
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | TimeIsUp):
            raise
        raise WireError("Expected what encode() writes, got a broken file.") from error


def _plain_tensor(value: torch.Tensor) -> Any:
    try:
        with torch._C.DisableTorchFunction():
            tensor = torch.Tensor.detach(value.as_subclass(torch.Tensor))
            if tensor.layout is not torch.strided:
                return Foreign(f"torch.Tensor with layout {tensor.layout}")
            return tensor.cpu().resolve_conj().resolve_neg().contiguous().clone()
    except Exception as error:
        return Foreign(f"{_type_name(type(value))} that can't be read: {type(error).__name__}")


def _plain_array(array: np.ndarray, scalar: bool = False) -> Any:
    if array.dtype.kind not in "biuf":
        return Foreign(f"numpy array of dtype {array.dtype}"[:80])
    array = np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=True)
    return array[()] if scalar else array


def _plain_key(key: Any) -> Any:
    key = plain(key)
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, torch.Tensor | np.ndarray | Foreign | dict | list | tuple):
        return f"<{_type_name(type(key))}>"
    return key


def _type_name(kind: type) -> str:
    try:
        return f"{type.__getattribute__(kind, '__qualname__')}"[:80]
    except Exception:
        return "an object"


def _tree(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, torch.Tensor):
        return {"tensor": _put(value, tensors)}
    if isinstance(value, np.generic):
        return {
            "scalar": _put(_as_tensor(np.asarray(value)), tensors),
            "dtype": value.dtype.name,
        }
    if isinstance(value, np.ndarray):
        return {"array": _put(_as_tensor(value), tensors), "dtype": value.dtype.name}
    if isinstance(value, int | float):
        return value
    if isinstance(value, Foreign):
        return {"foreign": value.type_name}
    if isinstance(value, dict):
        pairs = [[_tree(key, tensors), _tree(item, tensors)] for key, item in value.items()]
        return {"dict": pairs}
    word = "tuple" if isinstance(value, tuple) else "list"
    return {word: [_tree(item, tensors) for item in value]}


def _put(tensor: torch.Tensor, tensors: dict[str, torch.Tensor]) -> str:
    name = f"t{len(tensors)}"
    tensors[name] = tensor
    return name


def _as_tensor(array: np.ndarray) -> torch.Tensor:
    """An array as bytes in a tensor: numpy has types that torch lacks (longdouble)."""
    if array.dtype.name == "longdouble" or array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    return torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape))


class _Reader:
    """Makes values of a tree's nodes. Each tensor is used once, as `encode` writes them, and
    all together have at most MAX_BYTES in the types that the tree asks for: a few bytes that
    are named again and again, or as a wider type, would fill the receiver's memory."""

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        self._left = tensors
        self._bytes = 0

    def value(self, tree: Any) -> Any:
        if tree is None or isinstance(tree, bool | int | float | str):
            return tree
        if not isinstance(tree, dict):
            raise WireError(f"Expected a node, got {type(tree).__name__}.")
        match tree:
            case {"tensor": str(name)}:
                tensor = self._left.pop(name)
                self._count(tensor, tensor.element_size())
                return tensor
            case {"array": str(name), "dtype": str(dtype)}:
                return self._array(name, dtype)
            case {"scalar": str(name), "dtype": str(dtype)}:
                return self._array(name, dtype)[()]
            case {"foreign": str(name)}:
                return Foreign(name[:80])
            case {"dict": list(pairs)}:
                return {self.value(key): self.value(item) for key, item in pairs}
            case {"tuple": list(items)}:
                return tuple(self.value(item) for item in items)
            case {"list": list(items)}:
                return [self.value(item) for item in items]
        raise WireError("Expected a node that encode() writes.")

    def _array(self, name: str, dtype: str) -> np.ndarray:
        tensor, kind = self._left.pop(name), _dtype(dtype)
        self._count(tensor, kind.itemsize)
        return tensor.numpy().astype(kind, copy=False)

    def _count(self, tensor: torch.Tensor, size: int) -> None:
        self._bytes += tensor.numel() * size
        if self._bytes > MAX_BYTES:
            raise WireError(f"Expected at most {MAX_BYTES} bytes of numbers, got more.")


def _dtype(name: str) -> np.dtype:
    dtype = np.dtype(name)
    if dtype.kind not in "biuf":
        raise WireError(f"Expected a number's dtype, got {name}.")
    return dtype
