"""Calls any function of a library in processes that may crash, hang or be spoilt.

A process tries one function after another. Where it ends, or is silent for too long, the next
begins behind the function that it had come to; so does it where a function changed the
questions or torch's settings.
"""

import contextlib
import os
import resource
import selectors
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psutil
import torch

from course_utils.teaching import ready_made_questions as questions
from course_utils.teaching.ready_made_questions import QUESTIONS, Question

__all__ = ["tried"]

_SECONDS = 2  # of the processor, for one function in all the ways that all questions ask it
_DEAF = 10  # of the processor, after which a process is given up: it hears no alarm
_SILENT = 15  # seconds after which it is given up where it only waits
_MEMORY = 4 * 2**30  # bytes that a process may take for itself


def tried(
    functions: Sequence[Callable], asked: Sequence[str], jobs: int = 1
) -> Iterator[tuple[int, list[str]]]:
    """(index, the exercises whose right answer it gives) of each function, as they are done.

    jobs: how many processes try them, each its share.
    """
    shares = [range(first, len(functions), jobs) for first in range(jobs)]
    lanes = [_Lane(functions, asked, share) for share in shares if share]
    with selectors.DefaultSelector() as lines:
        try:
            for lane in lanes:
                lines.register(lane.begin(), selectors.EVENT_READ, lane)
            while lines.get_map():
                heard = {key.data for key, _events in lines.select(1)}
                for lane in [key.data for key in lines.get_map().values()]:
                    if lane in heard:
                        yield from lane.hear()
                    if lane.ended or lane.silent:
                        if lane.ended and not lane.begun:
                            raise RuntimeError("No process can be begun to try functions in.")
                        lines.unregister(lane.reader)
                        yield from lane.end()
                        if lane.left:
                            lines.register(lane.begin(), selectors.EVENT_READ, lane)
        finally:
            for key in list(lines.get_map().values()):
                list(key.data.end())


class _Lane:
    """One process after another, for one share of the functions."""

    def __init__(
        self, functions: Sequence[Callable], asked: Sequence[str], share: Sequence[int]
    ) -> None:
        self.left = list(share)
        self._functions, self._asked = functions, asked

    def begin(self) -> int:
        """Fork the process; what it tells can be read at the descriptor returned."""
        self.reader, writer = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            os.close(self.reader)
            with contextlib.suppress(BaseException):
                _try(writer, self._functions, self._asked, self.left)
            os._exit(0)
        os.close(writer)
        self._lives = psutil.Process(self._process)
        self.ended, self._heard = False, (time.monotonic(), 0.0)
        self._rest, self.begun, self._right = b"", False, []
        return self.reader

    @property
    def silent(self) -> bool:
        """Whether no more is expected of it. On a busy machine it may wait for its turn."""
        heard, busy = self._heard
        if time.monotonic() - heard < _SILENT:
            return False
        works = self._lives.status() == psutil.STATUS_RUNNING
        return not works or _processor(self._lives) - busy > _DEAF

    def hear(self) -> Iterator[tuple[int, list[str]]]:
        """Read what it tells: an empty line for each function begun, an exercise that it is
        right for. Gives the functions that are done."""
        data = os.read(self.reader, 65536)
        self.ended, self._heard = not data, (time.monotonic(), _processor(self._lives))
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line:
                self._right.append(line.decode())
            elif self.begun:
                yield self._done()
            self.begun = True

    def end(self) -> Iterator[tuple[int, list[str]]]:
        """Kill the process; the function that it had come to counts as done."""
        os.close(self.reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        if self.begun:
            yield self._done()

    def _done(self) -> tuple[int, list[str]]:
        right, self._right = self._right, []
        return self.left.pop(0), right


def _processor(process: psutil.Process) -> float:
    """Seconds of the processor that it has had."""
    times = process.cpu_times()
    return times.user + times.system


def _try(
    writer: int, functions: Sequence[Callable], asked: Sequence[str], indexes: Sequence[int]
) -> None:
    """In the process: one after another, until one of them changed what the others need."""
    warnings.simplefilter("ignore")
    hardest = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, hardest))
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "r+b") as nowhere:
        os.chdir(folder)
        os.environ["TORCH_COMPILE_DEBUG_DIR"] = folder  # some functions log into it
        if config := sys.modules.get("torch._dynamo.config"):
            config.debug_dir_root = folder
        for descriptor in (0, 1, 2):
            os.dup2(nowhere.fileno(), descriptor)
        signal.signal(signal.SIGPROF, _too_long)
        torch.set_num_threads(1)
        before = _state()
        for index in indexes:
            os.write(writer, b"\n")
            _ask(functions[index], asked, writer)
            if _state() != before:
                return


def _ask(function: Callable, asked: Sequence[str], writer: int) -> None:
    with contextlib.suppress(_TooLong):
        try:
            signal.setitimer(signal.ITIMER_PROF, _SECONDS)
            for exercise in asked:
                if _gives_the_answer(function, QUESTIONS[exercise]):
                    os.write(writer, f"{exercise}\n".encode())
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _gives_the_answer(function: Callable, question: Question) -> bool:
    for way in question.ways:
        try:
            if question.is_right(way(function)):
                return True
        except _TooLong:
            raise  # it would be as long for the next
        except BaseException:
            continue
    return False


class _TooLong(BaseException):
    pass


def _too_long(_signal: int, _frame: Any) -> None:
    raise _TooLong


def _state() -> tuple:
    tensors = [v for v in vars(questions).values() if isinstance(v, torch.Tensor)]
    settings = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    return *settings, *(t.numpy().tobytes() for t in tensors), *(t.shape for t in tensors)
