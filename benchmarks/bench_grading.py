"""Grading a class: `course grade` in its sandbox against `nbgrader autograde` one by one.

The class is the demo's of metrics_and_loss, its hand-ins that run, over and over: right ones,
mistakes, one that warns, one blank. The same notebooks go to both; nbgrader has no settings
but a longer time limit, no sandbox, and its checks run inside the student's kernel.
"""

import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil

from benchmarks.harness import ROOT, Result, cores, faster
from course_utils.teaching import config
from course_utils.teaching.demo_class import classes, hand_in
from course_utils.teaching.programs import find_own_programs_first

NAME = "metrics_and_loss"
CLASS = 40
SIZES = (10, 100, 1000)
BRIEF = bool(os.environ.get("COURSE_BENCH_BRIEF"))  # without the class of a thousand


def run() -> list[Result]:
    find_own_programs_first()
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "made"
        make_course(made, max(SIZES))
        theirs = stock_seconds(Path(place) / "stock", made)
        two, _none = graded(Path(place) / "two", made, CLASS, cores())
        one, _none = graded(Path(place) / "one", made, CLASS, 1)
        again, _none = graded(Path(place) / "again", made, CLASS, cores())
        _slower, memory = graded(Path(place) / "memory", made, CLASS, cores(), watched=True)
        results = [
            faster(
                f"{CLASS} hand-ins, {cores()} workers in a sandbox: faster than nbgrader",
                [two, again],
                [theirs] * 2,
                target=8,
            ),
            faster("the same with one worker", [one], [theirs]),
            *(Result(f"memory of {what}", f"{mb:.0f} MB") for what, mb in memory.items()),
        ]
        return results + growth(Path(place), made)


def growth(place: Path, made: Path) -> list[Result]:
    """Seconds a hand-in and memory as the class grows."""
    found, peaks = {}, {}
    for size in SIZES[:2] if BRIEF else SIZES:
        found[size], memory = graded(place / f"class{size}", made, size, cores(), watched=True)
        peaks[size] = memory["the program itself, peak"]
    sizes = sorted(found)
    each = [(found[b] - found[a]) / (b - a) for a, b in itertools.pairwise(sizes)]
    shown = ", ".join(f"{size}: {found[size]:.0f} s" for size in sizes)
    rows = [
        Result(
            f"a further hand-in, from {a} to {b}",
            f"{seconds:.2f} s",
            detail=shown,
        )
        for a, b, seconds in zip(sizes, sizes[1:], each, strict=False)
    ]
    if len(each) > 1:
        bend = each[1] / each[0]
        rows.append(
            Result(
                "the second over the first: 1 is a straight line",
                f"{bend:.2f}×",
                target="at most 1.2×",
                met=bend <= 1.2,
            )
        )
    rise = peaks[sizes[-1]] - peaks[sizes[0]]
    rows.append(
        Result(
            f"growth of the program's peak memory from {sizes[0]} to {sizes[-1]} hand-ins",
            f"{rise:.0f} MB",
            target="at most 60 MB",
            met=rise <= 60,
            detail=", ".join(f"{size}: {peaks[size]:.0f} MB" for size in sizes),
        )
    )
    return rows


def make_course(root: Path, number: int, name: str = NAME) -> None:
    """A course folder whose class handed in `number` notebooks of the assignment."""
    course = config.load(ROOT)
    students = [s for s in classes(course.assignments)[name] if s.state == "graded"]
    source = root / "solutions" / name
    source.mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / name / f"{name}.ipynb", source)
    for file in ("nbgrader_config.py", config.FILE_NAME):
        shutil.copy(ROOT / file, root)
    for language in course.languages:
        nbgrader(root, "generate_assignment", name, "--force", COURSE_LANGUAGE=language)
    solved = nbformat.read(source / f"{name}.ipynb", 4)
    texts = {}
    for student in students[:number]:
        path = root / "assignments" / student.language / name / f"{name}.ipynb"
        texts[student.id] = hand_in(name, student, nbformat.read(path, 4), solved)
    for index in range(number):
        student = students[index % len(students)]
        folder = root / "submitted" / f"s{index:04d}" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(texts[student.id], encoding="utf-8")


def stock_seconds(root: Path, made: Path) -> float:
    """Seconds that nbgrader's own autograde takes for the class, without settings."""
    source = root / "source" / NAME
    source.mkdir(parents=True)
    shutil.copy(made / "solutions" / NAME / f"{NAME}.ipynb", source)
    nbgrader(root, "generate_assignment", NAME)
    take(made, root, CLASS)
    began = time.perf_counter()
    nbgrader(root, "autograde", NAME, "--Execute.timeout=300")
    return time.perf_counter() - began


def graded(
    root: Path, made: Path, number: int, jobs: int, *, watched: bool = False
) -> tuple[float, dict[str, float]]:
    """Seconds that `course grade` takes for the first hand-ins, and peaks of memory in MB.

    Memory is looked at only where it is `watched`: the system adds up all pages of a dozen
    processes for it, twice a second, on the cores that grade.
    """
    shutil.copytree(made, root, ignore=shutil.ignore_patterns("submitted"))
    take(made, root, number)
    command = [sys.executable, "-m", "course_utils.teaching.cli", "grade", NAME, "-q"]
    began = time.perf_counter()
    with (
        (root / "log.txt").open("w") as log,
        subprocess.Popen([*command, "--jobs", str(jobs)], cwd=root, stderr=log) as process,
    ):
        memory = Memory(process.pid) if watched else None
        process.wait()
        seconds = time.perf_counter() - began
        peaks = memory.peaks() if memory else {}
    said = (root / "log.txt").read_text()
    if process.returncode or f"{number} graded now" not in said:
        raise RuntimeError(said[-2000:])
    shutil.rmtree(root)
    return seconds, peaks


def take(made: Path, root: Path, number: int) -> None:
    for folder in sorted((made / "submitted").iterdir())[:number]:
        shutil.copytree(folder, root / "submitted" / folder.name)


def nbgrader(root: Path, *command: str, **environment: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=root,
        env=os.environ | environment,
        check=True,
        capture_output=True,
    )


class Memory:
    """Peaks of memory of a program and all that it starts, in proportional set size (PSS)."""

    def __init__(self, pid: int) -> None:
        self._program = psutil.Process(pid)
        self._own: list[float] = []
        self._all: list[float] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def peaks(self) -> dict[str, float]:
        self._thread.join()
        return {
            "the program itself, peak": max(self._own),
            "all its processes together, peak": max(self._all),
            "all its processes together, median": statistics.median(self._all),
        }

    def _watch(self) -> None:
        while self._program.is_running():
            try:
                family = [self._program, *self._program.children(recursive=True)]
                sizes = [_pss(process) for process in family]
            except (psutil.Error, IndexError):
                if not self._program.is_running() or self._program.status() == "zombie":
                    return
                continue
            self._own.append(sizes[0])
            self._all.append(sum(sizes))
            time.sleep(0.5)


def _pss(process: psutil.Process) -> float:
    try:
        return process.memory_full_info().pss / 1e6
    except psutil.Error:
        return 0.0
