"""Figures speak the reader's language: no label that was forgotten in English.

The build executes lectures with COURSE_STRICT=1, and so does the test of the built ones.
"""

import os
import re
from collections.abc import Iterable

from matplotlib.figure import FigureBase
from matplotlib.text import Text

from course_utils.i18n import LATIN, language

__all__ = ["foreign", "require_own_language"]

_MATHEMATICS = re.compile(r"\$[^$]*\$")
_WORD = re.compile(r"[A-Za-z]{2,}")
_CYRILLIC = re.compile(r"[А-яЁё]")


def require_own_language(figure: FigureBase) -> None:
    """Raise ValueError for a label of a Russian figure without a Russian word in it.

    Only where COURSE_STRICT is set: a reader's notebook never stops for a label.
    """
    if language() != "ru" or not os.environ.get("COURSE_STRICT"):
        return
    texts = (text.get_text() for text in figure.findobj(Text) if text.get_visible())
    if left := foreign(texts):
        raise ValueError(
            f"Expected labels in Russian, got {', '.join(map(repr, left))}. Let them go "
            "through gettext and translate them; or, where a name stays Latin in Russian, add "
            "it to course_utils.i18n.LATIN."
        )


def foreign(texts: Iterable[str]) -> list[str]:
    """Texts with a Latin word that has no business there, and without a Cyrillic letter."""
    found = []
    for text in texts:
        words = _WORD.findall(_MATHEMATICS.sub(" ", text))
        if set(words) - LATIN and not _CYRILLIC.search(text) and text not in found:
            found.append(text)
    return found
