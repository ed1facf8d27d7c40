"""Names and reasons of hand-ins as text and nothing else, wherever they are shown.

A student's name may be `Surname [/b]`, hold an escape sequence, or begin like a formula. In a
terminal it must not colour or move anything, in a spreadsheet not be computed.
"""

import re
from typing import Any

from rich.console import Console
from rich.text import Text

__all__ = ["PlainConsole", "csv_cell", "one_line", "printable", "shown"]

# All but the end of a line: escape sequences, and marks that turn the direction of writing.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FORMULA = ("=", "+", "-", "@", "\t")


def printable(text: str) -> str:
    """The text with each character that steers a terminal shown as \ufffd."""
    return _CONTROLS.sub("\ufffd", text.replace("\t", " "))


def one_line(name: str) -> str:
    """A name of a file with each character that can't be printed shown as \ufffd: ends of
    lines too, and bytes that are no text."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)


def shown(text: str, style: str = "") -> Text:
    """For a cell of a rich table: no markup is read in it."""
    return Text(printable(text), style=style)


def csv_cell(text: str) -> str:
    """For a CSV: what a spreadsheet would run as a formula stays a text."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class PlainConsole(Console):
    """A console that prints strings as they are: no markup, no escape sequences of theirs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, "markup": False, **options})

    def print(self, *objects: Any, **options: Any) -> None:
        plain = [printable(each) if isinstance(each, str) else each for each in objects]
        super().print(*plain, **options)
