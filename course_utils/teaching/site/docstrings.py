"""Docstrings of the package as reStructuredText, the language of Sphinx's autodoc.

They are written to be read in an editor: plain sentences, `names: what they are`, formulas and
examples indented, `code` in single quotes. None of that is reStructuredText; this makes it so.
"""

import re
from collections.abc import Iterable, Iterator

__all__ = ["to_rest"]

_FIELD = re.compile(r"(?P<names>\*{0,2}[A-Za-z_]\w*(?:, \*{0,2}[A-Za-z_]\w*)*): (?P<text>.+)")
_CODE = re.compile(r"`([^`\n]+)`")


def to_rest(lines: Iterable[str], parameters: Iterable[str] = ()) -> list[str]:
    """The lines of a docstring, as reStructuredText.

    parameters: names of the function's; each begins an entry of its own, wherever its sentence
    stands in a line.
    """
    found: list[str] = []
    for block in _blocks(_parted(list(lines), list(parameters))):
        if block[0].startswith("    "):
            found += [".. code-block:: text", "", *block, ""]
        else:
            found += [*_paragraphs(block), ""]
    return found


def _parted(lines: list[str], parameters: list[str]) -> list[str]:
    """Lines in which two parameters are told of, cut in two."""
    if not parameters:
        return lines
    names = "|".join(re.escape(name) for name in parameters)
    start = re.compile(rf"(?<=[.;)]) (?=(?:{names})(?:, (?:{names}))*: )")
    return [part for line in lines for part in start.split(line)]


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Runs of lines between empty ones; indented runs that follow each other are one."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""]):
        if line.strip():
            block.append(line.rstrip())
            continue
        following = next((x for x in lines[number + 1 :] if x.strip()), "")
        if block and block[0].startswith("    ") and following.startswith("    "):
            block.append("")
            continue
        if block:
            yield block
        block = []


def _paragraphs(block: list[str]) -> Iterator[str]:
    """One block: its sentences, and an entry for each `name: text` in it."""
    entry = False
    before = "."
    for line in block:
        goes_on = before[-1] not in ".:;)"  # then this line is the rest of a sentence
        before = line
        field = _FIELD.fullmatch(line)
        if field and not goes_on and not line.startswith(("Source:", "Example:")):
            names = ", ".join(f"``{name.lstrip('*')}``" for name in field["names"].split(", "))
            yield from ("", names, f"    {_escaped(field['text'])}")
            entry = True
        elif entry and (goes_on or line.startswith("    ")):
            yield f"    {_escaped(line.strip())}"
        else:
            # A paragraph, as an entry is over; an indented remark stays in its paragraph.
            begins = re.match(r"(Returns|Raises|Yields)\b(.*)", line)
            if entry or begins:
                yield ""
            entry = False
            if begins:
                yield f"**{begins[1]}**{_escaped(begins[2])}"
            else:
                yield _escaped(line.strip())


def _escaped(text: str) -> str:
    """Text in which nothing is markup but `code`."""
    pieces = _CODE.split(text)
    for number in range(0, len(pieces), 2):
        pieces[number] = re.sub(r"([\\*_|`])", r"\\\1", pieces[number])
    for number in range(1, len(pieces), 2):
        # Escaped blanks: markup must not touch letters, as in `name`s.
        before = pieces[number - 1][-1:]
        after = pieces[number + 1][:1]
        start = "\\ " if before and before not in " (" else ""
        end = "\\ " if after and after not in " .,;:)" else ""
        pieces[number] = f"{start}``{pieces[number]}``{end}"
    return "".join(pieces)
