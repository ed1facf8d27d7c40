"""What is made once for all processes of a run of pytest, and goes with the run.

Nothing outlives the run: its folder is made anew each time, so that no result is older than
the code that it is a result of.
"""

import os
import pickle
from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path

import torch
from filelock import FileLock

__all__ = ["FOLDER", "folder_of_the_run", "made_once", "trained_once"]

FOLDER = "COURSE_TEST_FOLDER"  # the variable that names the run's folder, set by conftest


def folder_of_the_run(tmp_path_factory) -> Path:
    """The temporary folder of this run of pytest, the same for all its workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(tmp_path_factory, name: str, make: Callable[[Path], object]):
    """What `make(folder)` returns, by the first who asks; all others wait and read it."""
    folder = folder_of_the_run(tmp_path_factory)
    kept = folder / f"{name}.pickle"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            _write(kept, pickle.dumps(make(folder / name)))
        return pickle.loads(kept.read_bytes())


def trained_once(train: Callable):
    """A function that trains: the first process of the run that calls it with these
    arguments trains, the others read the network."""

    @wraps(train)
    def kept(*arguments, **named):
        folder = os.environ.get(FOLDER)
        if folder is None:  # not within a run of pytest
            return train(*arguments, **named)
        asked = f"{train.__module__}.{train.__qualname__} {arguments} {sorted(named.items())}"
        path = Path(folder, f"trained-{sha256(asked.encode()).hexdigest()[:16]}.pt")
        with FileLock(f"{path}.lock"):
            if not path.exists():
                partial = path.with_suffix(".partial")
                torch.save(train(*arguments, **named), partial)
                partial.replace(path)
        return torch.load(path, weights_only=False)

    found = cache(kept)
    found.__wrapped__ = train  # for who wants it trained anew
    return found


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: a process may be stopped while it writes."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(data)
    partial.replace(path)
