"""Run the cells of a hand-in in a kernel that is kept in: sandboxed, counted, and no other's.

What a kernel may do, see and print is settled here; what its answers are worth, in `judge`.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from queue import Empty

import nbformat
from nbclient.exceptions import CellTimeoutError
from nbclient.util import ensure_async
from nbgrader.preprocessors import Execute
from traitlets import Bool, Enum, Integer, List, Unicode

from course_utils.i18n import N_, _
from course_utils.teaching.patience import wall_seconds
from course_utils.teaching.programs import require_one_package
from course_utils.teaching.sandbox.bubblewrap import require
from course_utils.teaching.sandbox.channels import SIZE, Budget, counting_client
from course_utils.teaching.sandbox.limits import Reason
from course_utils.teaching.sandbox.provisioner import NAME as SANDBOX

__all__ = ["GuardedExecute", "KernelNotStarted"]

_SECONDS_TO_ANSWER = 5  # to an interrupt
_MOST_SILENT = 2  # cells


class KernelNotStarted(OSError):
    """No kernel came up: not the hand-in's doing, for none of its cells was run."""


class GuardedExecute(Execute):
    """nbgrader's Execute for code that nobody trusts.

    Raises SandboxUnavailable where there must be a sandbox and can be none, KernelNotStarted
    where two kernels, one after the other, end before they run a cell.
    """

    sandbox = Bool(
        True,
        help="Run students' code under bubblewrap. Without it, it has all rights of the person "
        "who grades: solutions, gradebook, other hand-ins and the network are open to it.",
    ).tag(config=True)

    cell_output = Integer(
        10**6, help="Bytes that are kept of what one cell prints; the rest is dropped."
    ).tag(config=True)

    notebook_output = Integer(
        20 * 2**20, help="Bytes that a whole notebook may print; above them it is stopped."
    ).tag(config=True)

    shutdown_kernel = Enum(
        ["graceful", "immediate"],
        default_value="immediate",
        help="A student's kernel is not asked for a last word.",
    ).tag(config=True)

    extra_arguments = List(
        Unicode(),
        default_value=["--HistoryManager.enabled=False"],
        help="Of a kernel. Nobody asks for the history of a hand-in's cells, and to keep it "
        "costs a thread and a database.",
    ).tag(config=True)

    transport = Enum(
        ["ipc", "tcp"],
        default_value="tcp" if os.name == "nt" else "ipc",
        help="How to talk to kernels that run without a sandbox; over ipc no two of them can "
        "meet on a port.",
    ).tag(config=True)

    environment = List(
        Unicode(),
        default_value=[
            *("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
            *("VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "SYSTEMROOT"),
            *("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
            *("COURSE_DATA", "NBGRADER_EXECUTION"),
        ],
        help="The environment variables that a student's kernel sees; no other is passed on.",
    ).tag(config=True)

    def require_sandbox(self) -> None:
        """Raise SandboxUnavailable where there must be a sandbox and can be none, CourseError
        where kernels would import another package than the judge.

        Where there need not be a sandbox, say so.
        """
        require_one_package()
        if self.sandbox:
            require()
        else:
            self.log.warning(
                "%s\nNO SANDBOX: students' code runs with all your rights. It can read the "
                "solutions, the\ngradebook and your files, change them, and send them "
                "anywhere.\n%s",
                *("!" * 80, "!" * 80),
            )

    def preprocess(self, nb, resources, km=None):
        """A kernel that ends before it runs a cell was ended from outside: another is begun."""
        assignment = resources["nbgrader"]["assignment"]
        self._wall_seconds = wall_seconds(self.config, Path.cwd(), assignment, self.timeout)
        self._silent_cells = 0
        self._silence: Reason | None = None  # why the kernel was ended for it
        self._asking = False  # whether what comes is the grader's question and its answer
        self._printed = 0  # bytes, by the cell that runs
        with tempfile.TemporaryDirectory() as folder:
            self._sockets = Path(folder)
            try:
                return self._run(nb, resources, km)
            except KernelNotStarted as error:
                self.log.warning("%s Another one is begun.", error)
                return self._run(nb, resources, km)

    def _run(self, nb, resources, km):
        self._begun = False  # whether a cell of the hand-in may have run
        try:
            return super().preprocess(nb, resources, km)
        except (RuntimeError, EOFError) as error:
            if self._begun:
                raise
            raise KernelNotStarted(
                f"Expected a kernel to run the cells in, got {error!r}. Is there enough memory?"
            ) from error

    def create_kernel_manager(self):
        """As configured; each kernel in a sandbox, or at least with sockets of its own.

        The sandbox is asked for in the kernel's specification, not by the configuration of
        Jupyter's factory, which is one for the whole program: a server's other kernels stay
        as they are. What the kernel sends is counted.
        """
        manager = super().create_kernel_manager()
        self._budget = Budget(self.notebook_output, self._kill_kernel)
        manager.client_factory = counting_client(self._budget)
        settings = {"environment": self.environment, "wall_seconds": self._wall_seconds}
        provisioner = (
            {"provisioner_name": SANDBOX, "config": settings}
            if self.sandbox
            else {"provisioner_name": "local-provisioner"}
        )
        manager.kernel_spec.metadata["kernel_provisioner"] = provisioner
        manager.kernel_spec.argv[0] = sys.executable  # a person's own "python3" may be another
        if self.sandbox:
            return manager  # it has its own private sockets
        manager.transport = self.transport
        if self.transport == "ipc":
            manager.ip = str(self._sockets / "kernel")
        return manager

    def start_new_kernel(self, **kwargs):
        """With a chosen environment: an instructor's tokens are not for students' code."""
        chosen = {name: os.environ[name] for name in self.environment if name in os.environ}
        kwargs.setdefault("env", chosen)
        super().start_new_kernel(**kwargs)

    def output(self, outs, msg, display_id, cell_index):
        """Keeps what a cell prints up to `cell_output` bytes, then says that it drops."""
        if self._asking:
            return super().output(outs, msg, display_id, cell_index)
        before = self._printed
        self._printed += msg.get(SIZE, 0)
        if self._printed <= self.cell_output:
            return super().output(outs, msg, display_id, cell_index)
        if before <= self.cell_output:
            text = msg["content"].get("text") if msg["msg_type"] == "stream" else None
            kept = text[: self.cell_output - before] + "\n" if isinstance(text, str) else ""
            said = _("[More than {size} MB printed: the rest is left out.]").format(
                size=f"{self.cell_output / 1e6:g}"
            )
            outs.append(nbformat.v4.new_output("stream", name="stdout", text=f"{kept}{said}\n"))
        return None

    def on_cell_start(self, **_kwargs):
        self._begun, self._printed = True, 0

    async def _async_check_alive(self):
        await super()._async_check_alive()
        if self._budget.connection_broke():
            await asyncio.sleep(1)  # a kernel that ends closes its connections first
            await super()._async_check_alive()
            await self._budget.end_for_a_message()

    async def _async_handle_timeout(self, timeout, cell=None):
        """The cell is interrupted. A kernel that gives no answer to that either, for the second
        time, has nothing more to say."""
        reply = await super()._async_handle_timeout(timeout, cell)
        with contextlib.suppress(Empty):
            while True:
                answer = await ensure_async(
                    self.kc.shell_channel.get_msg(timeout=_SECONDS_TO_ANSWER)
                )
                if answer["msg_type"] == "execute_reply":
                    return reply
        self._silent_cells += 1
        if self._silent_cells < _MOST_SILENT:
            return reply
        self._silence = Reason(
            N_("was the second one for which the kernel gave no answer"), state="timed_out"
        )
        await self._kill_kernel()
        raise CellTimeoutError.error_from_timeout_and_cell("No answer", timeout, cell)

    async def _kill_kernel(self) -> None:
        if self.km is not None and self.km.provisioner is not None:
            await self.km.provisioner.kill()

    def _why(self) -> Reason | None:
        """Why the kernel was killed, where it hit a limit."""
        provisioner = self.km.provisioner if self.km is not None else None
        limit = self._budget.reason or getattr(provisioner, "reason", None)
        return limit or self._silence
