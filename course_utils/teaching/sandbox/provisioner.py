"""The kernel provisioner "course-sandbox": every kernel it starts runs under bubblewrap.

    c.KernelProvisionerFactory.default_provisioner_name = "course-sandbox"
    c.SandboxProvisioner.memory = 4 * 2**30

The judge asks for it by name for each kernel. Whatever transport was asked for, a kernel is
spoken to over Unix sockets, in a small folder of its sandbox's own: it has no network.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner
from traitlets import Bool, Integer, List, Unicode

from course_utils.teaching.sandbox import policy as policies
from course_utils.teaching.sandbox.bubblewrap import become, require
from course_utils.teaching.sandbox.folders import SocketsInside, folder_for_sockets
from course_utils.teaching.sandbox.limits import Limits, Reason, prefix
from course_utils.teaching.sandbox.namespace import Namespace
from course_utils.teaching.sandbox.warm import CannotFork, WarmKernel, fork_kernel
from course_utils.teaching.sandbox.watcher import Watcher

__all__ = ["ENVIRONMENT", "NAME", "SandboxProvisioner"]

NAME = "course-sandbox"
ENVIRONMENT = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "CONDA_PREFIX"),
    *("LD_LIBRARY_PATH", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "MPLBACKEND"),
    *("COURSE_DATA", "NBGRADER_EXECUTION", "NBGRADER_VALIDATING"),
)
_LAUNCHER = "ipykernel_launcher"
# There is no terminal inside (see `bubblewrap`), and IPython's `!` would ask for one. What
# cells start, hidden tests have to know of.
_EXTENSIONS = [
    f"--InteractiveShellApp.extra_extensions=course_utils.checks.{name}"
    for name in ("piped_shell", "kernel")
]
_SOCKETS = ("shell", "iopub", "stdin", "control", "hb")
_SECONDS_TO_LISTEN = 120


class SandboxProvisioner(LocalProvisioner):
    """Starts a kernel in a sandbox and kills it with all it has started."""

    fork = Bool(
        True,
        help="Fork kernels from a warm process that has torch imported: 0.5 s, not 3.",
    ).tag(config=True)

    memory = Integer(
        Limits.memory, help="Bytes of memory for all processes of one kernel."
    ).tag(config=True)

    processes = Integer(
        Limits.processes, help="Processes and threads that one kernel may have at a time."
    ).tag(config=True)

    file_size = Integer(
        Limits.file_size, help="Bytes in one file; and in memory, for each writable folder."
    ).tag(config=True)

    cpu_seconds = Integer(
        Limits.cpu_seconds, help="Processor time of one process, in seconds."
    ).tag(config=True)

    wall_seconds = Integer(
        Limits.wall_seconds, help="Seconds for all cells of a notebook together."
    ).tag(config=True)

    environment = List(
        Unicode(),
        default_value=list(ENVIRONMENT),
        help="The environment variables that a kernel sees; no other is passed on.",
    ).tag(config=True)

    process: Namespace | WarmKernel | None = None
    _private: Path | None = None  # holds the connection file and links to the sockets inside
    _sockets: SocketsInside | None = None
    _watcher: Watcher | None = None

    @property
    def reason(self) -> Reason | None:
        """Why the kernel was killed, where it hit a limit."""
        return self._watcher.reason if self._watcher else None

    @property
    def limits(self) -> Limits:
        return Limits(
            memory=self.memory,
            processes=self.processes,
            file_size=self.file_size,
            cpu_seconds=self.cpu_seconds,
            wall_seconds=self.wall_seconds,
        )

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Have the manager speak over sockets in a private folder, made here.

        Raises SandboxUnavailable where this machine can't make sandboxes.
        """
        require()
        manager = self.parent
        if self._private is None:
            self._private = folder_for_sockets()
            manager.transport = "ipc"
            manager.ip = str(self._private / "kernel")
            manager.cache_ports = False
            manager.connection_file = str(self._private / "kernel.json")
        self.kernel_spec.interrupt_mode = "message"  # no signal from outside is its own
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any):
        """Raises SandboxUnavailable where bubblewrap refuses."""
        try:
            info = self._launch(cmd, **kwargs)
            await self._until_it_listens()
            return info
        except BaseException:
            self._end()
            self._remove_private()
            raise

    def _launch(self, cmd: list[str], **kwargs: Any):
        given = kwargs["env"]
        folder = Path(kwargs.get("cwd") or Path.cwd()).resolve()
        policy = policies.policy(
            {name: given[name] for name in self.environment if name in given},
            connection=self._private / "kernel.json",
            beside=self._files_beside(folder),
            shared_folder=_course_around(folder),
            space=self.file_size,
        )
        if policy.user is not None:
            os.chown(self._private / "kernel.json", policy.user, policy.user)
        if _LAUNCHER in cmd:
            cmd = [*cmd, *_EXTENSIONS]
        self.process = self._forked(policy, cmd) or Namespace(
            policy, [*prefix(self.limits), *become(policy.user), *cmd]
        )
        self.pid, self.pgid, self.cwd = self.process.pid, None, policies.HAND_IN
        namespace = getattr(self.process, "namespace", self.process)
        self._sockets = SocketsInside(namespace.first)
        self._watcher = Watcher(namespace.first, policy.folders, self.limits, namespace.strike)
        return self.connection_info

    async def _until_it_listens(self) -> None:
        """Wait for the kernel's sockets, as long as it lives and is not too late.

        No code of a hand-in has run by then. A client that connects too early tries again only
        after a while, and misses the first messages.
        """
        manager = self.parent
        ports = (getattr(manager, f"{name}_port") for name in _SOCKETS)
        missing = [Path(f"{manager.ip}-{port}") for port in ports]
        end = time.monotonic() + _SECONDS_TO_LISTEN
        while await self.poll() is None and time.monotonic() < end:
            missing = [path for path in missing if not self._sockets.reach(path)]
            if not missing:
                return
            await asyncio.sleep(0.004)

    async def poll(self) -> int | None:
        return self.process.poll() if self.process else 0

    async def wait(self) -> int | None:
        while await self.poll() is None:
            await asyncio.sleep(0.02)
        return self._end()

    async def send_signal(self, signum: int) -> None:
        """Only the signals that end it: an interrupt goes as a message."""
        if signum in (signal.SIGKILL, signal.SIGTERM) and self.process:
            self.process.kill()

    async def kill(self, restart: bool = False) -> None:
        if self.process:
            self.process.kill()

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        self._end()
        await super().cleanup(restart)
        if not restart:
            self._remove_private()

    def resolve_path(self, path_str: str) -> str | None:
        return None  # paths inside are none of the outside

    def _files_beside(self, folder: Path) -> tuple[tuple[str, str], ...]:
        found = policies.files_beside(folder)
        if len(found) > policies.MOST_FILES:
            self.log.warning(
                "More than %d files beside the notebook in %s: its kernel sees only the first.",
                *(policies.MOST_FILES, folder),
            )
        return found[: policies.MOST_FILES]

    def _forked(self, policy: policies.Policy, cmd: list[str]) -> WarmKernel | None:
        """A kernel of the warm process; None where it must be started cold."""
        argv = _launcher_arguments(cmd)
        if not self.fork or argv is None:
            return None
        namespace = Namespace(policy)
        try:
            return fork_kernel(namespace, argv, policy, self.limits)
        except CannotFork as error:
            namespace.kill()
            self.log.warning("Started a kernel cold, since it could not be forked: %s", error)
        except BaseException:
            namespace.kill()
            raise
        return None

    def _remove_private(self) -> None:
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)
            self._private = None

    def _end(self) -> int | None:
        """Nothing of the kernel is left when this returns; its exit code."""
        if self.process is None:
            return 0
        code = self.process.poll()
        self.process.kill()
        if self._watcher is not None:
            self._watcher.stop()
        if self._sockets is not None:
            self._sockets.close()
        self.process = None
        return code if code is not None else -signal.SIGKILL


def _launcher_arguments(cmd: list[str]) -> list[str] | None:
    """sys.argv of an ipykernel of this very Python; None where the command is another."""
    if cmd[0] != sys.executable or _LAUNCHER not in cmd:
        return None
    place = cmd.index(_LAUNCHER)
    if cmd[place - 1] != "-m" or any(not word.startswith("-X") for word in cmd[1 : place - 1]):
        return None
    return cmd[place:]


def _course_around(folder: Path) -> Path | None:
    return next((p for p in (folder, *folder.parents) if (p / "course.toml").exists()), None)
