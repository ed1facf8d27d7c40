"""Each lecture executed from start to end in a fresh kernel: time and peak memory.

The kernel's own peak is read in a cell put after the last one. Import of torch alone is the
yardstick: what any notebook with torch costs at least.
"""

import statistics
import sys
from pathlib import Path

from benchmarks.harness import PEAK_MEMORY, ROOT, Result, in_fresh_process

SECONDS, MEGABYTES = 45, 2000  # the budget of one lecture on two cores
ALL_SECONDS = 300

_EXECUTE = """
import nbformat
from nbclient import NotebookClient

path = {path!r}
notebook = nbformat.read(path, as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell({peak!r} + "\\nprint(peak_mb())"))
resources = {{"metadata": {{"path": {folder!r}}}}}
NotebookClient(notebook, timeout=600, resources=resources).execute()
answer = float(notebook.cells[-1].outputs[-1].text)
"""


def run() -> list[Result]:
    notebooks = sorted((ROOT / "lectures" / "en").glob("*.ipynb"))
    if not notebooks:
        return []
    torch_only = [in_fresh_process("import torch") for _ in range(3)]
    seconds_torch = statistics.median(one["seconds"] for one in torch_only)
    mb_torch = statistics.median(one["peak_mb"] for one in torch_only)
    results = [
        Result("import torch: time", f"{seconds_torch:.1f} s"),
        Result("import torch: peak memory", f"{mb_torch:.0f} MB"),
    ]
    total = 0.0
    for path in notebooks:
        print(f"  {path.stem}", file=sys.stderr, flush=True)
        seconds, mb = _execute(path)
        total += seconds
        results += [
            _row(f"{path.stem}: time", seconds, "s", SECONDS, seconds_torch),
            _row(f"{path.stem}: peak memory", mb, "MB", MEGABYTES, mb_torch),
        ]
    return [*results, _row("all lectures: time", total, "s", ALL_SECONDS, seconds_torch)]


def _execute(path: Path) -> tuple[float, float]:
    """Seconds with the start of the kernel, and the kernel's peak memory in MB."""
    code = _EXECUTE.format(path=str(path), peak=PEAK_MEMORY, folder=str(path.parent))
    done = in_fresh_process(code, timeout=900)
    return done["seconds"], done["answer"]


def _row(what: str, value: float, unit: str, target: float, yardstick: float) -> Result:
    return Result(
        what=what,
        value=f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}",
        target=f"at most {target:g} {unit}",
        met=value <= target,
        detail=f"{value / yardstick:.1f} times import torch",
    )
