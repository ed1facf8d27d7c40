"""The demo's commands: each a process with a log of its own, shown as a line of progress."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from course_utils.i18n import _

__all__ = ["Command", "Step", "Steps"]

_MINUTES = 15  # for one command, on the slowest machine
_PROGRAMS = {"nbgrader": "nbgrader", "course": "course_utils.teaching.cli"}  # as modules


@dataclass(frozen=True)
class Command:
    """What is run. words: the program, nbgrader or course, and its arguments.

    title: what the person who waits reads; total, done: how far it is, where that is known.
    fine: the exit codes it may end with. environment: variables besides this process's own.
    """

    title: str
    words: tuple[str, ...]
    total: int = 1
    done: Callable[[], int] | None = None
    fine: tuple[int, ...] = (0,)
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Step:
    """A command and how it ended."""

    command: Command
    code: int
    log: str

    @property
    def complaint(self) -> str:
        """What it reported, where it did not end well: its last error."""
        if self.code in self.command.fine:
            return ""
        errors = [
            line for line in self.log.splitlines() if "ERROR" in line or "CRITICAL" in line
        ]
        return _("{command}: exit code {code}: {words}").format(
            command=" ".join(self.command.words),
            code=self.code,
            words=(errors or [self.log.strip()])[-1],
        )


class Steps:
    """The commands run so far in a folder; use as a context, for the lines of progress."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ended: list[Step] = []
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )

    def __enter__(self) -> "Steps":
        self._progress.start()
        return self

    def __exit__(self, *_error) -> None:
        self._progress.stop()

    @property
    def complaints(self) -> list[str]:
        return [step.complaint for step in self.ended if step.complaint]

    def run(self, *commands: Command) -> None:
        """Run commands that need nothing of each other, side by side; wait for all."""
        first = len(list((self.root / "logs").iterdir())) + 1
        begun = [self._begin(command, first + n) for n, command in enumerate(commands)]
        end = time.monotonic() + 60 * _MINUTES
        running = list(begun)
        while running:
            for each in list(running):
                if each.process.poll() is not None:
                    running.remove(each)
                    self._progress.update(each.bar, completed=each.command.total)
                    self._progress.stop_task(each.bar)
                elif time.monotonic() > end:
                    each.process.kill()
                elif each.command.done:
                    self._progress.update(each.bar, completed=each.command.done())
            time.sleep(0.1)
        for each in begun:
            said = each.log.read_text(encoding="utf-8")
            self.ended.append(Step(each.command, each.process.returncode, said))

    def over(self, title: str, things: Sequence) -> Iterable:
        """The things one by one, with a line of progress."""
        return self._progress.track(things, description=title)

    def _begin(self, command: Command, number: int) -> "_Begun":
        program, *arguments = command.words
        log = self.root / "logs" / f"{number:02d}_{arguments[0]}.txt"
        bar = self._progress.add_task(command.title, total=command.total)
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", _PROGRAMS[program], *arguments],
                cwd=self.root,
                env=os.environ | dict(command.environment),
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        return _Begun(command, process, log, bar)


@dataclass
class _Begun:
    command: Command
    process: subprocess.Popen
    log: Path
    bar: int
