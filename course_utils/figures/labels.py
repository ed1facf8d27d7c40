"""Figures speak the reader's language: decimal commas in Russian, no label left in English.

The build executes lectures with COURSE_STRICT=1, and so does the test of the built ones.
"""

import os
import re
from collections.abc import Callable, Iterable
from functools import cache

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, ScalarFormatter

from course_utils.i18n import LATIN, language

__all__ = ["foreign", "require_own_language", "with_commas", "write_numbers_its_way"]

_MATHEMATICS = re.compile(r"\$[^$]*\$")
_WORD = re.compile(r"[A-Za-z]{2,}")
_CYRILLIC = re.compile(r"[А-яЁё]")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")


class _DecimalCommas(ScalarFormatter):
    """Matplotlib's own labels of ticks, with a comma in them."""

    def __call__(self, x, pos=None) -> str:
        return with_commas(super().__call__(x, pos))


def _commas_after(label: Callable) -> FuncFormatter:
    return FuncFormatter(lambda x, pos: with_commas(str(label(x, pos))))


def write_numbers_its_way(figure: FigureBase) -> None:
    """Put decimal commas into the texts of a Russian figure, and into its labels of ticks."""
    if language() != "ru":
        return
    for text in figure.findobj(Text):
        text.set_text(with_commas(text.get_text()))
    for ax in figure.findobj(Axes):
        for axis in (ax.xaxis, ax.yaxis):
            formatter = axis.get_major_formatter()
            if type(formatter) is ScalarFormatter:
                axis.set_major_formatter(_DecimalCommas())
            elif isinstance(formatter, FuncFormatter):  # what set_xticks(places, texts) makes
                axis.set_major_formatter(_commas_after(formatter.func))


def require_own_language(figure: FigureBase) -> None:
    """Raise ValueError for a label of a Russian figure without a Russian word in it.

    Only where COURSE_STRICT is set: a reader's notebook never stops for a label.
    """
    if language() != "ru" or not os.environ.get("COURSE_STRICT"):
        return
    texts = (text.get_text() for text in figure.findobj(Text) if text.get_visible())
    if left := [text for text in foreign(texts) if text not in _classes_of_imagenet()]:
        raise ValueError(
            f"Expected labels in Russian, got {', '.join(map(repr, left))}. Let them go "
            "through gettext and translate them; or, where a name stays Latin in Russian, add "
            "it to course_utils.i18n.LATIN."
        )


def with_commas(text: str) -> str:
    """0.5 -> 0,5; in formulas 0{,}5, or TeX would put a space behind the comma."""
    parts = re.split(r"(\$[^$]*\$)", text)
    return "".join(_POINT.sub("{,}" if part.startswith("$") else ",", part) for part in parts)


@cache
def _classes_of_imagenet() -> frozenset[str]:
    """Names that nobody translates: a thousand, as a pretrained network gives them."""
    from torchvision.models import AlexNet_Weights  # late: it takes a second to import

    return frozenset(AlexNet_Weights.IMAGENET1K_V1.meta["categories"])


def foreign(texts: Iterable[str]) -> list[str]:
    """Texts with a Latin word that has no business there, and without a Cyrillic letter."""
    found = []
    for text in texts:
        words = _WORD.findall(_MATHEMATICS.sub(" ", text))
        if set(words) - LATIN and not _CYRILLIC.search(text) and text not in found:
            found.append(text)
    return found
