"""What a student's kernel may use: limits that Linux keeps by itself, and why one was hit.

Data, not address space, is what limits memory: a CUDA build of torch maps many gigabytes that
it never touches. Linux limits each process; `watcher` looks at all of a sandbox together.
"""

import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course_utils.i18n import N_, _
from course_utils.teaching.sandbox.programs import util_linux

__all__ = ["Limits", "Reason", "prefix", "resource_limits"]

_GIB = 2**30


@dataclass(frozen=True)
class Limits:
    """For one kernel and all that it starts. Bytes and seconds.

    memory: of all processes together.
    processes: processes and threads.
    file_size: of one file.
    files: open at once, by one process.
    cpu_seconds: of one process.
    wall_seconds: from the kernel's start to its end.
    """

    memory: int = 3 * _GIB
    processes: int = 512
    file_size: int = _GIB // 2
    files: int = 1024
    cpu_seconds: int = 3600
    wall_seconds: int = 1800


@dataclass(frozen=True)
class Reason:
    """Why a kernel was killed. state: what its hand-in ends in.

    message: with N_, to follow "Cell 3 (jaccard) "; values: for its placeholders. ours: it may
    be this machine's fault, so that the hand-in is tried once more.
    """

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)
    state: str = "crashed"
    ours: bool = False

    def __str__(self) -> str:
        """In the language in use."""
        return _(self.message).format(**self.values)


def too_much_memory(limits: Limits) -> Reason:
    return Reason(N_("used more than {size} of memory"), {"size": size_in_words(limits.memory)})


def too_many_processes(limits: Limits) -> Reason:
    return Reason(
        N_("started more than {number} processes and threads"), {"number": limits.processes}
    )


def too_long(limits: Limits) -> Reason:
    return Reason(
        N_("was running when the {minutes} minutes of the whole notebook were over"),
        {"minutes": f"{limits.wall_seconds / 60:g}"},
        state="timed_out",
    )


def unwatched(error: BaseException) -> Reason:
    return Reason(
        N_("was running when its limits could not be watched any more ({error})"),
        {"error": type(error).__name__},
        ours=True,
    )


def size_in_words(size: int) -> str:
    """3 GiB, 512 MiB."""
    if size >= _GIB:
        return f"{size / _GIB:.3g} GiB"
    return f"{size / 2**20:.3g} MiB"


def resource_limits(limits: Limits) -> dict[str, int]:
    """Names of `prlimit` -> values.

    Linux refuses a little above what the watcher lets pass, so that the watcher sees it and
    names it; torch's libraries alone are almost a gigabyte of data, much of it untouched.
    Where Linux counts a user's processes outside the sandbox too (before 5.14), only the
    watcher counts them.
    """
    found = {
        "core": 0,
        "data": limits.memory + max(limits.memory // 4, _GIB),
        "fsize": limits.file_size,
        "nofile": limits.files,
        "cpu": limits.cpu_seconds,
        "memlock": 64 * 2**20,
        "msgqueue": 0,
    }
    release = tuple(int(part) for part in os.uname().release.split(".")[:2] if part.isdigit())
    if release >= (5, 14):
        found["nproc"] = limits.processes + 50
    own = {name: resource.getrlimit(_number(name))[1] for name in found}
    return {  # nobody may go above what is already set
        name: value if own[name] == resource.RLIM_INFINITY else min(value, own[name])
        for name, value in found.items()
    }


def prefix(limits: Limits) -> list[str]:
    """The words to put before a command so that it starts within these limits."""
    return [
        util_linux("prlimit"),
        *(f"--{name}={value}:{value}" for name, value in resource_limits(limits).items()),
        "--",
    ]


def _number(name: str) -> int:
    return getattr(resource, f"RLIMIT_{name.upper()}")
