"""The set-up cell in an emulated Colab: a fresh runtime, and the cell run again.

The package comes from a git repository on the same disk, so that no network is in these
times; what the emulation is, and what it can't show, tests/colab/emulation.py says. A fresh
session imports torch, as Colab's own would: that share stands in a row of its own.
"""

import statistics
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import nbformat

from benchmarks.harness import ROOT, Result
from course_utils.teaching.config import load
from course_utils.teaching.publish.edition import edition
from course_utils.teaching.setup_cell import SETUP_TAG
from tests.colab import emulation

ROUNDS = 5


def run() -> list[Result]:
    course = load(ROOT)
    files = edition(course, tag=emulation.TAG)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS + 1):
            for what, seconds in one_round(Path(folder), course, files).items():
                if number:  # the first fills the disk's cache
                    found.setdefault(what, []).append(seconds)
    return [
        result("set-up cell in a fresh runtime", found["fresh"], target=20),
        result("the same in another session, the package there", found["there"]),
        result("the same again in one session", found["again"], target=1),
        result("import torch, torchvision alone, in a session of its own", found["torch"]),
    ]


def one_round(folder: Path, course, files) -> dict[str, float]:
    """Seconds of each way to run the cell."""
    path = "lectures/en/04_segmentation_metrics.ipynb"
    page = nbformat.reads(files[path].decode(), as_version=4)
    (setup,) = [c for c in page.cells if SETUP_TAG in c.metadata.get("tags", ())]
    torch = nbformat.v4.new_code_cell("import torch, torchvision")
    with emulation.fresh(folder, course, files) as colab:
        alone = colab.run([torch])
        first = colab.run([setup, nbformat.v4.new_code_cell(setup.source)])
        there = colab.run([setup])
    return {
        "torch": seconds(alone.cells[0]),
        "fresh": seconds(first.cells[0]),
        "again": seconds(first.cells[1]),
        "there": seconds(there.cells[0]),
    }


def seconds(cell) -> float:
    """How long the kernel was busy with the cell, by nbclient's own notes."""
    times = cell.metadata.execution
    begin, end = times["iopub.status.busy"], times["iopub.status.idle"]
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def result(what: str, times: Sequence[float], target: float | None = None) -> Result:
    low, middle, high = statistics.quantiles(times, n=4)
    return Result(
        what=what,
        value=f"{middle:.2f} s",
        spread=f"{low:.2f}–{high:.2f}",
        target="" if target is None else f"at most {target:g} s",
        met=None if target is None else middle <= target,
    )
