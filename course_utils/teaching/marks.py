"""The marks inside a cell: which lines are the solution, which the mark scheme.

nbgrader looks for "BEGIN SOLUTION" anywhere in a line and takes a mistyped mark for plain text,
which would publish the solution. So a mark is exactly `### BEGIN SOLUTION` (indented at will),
and whatever looks like one and is not is reported.
"""

import re
from dataclasses import dataclass

__all__ = ["CODE_STUB", "Region", "cleared", "find"]

CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"  # nbgrader's own
KINDS = ("SOLUTION", "MARK SCHEME", "HIDDEN TESTS")

_EXACT = re.compile(rf"\s*### (BEGIN|END) ({'|'.join(KINDS)})\s*")
_ALIKE = re.compile(
    r"(?i)^\s*#+\s*(begin|end)[ _-]+(solution|mark[ _-]*scheme|hidden[ _-]*test)"
)
_SEEN_BY_NBGRADER = re.compile(rf"(BEGIN|END) ({'|'.join(KINDS)})")


@dataclass(frozen=True)
class Region:
    """Lines begin..end of a cell (from 0, marks included). kind: one of KINDS."""

    kind: str
    begin: int
    end: int


def find(text: str) -> tuple[list[Region], list[tuple[int, str]]]:
    """The regions of a cell, and what is wrong with its marks as (line from 0, words)."""
    regions: list[Region] = []
    problems: list[tuple[int, str]] = []
    opened: tuple[str, int] | None = None
    for number, line in enumerate(text.split("\n")):
        mark = _EXACT.fullmatch(line)
        if mark is None:
            if _ALIKE.match(line) or _SEEN_BY_NBGRADER.search(line):
                expected = "a mark alone in its line, like `### BEGIN SOLUTION`"
                problems.append((number, f"expected {expected}, got {line.strip()!r}"))
            continue
        side, kind = mark.groups()
        if side == "BEGIN":
            if opened:
                problems.append((number, f"`### BEGIN {kind}` inside an open {opened[0]}"))
            opened = (kind, number)
        elif opened is None:
            problems.append((number, f"`### END {kind}` without its `### BEGIN {kind}`"))
        elif opened[0] != kind:
            problems.append((number, f"`### END {kind}` closes `### BEGIN {opened[0]}`"))
            opened = None
        else:
            regions.append(Region(kind, opened[1], number))
            opened = None
    if opened:
        problems.append(
            (opened[1], f"`### BEGIN {opened[0]}` without its `### END {opened[0]}`")
        )
    return regions, problems


def cleared(text: str) -> str:
    """The cell as a student gets it: each solution replaced by the stub, as nbgrader does."""
    lines = text.split("\n")
    for region in reversed(find(text)[0]):
        if region.kind == "SOLUTION":
            indent = re.match(r"\s*", lines[region.begin])[0]
            stub = [indent + line for line in CODE_STUB.split("\n")]
            lines[region.begin : region.end + 1] = stub
    return "\n".join(lines)
