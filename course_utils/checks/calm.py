"""Keeps what a student's code writes out of the notebook's cell.

nbgrader gives 0 to a test cell that wrote anything to stderr, a warning included: a right
answer that warns must not lose its points.
"""

import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass

__all__ = ["Noise", "calm", "descriptors_away"]

_KEPT = 4000  # characters
_away = False  # whether descriptors 1 and 2 lead nowhere just now


@dataclass
class Noise:
    """The beginning of what was printed and warned meanwhile."""

    printed: str = ""
    warned: str = ""


class _Short(io.TextIOBase):
    """A text stream that keeps its beginning and forgets the rest."""

    def __init__(self) -> None:
        self.kept = ""

    def write(self, text: str) -> int:
        if len(self.kept) < _KEPT:
            self.kept += str(text)[: _KEPT - len(self.kept)]
        return len(text)

    def writable(self) -> bool:
        return True


@contextmanager
def calm(*, descriptors: bool = True) -> Iterator[Noise]:
    """Inside, nothing reaches stdout or stderr: not print, not warnings, not C code.

    descriptors: whether C code and child processes are kept quiet too.
    """
    noise, out, err = Noise(), _Short(), _Short()
    with (
        descriptors_away() if descriptors else nullcontext(),
        redirect_stdout(out),
        redirect_stderr(err),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        yield noise
    noise.printed = out.kept + err.kept
    noise.warned = "\n".join(f"{w.category.__name__}: {w.message}" for w in caught[:5])[:_KEPT]


@contextmanager
def descriptors_away() -> Iterator[None]:
    """Send descriptors 1 and 2 to nowhere: C code and child processes write there.

    Inside another such block this does nothing: a notebook's streams take a while to empty.
    """
    global _away
    if _away:
        yield
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    saved: list[tuple[int, int]] = []
    try:
        with open(os.devnull, "wb") as nowhere, suppress(OSError):
            for descriptor in (1, 2):
                saved.append((descriptor, os.dup(descriptor)))
                os.dup2(nowhere.fileno(), descriptor)
        _away = True
        yield
    finally:
        _away = False
        for descriptor, copy in saved:
            os.dup2(copy, descriptor)
            os.close(copy)
