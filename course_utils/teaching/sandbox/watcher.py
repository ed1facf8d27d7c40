"""What Linux's limits can't do: memory of many processes, their number, time of the whole.

Each sandbox has a thread that looks a few times a second at the processes of its namespace
and kills them all when they use too much. Root's processes are not counted by Linux at all.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable

from course_utils.teaching.sandbox import limits as reasons
from course_utils.teaching.sandbox.limits import Limits, Reason

__all__ = ["Watcher", "excess"]

_SECONDS = 0.2  # between two looks
# Bytes that Linux itself holds for a file, however empty: inode, name and what finds it.
_FILE = 2048
_BESIDE = ("VmPTE", "VmSwap")  # no pages in memory, but what finds them, and those swapped out


class Watcher:
    """Watches the sandbox whose first process is `first`, until `stop` or its end.

    Made before any code of a hand-in runs. However its thread ends, the sandbox ends with it:
    nothing runs unwatched.
    """

    def __init__(
        self, first: int, folders: Iterable[str], limits: Limits, kill: Callable[[], None]
    ) -> None:
        """folders: in memory, that it may write to. kill: called once, in the watcher's thread,
        after `reason` is set; also where it has ended by itself."""
        self.reason: Reason | None = None
        self._first, self._limits, self._kill = first, limits, kill
        self._end = time.monotonic() + limits.wall_seconds
        self._stopped = threading.Event()
        # By descriptors: what a path leads to, and who may look, a hand-in may change.
        self._held = contextlib.ExitStack()
        root = f"/proc/{first}/root"
        try:
            self._folders = [_opened(f"{root}{path}", self._held) for path in folders]
        except BaseException:
            self._held.close()
            kill()
            raise
        self._thread = threading.Thread(target=self._watch, name="sandbox-watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _watch(self) -> None:
        try:
            while self.reason is None and not self._stopped.wait(_SECONDS):
                self.reason = excess(self._first, self._folders, self._limits)
                if self.reason is None and time.monotonic() > self._end:
                    self.reason = reasons.too_long(self._limits)
        except ProcessLookupError:
            pass  # the sandbox has ended
        except BaseException as error:
            self.reason = reasons.unwatched(error)
            raise
        finally:
            if not self._stopped.is_set():
                self._kill()
            self._held.close()


def _opened(path: str, held: contextlib.ExitStack) -> int:
    """A descriptor of a folder, to ask about it and no more."""
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    held.callback(os.close, descriptor)
    return descriptor


def excess(first: int, folders: Iterable[int], limits: Limits) -> Reason | None:
    """Why the sandbox must end, None where all is within the limits.

    first: process id of the namespace's first process; folders: descriptors of those in memory.
    Raises ProcessLookupError where the namespace is gone.
    """
    inside = f"/proc/{first}/root/proc"  # lists the namespace's own processes, no others
    processes = _processes(inside)
    if len(processes) > limits.processes:
        return reasons.too_many_processes(limits)
    threads, memory = 0, _kept_in(folders)
    for name in processes:
        values = _status(f"{inside}/{name}/status")
        threads += values.get("Threads", 0)
        if values.get("VmHWM", 0) > limits.memory:  # at its height, however short that was
            return reasons.too_much_memory(limits)
        memory += sum(values.get(name, 0) for name in ("VmRSS", *_BESIDE))
    if threads > limits.processes:
        return reasons.too_many_processes(limits)
    if memory <= limits.memory:
        return None
    memory = _kept_in(folders)  # pages shared by several were counted for each
    for name in processes:
        memory += _own_share(f"{inside}/{name}/smaps_rollup")
        values = _status(f"{inside}/{name}/status")
        memory += sum(values.get(name, 0) for name in _BESIDE)
        if memory > limits.memory:
            return reasons.too_much_memory(limits)
        if len(_processes(inside)) > limits.processes:  # a share takes long while others fork
            return reasons.too_many_processes(limits)
    return None


def _processes(inside: str) -> list[str]:
    try:
        found = [name for name in os.listdir(inside) if name.isdigit()]
    except FileNotFoundError:
        found = []
    if not found:
        raise ProcessLookupError(inside)
    return found


def _status(path: str) -> dict[str, int]:
    """Numbers of /proc/*/status, memory in bytes; empty where the process has just ended."""
    try:
        with open(path, "rb") as file:
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name in ("VmHWM", "VmRSS", "Threads", *_BESIDE):
            words = value.split()
            found[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return found


def _kept_in(folders: Iterable[int]) -> int:
    """Bytes of files in memory: in all folders that the sandbox may write to.

    A hard link counts as a file, for Linux here as well.
    """
    used = 0
    for folder in folders:
        state = os.fstatvfs(folder)
        used += (state.f_blocks - state.f_bfree) * state.f_frsize
        used += (state.f_files - state.f_ffree) * _FILE
    return used


def _own_share(path: str) -> int:
    try:
        with open(path, "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
