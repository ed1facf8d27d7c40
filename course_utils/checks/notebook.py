"""The check that a student runs under a solution: visible seeds, a card, a short error.

check = checks.for_assignment("metrics_and_loss")
check("jaccard", jaccard)
"""

import inspect
import linecache
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch

from course_utils import claims
from course_utils.checks import judging, run_order
from course_utils.checks.banned import find_uses
from course_utils.checks.devices import asks_for_gpu, is_gpu
from course_utils.checks.exercise import Exercise, assignment, installed, resolve
from course_utils.checks.probing import Caller, is_library, probe_cases
from course_utils.checks.said import Said
from course_utils.checks.surroundings import default_device, steady
from course_utils.checks.verdict import Verdict
from course_utils.i18n import N_, _

__all__ = ["VISIBLE_SEED", "CheckFailed", "examine", "for_assignment", "sources_of"]

VISIBLE_SEED = 7


class CheckFailed(AssertionError):
    """A check that did not pass. Its text is the message; a notebook shows no traceback."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.text())
        self.verdict = verdict

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [f"✗ {self.verdict.exercise}: {self.verdict.summary()}"]


def for_assignment(name: str) -> Callable[[str, Any], None]:
    """The check of an assignment, to be called with an exercise's name and the function.

    Raises ValueError for an assignment without checks. Where no exercises are installed, as
    in the kernel that grades, the check only says that it does not run.
    From here on an assert in a cell is Python's own again: an instructor's tests are asserts.
    """
    claims.stop()
    if not installed():
        return lambda *_anything: print(_("Checks don't run here."))
    exercises = assignment(name)

    def check(exercise_name: str, function: Any) -> None:
        """Show whether the function is right; raise CheckFailed where it is not."""
        if exercise_name not in exercises:
            raise ValueError(
                f"Expected an exercise of {name} ({', '.join(exercises)}), "
                f"got {exercise_name!r}."
            )
        _show(examine(exercises[exercise_name], function))

    return check


def examine(exercise: Exercise, function: Any, seed: int = VISIBLE_SEED) -> Verdict:
    """The verdict on a function of this process, with its smallest failing case in full."""
    bans, sources = exercise.bans, sources_of(function)
    uses = find_uses(getattr(function, "__name__", exercise.function), sources, bans)
    if uses:
        return judging.banned_verdict(exercise, uses)
    caller = Caller(function, watched=exercise.watched, seconds=exercise.seconds)
    with steady():
        cases = exercise.cases(seed)
        questions = [(case.inputs, case.strided) for case in cases]
        got = probe_cases(resolve(exercise.probe), caller, questions)
        verdict = judging.judge(judging.Answers(exercise, cases), got, hidden=False)
    warnings = tuple(_gpu_warnings(function, sources)) if torch.cuda.is_available() else ()
    return replace(verdict, lines=(*verdict.lines, *warnings))


def sources_of(function: Any) -> list[str]:
    """The cells (or files) where the function and what it reaches are defined.

    Names that stand for modules or library objects come as import lines, whatever cell
    imported them.
    """
    sources: dict[str, str] = {}
    imports: dict[str, str] = {}
    for code, read in _reached(function):
        sources.setdefault(code.co_filename, "".join(linecache.getlines(code.co_filename)))
        for name, value in read.items():
            line = _import_line(name, value)
            imports.update({name: line} if line else {})
    return ["\n".join(imports.values()), *sources.values()]


def _reached(function: Any) -> Iterator[tuple[types.CodeType, dict[str, Any]]]:
    """The student's own code that a function reaches, with the global names that it reads."""
    todo, seen = [function], set()
    while todo:
        item = inspect.unwrap(todo.pop()) if callable(function) else todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        for code, names in _codes(item):
            if not is_library(code.co_filename):
                read = {name: names[name] for name in _names(code) if name in names}
                yield code, read
                todo += read.values()


def _gpu_warnings(function: Any, sources: list[str]) -> Iterator[Said]:
    """Sentences on what asks for a GPU by its name: it runs here, and not at grading."""
    cells = run_order.executed()
    names = {
        n for _code, read in _reached(function) for n, value in read.items() if is_gpu(value)
    }
    places = [*asks_for_gpu(sources), *asks_for_gpu(cells, binding=names)]
    if (default_device() or torch.device("cpu")).type != "cpu":
        places += asks_for_gpu([cell for cell in cells if "set_default_device" in cell])
    if places:
        yield Said(judging.NO_GPU)
    for line, code in dict.fromkeys(places):
        yield Said(N_("In line {line} of your cell: {code}"), {"line": line, "code": code})


def _show(verdict: Verdict) -> None:
    if not verdict.passed and not _in_notebook():
        raise CheckFailed(verdict)  # its text says all
    if _in_notebook():
        from IPython.display import publish_display_data

        publish_display_data({"text/html": verdict.html(), "text/plain": verdict.text()})
        if verdict.picture:
            alternative = verdict.text().splitlines()[0]
            publish_display_data({"image/png": verdict.picture, "text/plain": alternative})
    else:
        print(verdict.text())
    if not verdict.passed:
        raise CheckFailed(verdict)


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", ""))


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _codes(item: Any) -> list[tuple[types.CodeType, dict[str, Any]]]:
    """Code objects of a function, or of a class's methods, with their global names.

    A class may hold itself, or classes that hold it: each is looked into once.
    """
    found: list[tuple[types.CodeType, dict[str, Any]]] = []
    todo, seen = [item], set()
    while todo:
        item = todo.pop(0)
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, types.MethodType):
            item = item.__func__
        if isinstance(item, types.FunctionType):
            cells = inspect.getclosurevars(item).nonlocals if item.__closure__ else {}
            found.append((item.__code__, {**item.__globals__, **cells}))
        elif isinstance(item, type):
            todo += vars(item).values()
        elif isinstance(item, staticmethod | classmethod):
            todo.append(item.__func__)
        elif isinstance(item, property):
            todo += filter(None, (item.fget, item.fset, item.fdel))
        elif callable(item) and type(item).__module__ == "__main__":
            todo.append(type(item))
    return found


def _names(code: types.CodeType) -> set[str]:
    names = set(code.co_names) | set(code.co_freevars)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def _import_line(name: str, value: Any) -> str | None:
    if not name.isidentifier():
        return None
    if isinstance(value, types.ModuleType):
        return f"import {value.__name__} as {name}"
    if not hasattr(value, "__qualname__"):
        value = type(value)  # an object of a library: what it is tells as much
    module, own = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    library = isinstance(module, str) and module not in ("__main__", "builtins")
    if library and isinstance(own, str) and own.isidentifier() and _is_installed(value):
        return f"from {module} import {own} as {name}"
    return None


def _is_installed(value: Any) -> bool:
    try:
        return is_library(inspect.getfile(value))
    except (TypeError, OSError):
        return True  # built-in
