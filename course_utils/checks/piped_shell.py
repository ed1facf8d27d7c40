"""`!command` in a kernel that can have no terminal: an extension of IPython.

    ipykernel_launcher --InteractiveShellApp.extensions=course_utils.checks.piped_shell

IPython runs `!ls` and `%pip install` in a pseudo-terminal. A sandbox has none, and there such a
line ended the whole cell with "out of pty devices", imports and answers below it included. Here
the command's output comes through a pipe; that it failed is printed, and the cell goes on, as
anywhere else.
"""

import os
import signal
import subprocess
import sys
from typing import Any

__all__ = ["load_ipython_extension", "run"]

_PIECE = 2**16  # bytes


def load_ipython_extension(shell: Any) -> None:
    """Replace the shell's `system`, which `!` and the magics built on it call."""

    def system(command: str) -> None:
        shell.user_ns["_exit_code"] = run(shell.var_expand(command, depth=1))

    if not _has_terminals():
        shell.system = system


def run(command: str) -> int:
    """Run a command line of the shell's and print what it says as it comes; its exit code.

    Negative where a signal ended it. An interrupt ends the command and goes on as one.
    """
    process = subprocess.Popen(
        command,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        with process.stdout as said:
            while piece := said.read1(_PIECE):
                sys.stdout.write(piece.decode(errors="replace"))
                sys.stdout.flush()
        return process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _has_terminals() -> bool:
    try:
        for end in os.openpty():
            os.close(end)
    except OSError:
        return False
    return True
