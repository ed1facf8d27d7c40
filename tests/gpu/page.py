"""One page's code on a device, in this process: what of it failed.

    python -m tests.gpu.page lectures/06_fcn.py cuda result.json
    python -m tests.gpu.page solutions/fcn/fcn.py cuda result.json

A false claim of a lecture is noted and the page goes on. Of an assignment the model answers go
through their checks. These hand out tensors in the CPU's memory, so the answers are given them
moved to the device, and what they return lies there: as with a student who works on a GPU. An
answer that takes a network, or has trained one in the CPU's memory, gets its arguments as the
check gives them.
"""

import ast
import functools
import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from course_utils import claims, session
from course_utils.checks import exercise as exercises
from course_utils.checks.notebook import examine
from course_utils.teaching.source import parse

__all__ = ["assignment", "lecture", "on_device", "run"]


def run(path: Path, device: str) -> dict[str, Any]:
    """Run a page. Returns how much was asked, what failed in words, seconds, memory."""
    torch.zeros(1, device=device).sum().item()  # a GPU takes seconds to come up
    session.start("en", device=device, data="shapes")
    start = time.perf_counter()
    try:
        asked, failed = (lecture if path.parent.name == "lectures" else assignment)(path)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == path.name] or frames
        place = f"{own[-1].filename}:{own[-1].lineno}"
        asked, failed = 0, [f"{type(error).__name__}: {error} ({place})"]
    used = torch.cuda.max_memory_allocated() if session.current().device.type == "cuda" else 0
    seconds = round(time.perf_counter() - start, 1)
    return {"asked": asked, "failed": failed, "seconds": seconds, "megabytes": used >> 20}


def lecture(path: Path) -> tuple[int, list[str]]:
    """(claims stated, those that are false here); an error in the page's code is raised."""
    _without_a_screen()
    stated, failed = 0, []

    def note(claim, *what) -> None:
        failed.append(claim.sentence(*what))

    say, claims.Claim.say = claims.Claim.say, note
    try:
        names: dict[str, Any] = {"__name__": "__main__"}
        for cell in parse(path).cells:
            if cell.kind == "code":
                tree = ast.parse(cell.text)
                stated += sum(isinstance(node, ast.Assert) for node in ast.walk(tree))
                _execute(claims.rewritten(tree), path, cell.line, names)
    finally:
        claims.Claim.say = say
    return stated, failed


def assignment(path: Path) -> tuple[int, list[str]]:
    """(model answers asked, what the checks say of those that fail)."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in parse(path).cells:
        if cell.kind == "code" and cell.role != "check":
            _execute(ast.parse(cell.text), path, cell.line, names)
    known = exercises.assignment(path.stem)
    device = session.current().device
    verdicts = [
        examine(exercise, on_device(names[exercise.function], device))
        for exercise in known.values()
    ]
    return len(known), [verdict.text() for verdict in verdicts if not verdict.passed]


def on_device(function: Callable, device: torch.device) -> Callable:
    """The function, given tensors on the device and answering there."""

    @functools.wraps(function)
    def moved(*arguments):
        try:
            if any(isinstance(argument, nn.Module) for argument in arguments):
                raise TypeError("a network stays where it is")
            answer = function(*(_moved(argument, device) for argument in arguments))
        except (RuntimeError, TypeError):  # it holds a network of its own on the CPU
            answer = function(*arguments)
        return _moved(answer, device)

    return moved


def _moved(value: Any, device: torch.device) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _moved(item, device) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_moved(item, device) for item in value)
    return value


def _execute(tree: ast.AST, path: Path, line: int, names: dict[str, Any]) -> None:
    ast.increment_lineno(tree, line)  # the cell's mark stands above it
    exec(compile(tree, path.name, "exec"), names)


def _without_a_screen() -> None:
    import IPython.display
    import matplotlib

    matplotlib.use("Agg")
    IPython.display.display = lambda *_anything, **_options: None


def main() -> None:
    path, device, result = sys.argv[1:]
    Path(result).write_text(json.dumps(run(Path(path), device)), encoding="utf-8")


if __name__ == "__main__":
    main()
