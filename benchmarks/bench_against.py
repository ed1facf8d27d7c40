"""What `course grade` costs in units of what another revision's cost, in pairs in one run.

`python -m benchmarks --against REV`: for each assignment, the first hand-ins of the demo's
class that run, right ones and mistakes. Both revisions grade the same files, released by this
one, each with its own package and settings, in turn.

In the environment COURSE_BENCH_HAND_INS says how many of each class (4), COURSE_BENCH_PAIRS how
many pairs of runs (3).
"""

import contextlib
import ctypes
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench_grading import make_course
from benchmarks.harness import Result, cores, price
from benchmarks.other_tree import REVISION, Tree, checked_out, here
from course_utils.teaching import config
from course_utils.teaching.demo_class import classes
from course_utils.teaching.programs import find_own_programs_first
from course_utils.teaching.settings import CONFIG

__all__ = ["cost", "run"]

MOST = 1.1
_HAND_INS = int(os.environ.get("COURSE_BENCH_HAND_INS", "4"))
_PAIRS = int(os.environ.get("COURSE_BENCH_PAIRS", "3"))
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_SECONDS_TO_END = 60  # for what a program left behind

Cost = tuple[float, float]  # seconds of the processor, seconds on the wall


def run() -> list[Result]:
    if REVISION not in os.environ:
        return []
    find_own_programs_first()
    with checked_out(os.environ[REVISION]) as theirs, tempfile.TemporaryDirectory() as place:
        ours = here()
        pairs = {}
        for name in _common(ours, theirs):
            made = Path(place, name)
            make_course(made, _HAND_INS, name)
            pairs[f"{name}, {_HAND_INS} hand-ins"] = _pairs(made, name, ours, theirs)
    if len(pairs) > 1:
        pairs["all of them"] = [_sum(rows) for rows in zip(*pairs.values(), strict=True)]
    return [row for what, found in pairs.items() for row in _rows(what, found, theirs.name)]


def cost(command: Sequence[str], folder: Path) -> tuple[Cost, str]:
    """What a program costs with all that it starts, however that ends; and what it said.

    Linux gives a process the times of those whose end it has waited for. What nobody waits for
    comes to this process, which then does.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)
    before, began = _children(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    _wait_for_orphans()
    return (_children() - before, seconds), done.stderr


def _common(*trees: Tree) -> list[str]:
    """Assignments that have a class and are there in both."""
    known = [config.load(tree.root).assignments for tree in trees]
    return [name for name in classes(known[0]) if all(name in names for names in known)]


def _pairs(made: Path, name: str, ours: Tree, theirs: Tree) -> list[tuple[Cost, Cost]]:
    """(ours, theirs) of each pair; which comes first changes from pair to pair. The first pair
    warms the disk and is not counted."""
    found = []
    for number in range(_PAIRS + 1):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        costs = {tree: _graded(made, name, tree) for tree in order}
        print(f"{name}: {costs[ours]} against {costs[theirs]}", file=sys.stderr, flush=True)
        found.append((costs[ours], costs[theirs]))
    return found[1:]


def _graded(made: Path, name: str, tree: Tree) -> Cost:
    """Of grading a copy of the course with the tree's own settings."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place, "course")
        shutil.copytree(made, root)
        for file in (CONFIG, config.FILE_NAME):
            shutil.copy(tree.root / file, root)
        words = ["-m", "course_utils.teaching.cli", "grade", name, "-q", "--jobs", str(cores())]
        found, said = cost([tree.python, *words], root)
    if f"{_HAND_INS} graded now" not in said:
        raise RuntimeError(said[-2000:])
    return found


def _rows(what: str, pairs: Sequence[tuple[Cost, Cost]], name: str) -> list[Result]:
    return [
        price(
            f"{what}: {kind} in units of {name}'s",
            [ours[place] for ours, _theirs in pairs],
            [theirs[place] for _ours, theirs in pairs],
            target=MOST,
        )
        for place, kind in enumerate(("time of the processor", "time on the wall"))
    ]


def _sum(rows: Sequence[tuple[Cost, Cost]]) -> tuple[Cost, Cost]:
    ours, theirs = (
        tuple(map(sum, zip(*side, strict=True))) for side in zip(*rows, strict=True)
    )
    return ours, theirs


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wait_for_orphans() -> None:
    end = time.monotonic() + _SECONDS_TO_END
    with contextlib.suppress(ChildProcessError):  # there are no more
        while time.monotonic() < end:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.05)
        raise RuntimeError("What the program started goes on without it.")
