"""What an exercise is: cases, a probe, the right answer, known mistakes, banned calls.

One specification serves the student's check, the hidden test, the diagnosis and the tests of
the checks themselves. It must be readable without the right answer at hand: `model` is an
import path that only judging resolves, because a kernel that grades has no reference.
"""

import hashlib
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from course_utils.i18n import N_

__all__ = [
    "COMMON_BANS",
    "HIDING",
    "PROCESSES",
    "Banned",
    "Case",
    "Exercise",
    "Mistake",
    "assignment",
    "assignments",
    "draw",
    "ready_made",
    "resolve",
]


@dataclass(frozen=True)
class Case:
    """One question to the student's function.

    title: what is hard about it, marked with N_ ("void pixels").
    inputs: arguments by name, plain data only (see `wire`).
    strided: names of inputs that the function gets as non-contiguous tensors.
    truth: the right answer, where it is known and no function of the inputs (what is drawn in
        a picture); it never leaves the judge.
    """

    title: str
    inputs: dict[str, Any]
    strided: tuple[str, ...] = ()
    truth: Any = None


@dataclass(frozen=True)
class Mistake:
    """A known wrong solution and the sentence that names it.

    sentence: marked with N_, true of every answer that equals this solution's.
    solution: the wrong function, with the exercise's signature. It may raise.
    why: a second sentence on how to see it, without the answer's code.
    """

    name: str
    sentence: str
    solution: Callable
    why: str | None = None


@dataclass(frozen=True)
class Banned:
    """Names that would give the exercise away, and why it wants the work by hand.

    names: dotted; a name covers all below it ("torchmetrics"). Methods of tensors are
    "torch.Tensor.softmax". A trailing * covers names that begin so.
    """

    names: tuple[str, ...]
    reason: str


COMMON_BANS = (
    Banned(
        ("course_utils.reference", "course_utils.checks"),
        N_("The course's own answers and checks are there to compare with, not to hand in."),
    ),
    Banned(("eval", "exec"), N_("What it runs can't be read; write it as plain code.")),
)
HIDING = Banned(
    (
        *("sys.setprofile", "threading.setprofile", "torch.overrides._*", "torch.jit.load"),
        *("torch.utils._python_dispatch", "torch._C._DisableTorchDispatch"),
        *("torch._C.DisableTorchFunction*", "torch._C._pop_torch_*"),
    ),
    N_("It hides from the check what your code calls."),
)
PROCESSES = Banned(
    (
        *("os.fork*", "os.posix_spawn*", "os.spawn*", "os.system", "os.popen", "subprocess"),
        *("pty", "multiprocessing.Process", "multiprocessing.Pool", "multiprocessing.Manager"),
        *("multiprocessing.get_context", "multiprocessing.pool.Pool", "torch.multiprocessing"),
        *("concurrent.futures.ProcessPoolExecutor", "concurrent.futures.process"),
    ),
    N_(
        "While a check calls your function it may start no other process, and those from before"
        " stand still: what happens there is not seen. A DataLoader with num_workers=0 works "
        "without."
    ),
)


@dataclass(frozen=True)
class Exercise:
    """One exercise of an assignment; `name` is also its grade_id.

    parameters: names of the function's parameters, in order.
    cases: seed -> cases, from the smallest to the hardest.
    probe: import path of probe(caller, inputs) -> Observation, free of any answer
        (see `probing.Caller`).
    model: import path of the right answer, with the student's signature; None where each
        case brings its `truth`.
    compare: (expected, got) -> Difference or None, for two observations of one case.
    picture: (case, expected, got) -> matplotlib figure or None.
    seconds: limit for one call of the student's function.
    operators: patterns of ATen's operators that give the answer away, whatever function of
        torch calls them ("aten._softmax*", see `watch`).
    trains: whether the answer is found by training, where processes of its own are a help.
    tolerance: how far from a known mistake's numbers an answer may lie and still be that
        mistake, where answers are found by a search and none is exact.
    """

    name: str
    function: str
    parameters: tuple[str, ...]
    cases: Callable[[int], list[Case]]
    model: str | None
    compare: Callable
    mistakes: tuple[Mistake, ...]
    probe: str = "course_utils.checks.probing:observe_call"
    banned: tuple[Banned, ...] = ()
    picture: Callable | None = None
    seconds: float = 5.0
    tolerance: float = 0.0
    operators: tuple[str, ...] = ()
    trains: bool = False

    @property
    def bans(self) -> tuple[Banned, ...]:
        """The exercise's own bans and those of every exercise."""
        processes = () if self.trains else (PROCESSES,)
        return (*self.banned, *COMMON_BANS, HIDING, *processes)

    @property
    def watched(self) -> dict[str, Any]:
        """What a `watch` looks for; plain data."""
        return {
            "banned": [n for ban in self.banned + COMMON_BANS for n in ban.names],
            "operators": list(self.operators),
            "alone": not self.trains,
        }


def ready_made(exercise: str, home: str) -> tuple[str, ...]:
    """All that gives the exercise's answer, as a search of the libraries found it.

    home: `__file__` of a module of its assignment. The lists are written by
    `course_utils.teaching.ready_made`.
    """
    path = Path(home).parent / "ready_made" / f"{exercise}.txt"
    return tuple(path.read_text(encoding="utf-8").split())


def resolve(path: str) -> Any:
    """The object at "package.module:name", imported now.

    Raises ValueError for a path of another form, ImportError or AttributeError when it
    leads nowhere.
    """
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise ValueError(f'Expected "package.module:name", got {path!r}.')
    return getattr(importlib.import_module(module), name)


def assignment(name: str) -> dict[str, Exercise]:
    """The exercises of an assignment by name. Raises ValueError for an unknown assignment."""
    if not (name.isidentifier() and name in assignments()):
        raise ValueError(f"Expected the name of an assignment with checks, got {name!r}.")
    exercises = importlib.import_module(f"{_HOME}.{name}.exercises").EXERCISES
    return {exercise.name: exercise for exercise in exercises}


def assignments() -> list[str]:
    """The names of all assignments that have checks here."""
    if importlib.util.find_spec(_HOME) is None:
        return []
    home = importlib.import_module(_HOME)
    folders = (found.name for found in pkgutil.iter_modules(home.__path__) if found.ispkg)
    return sorted(n for n in folders if importlib.util.find_spec(f"{_HOME}.{n}.exercises"))


def installed() -> bool:
    """Whether there are exercises here at all; a kernel that grades has their probes alone."""
    return bool(assignments())


def draw(seed: int, *what: str) -> torch.Generator:
    """A generator of random numbers for one use of a seed.

    The seed may be any integer; streams for different `what` are independent.
    """
    text = "/".join(["checks", str(int(seed)), *what]).encode()
    number = int.from_bytes(hashlib.sha256(text).digest()[:8], "little") >> 1
    return torch.Generator().manual_seed(number)


_HOME = "course_utils.checks.assignments"
