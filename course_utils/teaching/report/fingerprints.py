"""Fingerprints of code that outlast new names, comments, layout and another order.

Code is reduced to its structure (every name V, every text S, no comments, no white space);
each run of K characters of it is hashed, and winnowing keeps some of the hashes so that a
run of K + WINDOW - 1 characters never goes without one. After Schleimer et al. 2003,
"Winnowing: local algorithms for document fingerprinting"; winnowing by copydetect.

copydetect's own `filter_code` is not used: its offsets are wrong after a class's name (0.5),
and its hashes are Python's, which differ from one run to the next.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from pygments import token
from pygments.lexers.python import PythonLexer

from course_utils.teaching.errors import CourseError

__all__ = ["WINDOW", "K", "Prints", "all_prints", "fingerprint", "structure"]

K = 25  # characters of structure, some two short statements: copydetect's default
WINDOW = 4

_NAMES = (token.Name, token.Name.Variable, token.Name.Attribute)


@dataclass(frozen=True)
class Prints:
    """lines: fingerprint -> numbers of the lines (from 1) it was taken from."""

    lines: dict[int, frozenset[int]]
    text: str


@lru_cache(maxsize=2**15)
def fingerprint(source: str) -> Prints:
    """The winnowed fingerprints of a piece of Python."""
    text, lines = structure(source)
    hashes = _hashes(text)
    if not len(hashes):
        return Prints({}, text)
    selected, places = _winnow()(hashes, WINDOW, remove_duplicates=False)
    found: dict[int, set[int]] = {}
    for value, place in zip(selected.tolist(), places.tolist(), strict=True):
        found.setdefault(value, set()).update(lines[place : place + K])
    return Prints({value: frozenset(numbers) for value, numbers in found.items()}, text)


def all_prints(source: str) -> set[int]:
    """The hash of every run of K characters: what others' fingerprints are looked up in."""
    return set(_hashes(structure(source)[0]).tolist())


def structure(source: str) -> tuple[str, list[int]]:
    """The reduced text, and for each of its characters the line (from 1) it comes from."""
    text: list[str] = []
    lines: list[int] = []
    line = 1
    for kind, value in PythonLexer(stripnl=False).get_tokens(source):
        short = _reduced(kind, value)
        if not (short == "S" and text and text[-1] == "S"):  # quote, text, quote: one S
            text.extend(short)
            lines.extend([line] * len(short))
        line += value.count("\n")
    return "".join(text), lines


def _reduced(kind, value: str) -> str:
    if kind in token.Comment or kind in token.Text or kind in token.Literal.String.Doc:
        return ""
    if kind in token.Literal.String:
        return "S"
    if kind in _NAMES:
        return "V"
    if kind in token.Name.Function:
        return "F"
    if kind in token.Name.Class:
        return "O"
    return value


def _hashes(text: str) -> np.ndarray:
    data = text.encode("utf-32-le", "surrogatepass")  # four bytes a character
    count = len(text) - K + 1
    return np.array(
        [zlib.crc32(data[4 * start : 4 * (start + K)]) for start in range(count)],
        dtype=np.int64,
    )


def _winnow():
    try:
        from copydetect.utils import winnow
    except ImportError:
        raise CourseError(
            "Expected the package copydetect, which compares hand-ins; it is not installed. "
            'Run: pip install "course-utils[instructor]"'
        ) from None
    return winnow
