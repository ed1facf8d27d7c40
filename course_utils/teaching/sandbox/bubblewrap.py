"""A policy as arguments of bubblewrap, and whether this machine can make sandboxes at all.

    bwrap <arguments(policy)> --seccomp FD -- command

bubblewrap makes the namespaces, mounts what the policy names and nothing else, and runs the
command without any capability, behind the filter of system calls of `seccomp`.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from course_utils.teaching.sandbox.policy import Policy, nobody, system_folders
from course_utils.teaching.sandbox.programs import bwrap, util_linux
from course_utils.teaching.sandbox.refusals import Machine, SandboxUnavailable, refused
from course_utils.teaching.sandbox.seccomp import program

__all__ = ["SandboxUnavailable", "arguments", "become", "command", "require"]

_NAMESPACES = (
    *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"),
    "--unshare-cgroup-try",
)
# Without bwrap's own --dev: its devpts takes a second user namespace inside the first, which
# a forked kernel could not enter, and no kernel needs a terminal.
_DEVICES = ("null", "full", "random", "urandom")
_DEVICE_LINKS = {
    # Reads as zeros too; memory that is mapped from the real one is not counted, see `seccomp`.
    "zero": "full",
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
_SMALL = str(2**16)  # bytes: for folders that hold nothing but mount points


def arguments(policy: Policy) -> list[str]:
    """What to call bwrap with, up to the command. Pure: nothing is looked up."""
    found = [*_NAMESPACES, "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if policy.user is None:
        found += ["--unshare-user"]
    else:  # what it takes to become another user; `become` gives it up
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            found += ["--cap-add", capability]
    found += ["--hostname", "sandbox", "--clearenv"]
    for name, value in policy.environment.items():
        found += ["--setenv", name, value]
    parents = _Parents(policy)
    # A course may lie below /tmp: the kernel's own /tmp comes first, or it would cover it.
    around = [
        folder
        for folder in policy.folders
        if any(_is_below(Path(inside), [folder]) for _outside, inside in policy.system)
    ]
    for path in around:
        found += _own_folder(parents, path, policy.folders[path])
    for outside, inside in policy.system:
        found += [*parents.of(inside), "--ro-bind", outside, inside]
    for target, path in policy.links:
        found += ["--symlink", target, path]
    for path in policy.covered:
        found += ["--size", _SMALL, "--perms", "0755", "--tmpfs", path]
    found += ["--proc", "/proc", "--size", _SMALL, "--perms", "0755", "--tmpfs", "/dev"]
    for name in _DEVICES:
        found += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for name, target in _DEVICE_LINKS.items():
        found += ["--symlink", target, f"/dev/{name}"]
    for path in policy.hidden:
        found += ["--ro-bind", "/dev/null", path]
    for path, size in policy.folders.items():
        if path not in around:
            found += _own_folder(parents, path, size)
    for outside, inside in policy.read_only:
        found += [*parents.of(inside), "--ro-bind", outside, inside]
    # Their mount points are made by now. /proc: root's kernel, where no other user can be
    # had, would own the system's settings and need no capability to write them.
    for path in (*policy.covered, *parents.sealed, "/dev", "/proc", "/"):
        found += ["--remount-ro", path]
    return [*found, "--chdir", policy.working_folder]


@contextlib.contextmanager
def command(policy: Policy, *more: str) -> Iterator[tuple[list[str], list[int]]]:
    """The words before a command that run it in such a sandbox, and the descriptors that bwrap
    must be given with them, which are closed when the block is left.

    more: further options of bwrap's. The policy's are handed over in a file, for what is on a
    command line is seen inside.
    Raises SandboxUnavailable where there is no bwrap or no filter.
    """
    with contextlib.ExitStack() as opened:
        words = b"".join(os.fsencode(word) + b"\0" for word in arguments(policy))
        descriptors = [opened.enter_context(_in_memory(data)) for data in (words, program())]
        listed, filtered = map(str, descriptors)
        yield [bwrap(), "--args", listed, "--seccomp", filtered, *more, "--"], descriptors


@contextlib.contextmanager
def _in_memory(data: bytes) -> Iterator[int]:
    """A descriptor of a file that holds this."""
    descriptor = os.memfd_create("for-bwrap")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _own_folder(parents: "_Parents", path: str, size: int) -> list[str]:
    return [*parents.of(path), "--perms", "1777", "--size", str(size), "--tmpfs", path]


class _Parents:
    """Arguments that make the folders above a path; bwrap would make them for root alone.

    sealed: mounts of their own for folders of the machine that lie below one that may be
    written to, as those of a course below /tmp do. To be made read-only in the end.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._made = {Path("/"), Path("/dev")}
        let_in = (*policy.system, *policy.read_only)
        self._machines = {inside for outside, inside in let_in if outside == inside}
        self.sealed: list[str] = []

    def of(self, path: str) -> list[str]:
        found = []
        for folder in reversed(Path(path).parents):
            if folder in self._made or self._is_let_in(folder):
                continue
            self._made.add(folder)
            own = _is_below(folder, self._policy.folders)
            if own and path in self._machines:
                if not _is_below(folder, self.sealed):
                    self.sealed.append(str(folder))
                    found += ["--size", _SMALL, "--perms", "0755", "--tmpfs", str(folder)]
                    continue
                own = False
            found += ["--perms", "1777" if own else "0755", "--dir", str(folder)]
        return found

    def _is_let_in(self, folder: Path) -> bool:
        if folder in map(Path, (*self._policy.folders, *self._policy.covered)):
            return True
        system = (inside for _outside, inside in self._policy.system)
        return _is_below(folder, system) and not _is_below(folder, self._policy.covered)


def _is_below(path: Path, folders: Iterable[str]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def become(user: int | None) -> list[str]:
    """The words before a command that run it as this user, without any capability."""
    if user is None:
        return []
    return [
        *(util_linux("setpriv"), f"--reuid={user}", f"--regid={user}", "--clear-groups"),
        *("--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"),
    ]


@cache
def require() -> None:
    """Raise SandboxUnavailable, with what to do, where this machine can't make a sandbox."""
    bwrap()  # what it may raise goes first
    util_linux("prlimit")
    folders = {"/tmp": 2**20, "/dev/shm": 2**20}
    links, system = system_folders()
    user = nobody()
    trial = Policy(links=links, system=system, folders=folders, user=user)
    with command(trial) as (words, descriptors):
        done = subprocess.run(
            [*words, *become(user), "/bin/sh", "-c", "echo works"],
            pass_fds=descriptors,
            capture_output=True,
            text=True,
            timeout=60,
            env={"LC_ALL": "C"},
        )
    if done.stdout != "works\n":
        raise SandboxUnavailable(refused(done.stderr, done.returncode, Machine.here()))
