"""The language in which the course speaks: gettext with a Russian catalogue.

English is the language of the sources, so it needs no catalogue. Messages are looked up
when they are shown, not when a module is imported: one process can speak both languages.
"""

import gettext
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

__all__ = ["LANGUAGES", "LATIN", "N_", "_", "language", "ngettext", "set_language", "speaking"]

LANGUAGES = ("ru", "en")

# Words that a Russian text leaves in Latin letters. A text of these alone is in Russian, too.
# fmt: off
LATIN = frozenset((
    "Adam", "AlexNet", "BatchNorm", "CPU", "CUDA", "Colab", "DeepLab", "FCN", "GPU",
    "ImageNet", "IoU", "NaN", "Net", "PASCAL", "RGB", "ReLU", "ResNet", "ShapesVOC",
    "SmallNet", "VGG", "VOC", "Basic", "Large", "argmax", "bias", "conv", "end", "exp",
    "features", "front", "layer", "log", "pool", "softmax", "weight",
))
# fmt: on
_LOCALE = Path(__file__).parent / "locale"
_process = "en"  # a notebook's cells may each run in a context of their own
_here: ContextVar[str | None] = ContextVar("language", default=None)


def language() -> str:
    """The language in use: "ru" or "en"."""
    return _here.get() or _process


def set_language(name: str) -> None:
    """Speak `name` from now on in this process; inside a block `speaking`, until its end.

    Raises ValueError for a language the course does not have.
    """
    global _process
    _require(name)
    if _here.get() is None:
        _process = name
    else:
        _here.set(name)


@contextmanager
def speaking(name: str):
    """Speak `name` inside a with block, then go back to the language before.

    Other threads and tasks go on in theirs. Raises ValueError as `set_language` does.
    """
    _require(name)
    before = _here.set(name)
    try:
        yield
    finally:
        _here.reset(before)


def _(message: str) -> str:
    """The message in the language in use; itself where there is no translation."""
    return _catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The message for `number` things, by the plural rules of the language in use."""
    return _catalogue(language()).ngettext(singular, plural, number)


def N_(message: str) -> str:
    """Mark a message for the catalogue where it is defined; `_` translates it where shown."""
    return message


def _require(name: str) -> None:
    if name not in LANGUAGES:
        raise ValueError(f"Expected a language out of {', '.join(LANGUAGES)}, got {name!r}.")


@cache
def _catalogue(name: str) -> gettext.NullTranslations:
    if name == "en":
        return gettext.NullTranslations()
    return gettext.translation("course_utils", _LOCALE, languages=[name], fallback=True)
