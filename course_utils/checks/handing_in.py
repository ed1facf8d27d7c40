"""The last cell of an assignment: all checks once more, the marks they give, the file.

    checks.hand_in("metrics_and_loss", {"jaccard": 3, "essay": 3})

Nothing here is graded, and nothing here may cost a student an evening: whatever goes wrong is
said in a sentence, and the cell ends well. While a hand-in is graded it does nothing at all.
"""

import contextlib
import os
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

from course_utils import essays
from course_utils.checks import own_notebook, run_order
from course_utils.checks.exercise import Exercise, assignment, installed
from course_utils.checks.notebook import examine
from course_utils.i18n import _

__all__ = ["hand_in"]

_GRADING = "NBGRADER_EXECUTION"  # in the environment while nbgrader runs a notebook
_WIDTH = 88  # letters: notebooks break longer lines inside words


def hand_in(name: str, points: Mapping[str, float]) -> None:
    """Run the checks of the assignment, say what to look at, and offer the file.

    points: exercise or essay -> points, in the order of the notebook. The marks shown are
    what the visible checks give; the real ones come from the same checks on other data.
    """
    if not installed() or os.environ.get(_GRADING):
        return
    try:
        _show_marks(name, points)
        notebook, trouble = own_notebook.find()
        for sentence in _to_look_at(name, points, notebook):
            _say(f"⚠ {sentence}")
        print()
        _say(trouble or own_notebook.offer(notebook, name))
    except Exception as error:
        print(
            _(
                "This cell met an error ({error}). It changes nothing: save the notebook, "
                "download it as {name}.ipynb and hand that in."
            ).format(error=f"{type(error).__name__}: {error}"[:200], name=name)
        )


def _to_look_at(name: str, points: Mapping[str, float], notebook: Any) -> list[str]:
    """Essays without an answer, cells not run or run out of order."""
    by_hand = [essay for essay in points if essay not in assignment(name)]
    return [
        *essays.warnings(notebook, by_hand),
        *run_order.warnings(notebook, run_order.executed()),
    ]


def _show_marks(name: str, points: Mapping[str, float]) -> None:
    """A line for each exercise, printed as soon as its check is through, then the sum."""
    exercises = assignment(name)
    wide = max(map(len, points), default=0)
    total = earned = by_hand = 0.0
    for exercise_name, worth in points.items():
        total += worth
        if exercise_name not in exercises:
            by_hand += worth
            mark, words, got = "…", _("marked by a person"), f"? / {worth:g}"
        else:
            passed, words = _verdict(exercises[exercise_name])
            earned += worth if passed else 0
            mark = "✓" if passed else "✗"
            got = f"{worth if passed else 0:g} / {worth:g}"
        print(f"{mark} {exercise_name:<{wide}}  {got:>7}  {words}", flush=True)
    sentences = [
        _("The visible checks give {earned} of {total} points.").format(
            earned=f"{earned:g}", total=f"{total - by_hand:g}"
        )
    ]
    if by_hand:
        sentences.append(_("A person gives up to {points} more.").format(points=f"{by_hand:g}"))
    sentences.append(_("The mark comes from the same checks on other data."))
    _say(" ".join(sentences))


def _say(text: str) -> None:
    """Print it in lines that fit; an address or a path stays in one piece."""
    for line in text.splitlines():
        print(textwrap.fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _verdict(exercise: Exercise) -> tuple[bool, str]:
    """Whether the function of the notebook passes, and one sentence on it."""
    namespace = _namespace()
    if exercise.function not in namespace:
        return False, _("{function} is not there: run the cell that defines it.").format(
            function=exercise.function
        )
    try:
        found = examine(exercise, namespace[exercise.function])
    except Exception as error:
        return False, _("The check itself failed ({error}).").format(
            error=f"{type(error).__name__}: {error}"[:200]
        )
    return found.passed, found.summary()


def _namespace() -> dict[str, Any]:
    """The names of the notebook; of the program that runs, outside a notebook."""
    with contextlib.suppress(ImportError):
        from IPython import get_ipython

        if get_ipython() is not None:
            return get_ipython().user_ns
    return vars(sys.modules["__main__"])
