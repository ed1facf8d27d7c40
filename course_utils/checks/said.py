"""A sentence that is put into a language when it is read, not when it is made.

A verdict is reached in one process and shown in another, in the reader's language.
"""

from dataclasses import dataclass, field
from typing import Any

from course_utils.i18n import _, ngettext

__all__ = ["Said"]


@dataclass(frozen=True)
class Said:
    """A message marked with N_ and what its {places} hold (which may be Said again).

    With `plural` and `number` the form follows the number, which also fills {number}.
    """

    message: str
    values: dict[str, Any] = field(default_factory=dict)
    plural: str | None = None
    number: int = 0

    def __str__(self) -> str:
        if self.plural is None:
            text = _(self.message)
        else:
            text = ngettext(self.message, self.plural, self.number)
        values = {"number": self.number, **self.values}
        return text.format(**{name: str(value) for name, value in values.items()})
