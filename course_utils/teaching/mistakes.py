"""What is wrong with an answer, in a few words for the class's table.

A verdict in an autograded notebook names a mistake of the catalogue, or only its kind; both
are put into the language in use, whatever language the hand-in was in.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

from nbformat import NotebookNode

from course_utils.i18n import N_, _, language

__all__ = ["KINDS", "errors_of_cells", "mistakes_in_words"]

# kind of a verdict, see `checks.verdict.Verdict` -> words
KINDS = {
    "syntax": N_("a syntax error, so the cell could not run"),
    "stopped": N_("the cell stopped with an error"),
    "time": N_("does not finish: an endless loop?"),
    "blank": N_("not written"),
    "missing": N_("there is no such function"),
    "not callable": N_("no function but a value"),
    "signature": N_("takes other arguments than it must"),
    "raised": N_("stops with an error"),
    "trouble": N_("stops with an error"),
    "exit": N_("ends the program"),
    "no gpu": N_("asks for a GPU by its name"),
    "banned": N_("calls what the exercise forbids"),
    "reply": N_("gave no answer that could be read"),
    "nothing": N_("returns nothing"),
    "type": N_("returns another type"),
    "shape": N_("returns another shape"),
    "dtype": N_("returns another kind of numbers"),
    "keys": N_("returns other keys"),
    "nan": N_("nan where it must not be, or none where it must"),
    "value": N_("other values than the right ones"),
    "gradient": N_("another gradient than the right one"),
    "changed": N_("changes its arguments"),
    "mistake": N_("one of several known mistakes"),
}
OTHER = N_("not the right answer")  # of a kind that an exercise has for itself
_SYNTAX = ("SyntaxError", "IndentationError", "TabError")
_SOLUTION = "-solution"
_END = re.compile(r"(?<=\w{3}\.) (?=[A-ZА-ЯЁ])")  # of a sentence, and of no abbreviation


def mistakes_in_words(assignment: str) -> Callable[[str, Mapping], str]:
    """(exercise, its verdict) -> what is wrong; "" where nothing is, or nothing is known."""

    def words(exercise: str, verdict: Mapping) -> str:
        if verdict.get("passed", True):
            return ""
        if sentence := _sentences(assignment).get((exercise, verdict.get("mistake"))):
            return _END.split(_(sentence))[0]
        kind = verdict.get("kind")
        if kind == "not run":
            return ""  # the hand-in's own reason says it
        if kind:
            return _(KINDS.get(kind, OTHER))
        known = verdict.get("language") == language()
        return (known and verdict.get("summary")) or verdict.get("mistake") or ""

    return words


def errors_of_cells(notebook: NotebookNode) -> dict[str, str]:
    """Exercise -> why its own cell left no function: "syntax", or "stopped"."""
    return {
        name.removesuffix(_SOLUTION): "syntax" if output.get("ename") in _SYNTAX else "stopped"
        for cell in notebook.cells
        if (name := cell.metadata.get("nbgrader", {}).get("grade_id", "")).endswith(_SOLUTION)
        for output in cell.get("outputs", ())
        if output.output_type == "error"
    }


@cache
def _sentences(assignment: str) -> dict[tuple[str, str], str]:
    """(exercise, name of a mistake) -> its sentence, as the catalogue has it."""
    from course_utils.checks import exercise as exercises  # late: it brings torch

    try:
        known = exercises.assignment(assignment)
    except ValueError:  # an assignment of the instructor's own, without checks of ours
        return {}
    return {
        (exercise.name, mistake.name): mistake.sentence
        for exercise in known.values()
        for mistake in exercise.mistakes
    }
