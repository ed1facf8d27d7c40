"""The check that a student runs under a solution: visible seeds, a card, a short error.

check = checks.for_assignment("metrics_and_loss")
check("jaccard", jaccard)
"""

import inspect
import linecache
import types
from collections.abc import Callable
from typing import Any

from course_utils import claims
from course_utils.checks import judging
from course_utils.checks.banned import find_uses
from course_utils.checks.exercise import Exercise, assignment, installed, resolve
from course_utils.checks.probing import Caller, is_library, probe_cases
from course_utils.checks.verdict import Verdict
from course_utils.i18n import _

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
    bans = exercise.bans
    uses = find_uses(
        getattr(function, "__name__", exercise.function), sources_of(function), bans
    )
    if uses:
        return judging.banned_verdict(exercise, uses)
    cases = exercise.cases(seed)
    caller = Caller(function, watched=exercise.watched, seconds=exercise.seconds)
    questions = [(case.inputs, case.strided) for case in cases]
    got = probe_cases(resolve(exercise.probe), caller, questions)
    return judging.judge(judging.Answers(exercise, cases), got, hidden=False)


def sources_of(function: Any) -> list[str]:
    """The cells (or files) where the function and what it reaches are defined.

    Names that stand for modules or library objects come as import lines, whatever cell
    imported them.
    """
    sources: dict[str, str] = {}
    imports: dict[str, str] = {}
    todo, seen = [function], set()
    while todo:
        item = inspect.unwrap(todo.pop()) if callable(function) else todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        for code, names in _codes(item):
            if is_library(code.co_filename):
                continue
            lines = linecache.getlines(code.co_filename)
            sources.setdefault(code.co_filename, "".join(lines))
            for name in _names(code):
                if name in names:
                    line = _import_line(name, names[name])
                    imports.update({name: line} if line else {})
                    todo.append(names[name])
    return ["\n".join(imports.values()), *sources.values()]


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
