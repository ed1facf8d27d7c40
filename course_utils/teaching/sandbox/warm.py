"""Kernels forked from one warm process of this program, started when first asked for."""

import atexit
import contextlib
import json
import os
import select
import signal
import site
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from course_utils.teaching.sandbox.limits import Limits, resource_limits
from course_utils.teaching.sandbox.namespace import Namespace
from course_utils.teaching.sandbox.policy import Policy

__all__ = ["CannotFork", "WarmKernel", "fork_kernel"]

_SERVER = Path(__file__).with_name("warm_server.py")
_SECONDS = 120  # for the warm process to import its libraries on a busy machine
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
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


_lock = threading.Lock()
_server: tuple[subprocess.Popen, socket.socket] | None = None


def _send(message: bytes, answer: socket.socket) -> None:
    global _server
    with _lock:
        if _server is None or _server[0].poll() is not None:
            _server = _start()
        socket.send_fds(_server[1], [message], [answer.fileno()])


def _start() -> tuple[subprocess.Popen, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= dict.fromkeys(_ONE_THREAD, "1")
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # or else it warns as it is imported
    environment["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    if site.ENABLE_USER_SITE:
        environment["PYTHONUSERBASE"] = site.getuserbase()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, str(_SERVER), str(theirs.fileno())],
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            cwd="/",
            start_new_session=True,
        )
    libraries = {name: os.environ[name] for name in _FOLDERS if name in os.environ}
    ours.send(json.dumps(libraries).encode())
    return process, ours


def _stop() -> None:
    global _server
    if _server is not None:
        process, control = _server
        _server = None
        control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.kill()
        process.wait()


def _forget() -> None:
    """In a child that was forked from this program: the warm process is not the child's."""
    global _server, _lock
    _lock = threading.Lock()
    if _server is not None:
        _server[1].close()
        _server = None


atexit.register(_stop)
os.register_at_fork(after_in_child=_forget)
