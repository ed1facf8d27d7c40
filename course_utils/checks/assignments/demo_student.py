"""Who hands in what in the demo: one of its class, for the `demo_class` of every assignment.

The class is one; an assignment need not have hand-ins of all. Whoever takes part in several is
the same person in each: number, names and language agree.
"""

from dataclasses import dataclass, field

__all__ = ["WARNS", "Student"]

WARNS = """
import sys
import warnings

warnings.warn("nothing to worry about", stacklevel=1)
print("this goes to stderr", file=sys.stderr)
"""


@dataclass(frozen=True)
class Student:
    """One of the class.

    style: where right answers come from: "solution", "blank" (none), or a module of
        `right_styles` of the assignment.
    mistakes: exercise -> name in its catalogue. broken: exercise -> text of its cell.
    zeros: exercises that must earn nothing without a named mistake; says: what the table must
        say of some of them, a key of the table's kinds; state: how it must end.
    """

    number: int
    last_name: str
    first_name: str
    language: str
    style: str = "solution"
    mistakes: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    zeros: frozenset[str] = frozenset()
    says: dict[str, str] = field(default_factory=dict)
    essay: str = ""
    saved_by: str = "jupyter"  # "colab", or "html": a saved web page
    state: str = "graded"

    @property
    def id(self) -> str:
        return str(self.number)

    @property
    def name(self) -> str:
        return f"{self.last_name} {self.first_name}"
