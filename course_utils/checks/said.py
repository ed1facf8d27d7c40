"""A sentence that is put into a language when it is read, not when it is made.

A verdict is reached in one process and shown in another, in the reader's language.
"""

from dataclasses import dataclass, field
from typing import Any

from course_utils.i18n import _

__all__ = ["Said"]


@dataclass(frozen=True)
class Said:
    """A message marked with N_ and what its {places} hold (which may be Said again)."""

    message: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        values = {name: str(value) for name, value in self.values.items()}
        return _(self.message).format(**values)
