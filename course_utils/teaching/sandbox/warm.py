"""Kernels forked from a warm process: the one that is shared, or else this program's own.

The own one is started when first asked for.
"""

import atexit
import base64
import contextlib
import json
import os
import platform
import select
import shutil
import signal
import site
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from course_utils.teaching.sandbox import seccomp
from course_utils.teaching.sandbox.folders import folder_for_sockets
from course_utils.teaching.sandbox.limits import Limits, resource_limits
from course_utils.teaching.sandbox.namespace import Namespace
from course_utils.teaching.sandbox.policy import Policy

__all__ = ["ADDRESS", "CannotFork", "WarmKernel", "fork_kernel", "shared"]

ADDRESS = "COURSE_WARM_PROCESS"  # in the environment: where the shared one listens
_SERVER = Path(__file__).with_name("warm_server.py")
_SECONDS = 120  # for the warm process to import its libraries on a busy machine
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_CALLS = ("keyctl", "seccomp")  # that libc has no function for
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")
_FOLDERS = ("HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")


class CannotFork(RuntimeError):
    """The warm process gave no kernel."""


class WarmKernel:
    """A forked kernel in its namespace, with what the provisioner uses of a Popen."""

    stdin = stdout = stderr = None

    def __init__(self, namespace: Namespace, handle: int) -> None:
        self.namespace = namespace
        self.pid = namespace.process.pid
        self.returncode: int | None = None
        self._handle = handle  # readable as soon as the kernel has ended

    def poll(self) -> int | None:
        if self.returncode is None:
            ended, _, _ = select.select([self._handle], [], [], 0)
            if ended or self.namespace.poll() is not None:
                self.kill()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            ended, _, _ = select.select([self._handle], [], [], timeout)
            if not ended:
                raise subprocess.TimeoutExpired("kernel", timeout)
            self.kill()
        return self.returncode

    def kill(self) -> None:
        """End it and everything in its namespace."""
        if self.returncode is None:
            self.namespace.kill()
            os.close(self._handle)
            self.returncode = -signal.SIGKILL


def fork_kernel(
    namespace: Namespace,
    argv: Sequence[str],
    policy: Policy,
    limits: Limits,
) -> WarmKernel:
    """A kernel inside an empty namespace. Raises CannotFork with the reason."""
    threads = policy.environment.get("OMP_NUM_THREADS", "")
    request = {
        "first": namespace.first,
        "argv": list(argv),
        "environment": dict(policy.environment),
        "working_folder": policy.working_folder,
        "user": policy.user,
        "limits": resource_limits(limits),
        "threads": int(threads) if threads.isdigit() else None,
        "filter": base64.b64encode(seccomp.program()).decode(),
        "calls": {name: seccomp.number(name, platform.machine()) for name in _CALLS},
    }
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.settimeout(_SECONDS)
        try:
            _send(json.dumps(request).encode(), theirs)
            theirs.close()
            words, handles, _flags, _address = socket.recv_fds(ours, 4096, 1)
        except OSError as error:
            raise CannotFork(f"The warm process does not answer: {error}") from error
    if words != b"kernel" or not handles:
        for handle in handles:
            os.close(handle)
        raise CannotFork(words.decode(errors="replace") or "The warm process has ended.")
    return WarmKernel(namespace, handles[0])


@contextlib.contextmanager
def shared(libraries: Iterable[str] = ()) -> Iterator[None]:
    """One warm process for this program and all that it starts, until the block is left.

    libraries: modules that it imports besides those that every kernel needs.
    They find it by the environment, where the path of its socket stands. Inside another such
    block this one does nothing.
    """
    if ADDRESS in os.environ:
        yield
        return
    folder = folder_for_sockets()
    path = str(folder / "socket")
    with _socket() as listening:
        listening.bind(path)
        listening.listen()
        process, control = _start(listening, libraries)
    os.environ[ADDRESS] = path
    try:
        yield
    finally:
        del os.environ[ADDRESS]
        _end(process, control)
        shutil.rmtree(folder, ignore_errors=True)


_lock = threading.Lock()
_server: subprocess.Popen | None = None  # this program's own
_line: socket.socket | None = None  # to it, or to the one that is shared


def _send(message: bytes, answer: socket.socket) -> None:
    global _line
    with _lock:
        if _line is not None and not _is_broken(_line):
            socket.send_fds(_line, [message], [answer.fileno()])
            return
        _close()
        _line = _shared_line() or _own_line()
        socket.send_fds(_line, [message], [answer.fileno()])


def _is_broken(line: socket.socket) -> bool:
    """Whether the process at the other end has gone: it never sends anything on this line."""
    readable, _, _ = select.select([line], [], [], 0)
    return bool(readable)


def _shared_line() -> socket.socket | None:
    path = os.environ.get(ADDRESS)
    if path is None:
        return None
    line = _socket()
    try:
        line.connect(path)
    except OSError:  # it has ended: this program starts its own
        line.close()
        return None
    return line


def _own_line() -> socket.socket:
    global _server
    _server, line = _start()
    return line


def _start(
    listening: socket.socket | None = None, libraries: Iterable[str] = ()
) -> tuple[subprocess.Popen, socket.socket]:
    """A warm process and the line that it lives by."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= dict.fromkeys(_ONE_THREAD, "1")
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # or else it warns as it is imported
    environment["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    if site.ENABLE_USER_SITE:
        environment["PYTHONUSERBASE"] = site.getuserbase()
    with theirs:
        handed = [line.fileno() for line in (theirs, listening) if line is not None]
        process = subprocess.Popen(
            [sys.executable, str(_SERVER), *map(str, handed)],
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=handed,
            cwd="/",
            start_new_session=True,
        )
    folders = {name: os.environ[name] for name in _FOLDERS if name in os.environ}
    ours.send(json.dumps({"environment": folders, "libraries": list(libraries)}).encode())
    return process, ours


def _end(process: subprocess.Popen, line: socket.socket) -> None:
    line.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.kill()
    process.wait()


def _close() -> None:
    global _server, _line
    if _line is not None:
        _line.close()
    if _server is not None:
        _end(_server, _line)
    _server = _line = None


def _forget() -> None:
    """In a child that was forked from this program: line and process are not the child's."""
    global _server, _line, _lock
    _lock = threading.Lock()
    if _line is not None:
        _line.close()
    _server = _line = None


def _socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


atexit.register(_close)
os.register_at_fork(after_in_child=_forget)
