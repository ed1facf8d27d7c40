"""One running sandbox: bubblewrap's namespaces and the process that holds them.

    bwrap (ours to wait for)
      the namespace's first process: bwrap again; Linux kills all others when it dies
        /bin/sh: turns into the kernel, or waits for a kernel that is forked into the sandbox

A shell that waits ends when this program's end of its pipe closes, however this program ends.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

from course_utils.teaching.sandbox import bubblewrap
from course_utils.teaching.sandbox.keyring import started_apart
from course_utils.teaching.sandbox.policy import Policy
from course_utils.teaching.sandbox.refusals import Machine, SandboxUnavailable, refused

__all__ = ["Namespace"]

_READY = b"ready\n"
_WAIT = "echo ready; exec >/dev/null 2>&1; read -r end"
_BECOME = 'echo ready; exec "$@" </dev/null >/dev/null 2>&1'
_SECONDS = 60  # for mounts on a busy machine


class Namespace:
    """A sandbox that exists from the constructor's return until `kill` or its process's end.

    first: process id, out here, of the process that is 1 inside.
    """

    def __init__(self, policy: Policy, command: Sequence[str] = ()) -> None:
        """Make the sandbox and run the command in it; without one it is empty and waits.

        Raises SandboxUnavailable where bubblewrap refuses.
        """
        shell = ["/bin/sh", "-c", _BECOME if command else _WAIT, "sh", *command]
        reading, writing = os.pipe()
        try:
            with bubblewrap.command(policy, "--info-fd", str(writing)) as (words, descriptors):
                self.process = started_apart(
                    [*words, *shell],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=[*descriptors, writing],
                    env={"LC_ALL": "C"},
                    start_new_session=True,
                )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._handle: int | None = None
        self._lock = threading.Lock()
        try:
            with open(reading, "rb") as file:  # closed, and so ended, once bwrap has written
                info = file.read()
            self._wait_until_ready()
            self.first = json.loads(info)["child-pid"]
            self._handle = os.pidfd_open(self.first)
        except BaseException:
            self.kill()
            raise
        finally:
            self.process.stdout.close()
            self.process.stderr.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self.process.poll()

    def strike(self) -> None:
        """Have Linux kill every process inside, detached ones too. From any thread."""
        with self._lock:
            if self._handle is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def kill(self) -> None:
        """`strike`, and wait for the end."""
        self.strike()
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is None:
            self.process.kill()
        else:
            os.close(handle)
        self.process.stdin.close()
        if not _ended_within(self.process, 5):
            self.process.kill()
        self.process.wait()

    def _wait_until_ready(self) -> None:
        """Mounts are done when the command inside says so; bwrap itself does not tell."""
        end = time.monotonic() + _SECONDS
        came = b""
        while not came.endswith(_READY):
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            piece = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            came += piece
            if not piece:
                self.process.kill()
                complaint = self.process.stderr.read().decode(errors="replace")
                code = self.process.wait()
                raise SandboxUnavailable(refused(complaint, code, Machine.here()))


def _ended_within(process: subprocess.Popen, seconds: float) -> bool:
    """Whether it ended. `Popen.wait` with a limit sleeps longer than it takes."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:  # it has been waited for
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)
