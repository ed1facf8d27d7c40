"""Checks of the exercises: what a student runs, and what grading judges outside.

What students call is imported when it is asked for: it brings torch, which the programs that
only read hand-ins do without.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_utils.checks.handing_in import hand_in
    from course_utils.checks.notebook import CheckFailed, for_assignment

__all__ = ["CheckFailed", "for_assignment", "hand_in"]

_WHERE = {"CheckFailed": "notebook", "for_assignment": "notebook", "hand_in": "handing_in"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
