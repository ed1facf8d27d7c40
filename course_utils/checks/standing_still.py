"""Processes that a notebook's cells have started, made to stand still for a while.

What they compute is seen by nobody (see `watch`): who asks one of them for an answer waits in
vain. Whoever has forgotten one loses nothing: it goes on afterwards.
"""

import contextlib
import os
import signal
from pathlib import Path

__all__ = ["adopt_orphans", "go_on", "stand_still"]

_COMPILERS = os.path.join("torch", "_inductor", "compile_worker").encode()
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on, a process whose parent ends is this one's child, not the system's."""
    import ctypes

    with contextlib.suppress(AttributeError, OSError):  # no Linux
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def stand_still() -> list[int]:
    """Stop the processes that this one has started, and those that they have; their ids.

    Not those that torch.compile compiles with. None where the system does not tell who they
    are: it tells on Linux.
    """
    stopped = []
    for process in _descendants() if _has_children() else ():
        with contextlib.suppress(OSError):
            if _COMPILERS not in Path(f"/proc/{process}/cmdline").read_bytes():
                os.kill(process, signal.SIGSTOP)
                stopped.append(process)
    return stopped


def go_on(stopped: list[int]) -> None:
    """Let these go on."""
    for process in stopped:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGCONT)


def _has_children() -> bool:
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except OSError:
        return False
    return True


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):  # it has ended meanwhile
            after_the_name = path.read_text(errors="replace").rpartition(")")[2]
            parent = int(after_the_name.split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [os.getpid()]
    for process in found:  # which grows meanwhile
        found += children.get(process, ())
    return found[1:]
