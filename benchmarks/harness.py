"""Measuring two ways of doing a thing so that the ratio can be believed.

A topic is a file `benchmarks/bench_<topic>.py` with a docstring, whose first line is the
heading of its table, and

    def run() -> list[Result]:
        with_loop, with_table = interleaved([count_by_loop, count_by_table])
        return [faster("counting by table", with_table, with_loop, target=10)]

`python -m benchmarks <topic>` runs it and replaces that topic's table in RESULTS.md.

Milliseconds belong to one machine on one day, ratios hold longer. So the ways are run in turn
(A B A B ...), each round gives one ratio, and the median of the ratios is reported with their
middle half: a slow moment of the machine hits both ways, or is one outlier among many.
Peak memory is that of a fresh process, because a process never gives its peak back.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

__all__ = [
    "PEAK_MEMORY",
    "Result",
    "cores",
    "faster",
    "in_fresh_process",
    "interleaved",
    "machine",
    "price",
    "versions",
]

ROOT = Path(__file__).parents[1]

# Python source of `peak_mb()`: the largest resident set so far, in MB (10^6 bytes). Linux's
# VmHWM is the process's own; ru_maxrss can still hold what its parent had before exec.
PEAK_MEMORY = """
def peak_mb():
    import resource, sys
    try:
        with open("/proc/self/status") as file:
            peak = next(line for line in file if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1.024e-3
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
"""


@dataclass(frozen=True)
class Result:
    """A row of a table.

    what: the thing measured and what against. value: as shown, with its unit.
    spread: the middle half of the rounds, as shown. target: what it should be, or empty.
    met: whether it is; None without a target. detail: the milliseconds behind the ratio.
    """

    what: str
    value: str
    spread: str = ""
    target: str = ""
    met: bool | None = None
    detail: str = ""


def interleaved(
    ways: Sequence[Callable[[], object]],
    *,
    rounds: int = 15,
    warmup: int = 2,
    before: Callable[[], object] | None = None,
) -> list[list[float]]:
    """Seconds of each way in each round, the ways in turn; a GPU is waited for.

    before: called ahead of every single run, outside the time.
    """
    seconds: list[list[float]] = [[] for _ in ways]
    for round_ in range(warmup + rounds):
        for way, taken in zip(ways, seconds, strict=True):
            if before is not None:
                before()
            _wait_for_gpu()
            start = time.perf_counter()
            way()
            _wait_for_gpu()
            if round_ >= warmup:
                taken.append(time.perf_counter() - start)
    return seconds


def faster(
    what: str, ours: Sequence[float], theirs: Sequence[float], *, target: float | None = None
) -> Result:
    """How many times faster ours is: the median over rounds of theirs / ours."""
    return _ratio(what, theirs, ours, _shown(ours, theirs), "at least", target)


def price(
    what: str, ours: Sequence[float], theirs: Sequence[float], *, target: float | None = None
) -> Result:
    """What ours costs in units of theirs: the median over rounds of ours / theirs."""
    return _ratio(what, ours, theirs, _shown(ours, theirs), "at most", target)


def in_fresh_process(code: str, *, timeout: float = 600) -> dict:
    """Run Python source in a new interpreter at the root of the repository.

    The code may set `answer` to anything JSON can hold.
    Returns {"answer": ..., "seconds": wall time with the start, "peak_mb": ...}.
    Raises RuntimeError with the end of its stderr where it fails.
    """
    source = f"answer = None\n{PEAK_MEMORY}\n{code}\n"
    source += "import json as _json\n"
    source += "print('\\n' + _json.dumps({'answer': answer, 'peak_mb': peak_mb()}))\n"
    start = time.perf_counter()
    command = [sys.executable, "-c", source]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"A measured process failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1]) | {"seconds": seconds}


def machine() -> str:
    """The kind of machine in one line: processor, cores, threads of torch, memory, GPU."""
    parts = [
        _processor(),
        f"{cores()} cores",
        f"{torch.get_num_threads()} threads of torch",
        f"{_memory_gb():.0f} GB",
    ]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    return ", ".join(parts)


def cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def versions(packages: Sequence[str] = ("torch", "torchvision", "torchmetrics")) -> str:
    """The versions behind the figures in one line."""
    found = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def _ratio(what, above, below, detail: str, sense: str, target: float | None) -> Result:
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    met = None
    if target is not None:
        met = middle >= target if sense == "at least" else middle <= target
    return Result(
        what=what,
        value=f"{middle:.3g}×",
        spread=f"{low:.3g}–{high:.3g}",
        target="" if target is None else f"{sense} {target:g}×",
        met=met,
        detail=detail,
    )


def _shown(ours: Sequence[float], theirs: Sequence[float]) -> str:
    ours_ms, theirs_ms = (1000 * statistics.median(times) for times in (ours, theirs))
    return f"{ours_ms:.3g} ms against {theirs_ms:.3g} ms"


def _wait_for_gpu() -> None:
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return float("nan")
