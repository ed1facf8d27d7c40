"""A file from which training goes on as though it had never stopped.

It is written beside its place and then renamed: whenever the machine stops, the file is
either the old one or the new one, whole. It holds tensors, numbers and strings only, so
that reading it (weights_only=True) cannot run anybody's code.
"""

import os
import tempfile
from pathlib import Path

import torch

__all__ = ["read_checkpoint", "write_checkpoint"]


def write_checkpoint(path: Path | str, state: dict) -> None:
    """Put `state` (tensors, numbers, strings in dicts and lists) into `path`, all or nothing.

    Raises OSError where the folder is not there or full; the old file is then untouched.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())  # on the disk before the name changes hands
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def read_checkpoint(path: Path | str) -> dict | None:
    """The state in `path`, tensors on the CPU, or None where there is no such file.

    Raises ValueError for a file that is not a checkpoint.
    """
    path = Path(path)
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds, by what is broken
        raise ValueError(
            f"Expected a checkpoint in {path}, could not read it: {error}. "
            "Delete the file to start anew."
        ) from error
    if not isinstance(state, dict):
        raise ValueError(f"Expected a checkpoint in {path}, got {type(state).__name__}.")
    return state
