"""Programs started with a session keyring of their own.

Linux hands a session's keys down to all that a process starts: an instructor's keys would be
a kernel's, and what one kernel leaves among them the next one's. A thread of this program has
a keyring apart from the others', joined anew for each program that it starts.
Source: man 7 session-keyring, man 2 keyctl.
"""

import ctypes
import errno
import os
import platform
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

from course_utils.teaching.sandbox.seccomp import number

__all__ = ["started_apart"]

_JOIN_SESSION_KEYRING = 1
# There are no keyrings, or a container around this program refuses them to all within.
_NOBODY_HAS_ONE = (errno.ENOSYS, errno.EPERM)


def started_apart(words: list[str], **options) -> subprocess.Popen:
    """`subprocess.Popen`, with a new session keyring. From any thread.

    The thread that starts it lives as long as this program: a process that is to end with its
    parent ends with that thread. Raises OSError as Popen does, or where no keyring is left.
    """
    global _launcher
    with _lock:
        if _launcher is None:
            _launcher = ThreadPoolExecutor(1, thread_name_prefix="sandbox-launcher")
    return _launcher.submit(_start, words, options).result()


def _start(words: list[str], options: dict) -> subprocess.Popen:
    _join_a_new_keyring()
    return subprocess.Popen(words, **options)


def _join_a_new_keyring() -> None:
    """For this thread alone."""
    call = number("keyctl", platform.machine())
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(call), _JOIN_SESSION_KEYRING, None) == -1:
        code = ctypes.get_errno()
        if code not in _NOBODY_HAS_ONE:
            raise OSError(code, f"No session keyring for a sandbox: {os.strerror(code)}")


def _forget() -> None:
    """In a child that was forked from this program: the thread is not the child's."""
    global _launcher, _lock
    _launcher, _lock = None, threading.Lock()


_lock = threading.Lock()
_launcher: ThreadPoolExecutor | None = None
os.register_at_fork(after_in_child=_forget)
