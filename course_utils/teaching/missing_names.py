"""Why a name is not there when a hand-in is graded: the cell that stopped, or a likely name.

What a kernel says of its errors may be forged. It becomes words for a person, never points.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbformat.notebooknode import NotebookNode

from course_utils.checks.said import Said
from course_utils.i18n import N_
from course_utils.teaching.doctor.known import definitions, grade_id
from course_utils.teaching.libraries import LIBRARIES

__all__ = ["Stop", "cell_name", "why_missing"]

_READ = 20_000  # characters of a traceback
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r"Cell In\s?\[\d+\], line (\d{1,6})|\.py, line (\d{1,6})\)")
_FUNCTION = re.compile(r"^(?:async\s+)?def\s+(\w+)", re.MULTILINE)
_NO_MODULE = re.compile(r"No module named '(\w+)")
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
_IN_COMPILER = re.compile(r"during compilation|while traversing")
_SYNTAX = ("SyntaxError", "IndentationError", "TabError")
_LOOK_ALIKE = str.maketrans("АВЕКМНОРСТУХаеорсухіјѕԁԛԝ", "ABEKMHOPCTYXaeopcyxijsdqw")
_DEPTH = 3  # stopped cells told one after another, each the cause of the last


@dataclass(frozen=True)
class Stop:
    """An error that ended a cell. line: of the cell, 0 where it is not known."""

    kind: str
    text: str
    line: int = 0

    @classmethod
    def of(cls, reply: Mapping) -> "Stop":
        """What the content of a kernel's execute_reply tells, be it of any form."""
        kind, text, trace = (reply.get(key) for key in ("ename", "evalue", "traceback"))
        kind, text = (part if isinstance(part, str) else "" for part in (kind, text))
        lines = trace if isinstance(trace, list) else []
        shown = "\n".join(line for line in lines[:50] if isinstance(line, str))[:_READ]
        at = _LINE.search(f"{_COLOURS.sub('', shown)}\n{text}")
        return cls(kind[:80], text[:500], int(at[1] or at[2]) if at else 0)


def why_missing(
    name: str,
    index: int,
    cells: Sequence[NotebookNode],
    stops: Mapping[int, Stop],
    functions: Collection[str] = (),
) -> list[Said]:
    """Sentences on why `name` is not there at the check with this index; none if none is known.

    stops: index of a cell -> what ended it. functions: what the exercises are called; one of
    them stands for no other.
    """
    own = [n for n, cell in enumerate(cells) if _is_own(cell)]
    above = [n for n in own if n < index]
    solution = f"{grade_id(cells[index])}-solution" if name in functions else None
    makers = [n for n in own if _binds(name, cells[n].source)]
    makers_above = [n for n in makers if n < index]
    its_own = [n for n in above if solution and grade_id(cells[n]) == solution]
    stopped = [n for n in makers_above or its_own if n in stops]
    if stopped:
        return list(_told(stopped[-1], cells, stops))
    if makers_above:
        return []
    if name in functions and (found := _likely(name, above, cells, solution, functions)):
        return [found]
    below = [n for n in makers if n > index]
    if below:
        said = N_(
            "Cell {number} ({cell}) makes “{name}”, below this check: a hand-in is run from "
            "its first cell to its last."
        )
        return [Said(said, _place(below[0], cells) | {"name": name})]
    return []


def cell_name(cell: NotebookNode) -> str:
    """A cell's grade_id, or its first line with something on it."""
    line = next((line for line in cell.source.splitlines() if line.strip()), "")
    line = "".join(letter for letter in line if letter.isprintable())
    return cell.metadata.get("nbgrader", {}).get("grade_id") or line[:60]


def _is_own(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade")


def _told(
    index: int, cells: Sequence[NotebookNode], stops: Mapping[int, Stop]
) -> Iterator[Said]:
    """What stopped a cell; where that was a name, what stopped the cell that makes it."""
    for _step in range(_DEPTH):
        stop = stops[index]
        values = _place(index, cells) | {"why": _why(stop, cells[index].source)}
        if stop.line:
            said = N_("Cell {number} ({cell}) stopped in line {line}: {why}.")
            yield Said(said, values | {"line": stop.line})
        else:
            yield Said(N_("Cell {number} ({cell}) stopped: {why}."), values)
        undefined = _UNDEFINED.match(stop.text) if stop.kind == "NameError" else None
        makers = [
            n
            for n in stops
            if undefined and n < index and _binds(undefined[1], cells[n].source)
        ]
        if not makers:
            return
        index = makers[-1]


def _why(stop: Stop, source: str) -> Said:
    from course_utils.checks.devices import no_gpu  # late: judging brings torch
    from course_utils.checks.judging import in_words

    module = _NO_MODULE.match(stop.text)
    if module and module[1] in source:
        said = N_("“{module}” is not there where hand-ins are graded; these are: {libraries}")
        return Said(said, {"module": module[1], "libraries": ", ".join(LIBRARIES)})
    if no_gpu(stop.text):
        return Said(N_("it asks for a GPU, and there is none where hand-ins are graded"))
    if stop.kind == "CellTimeoutError":
        return Said(N_("it took too long"))
    undefined = _UNDEFINED.match(stop.text)
    if stop.kind == "NameError" and undefined and undefined[1] in source:
        return Said(N_("the name “{name}” is not defined"), {"name": undefined[1]})
    if stop.kind == "RecursionError" and _IN_COMPILER.search(stop.text):
        return Said(N_("it is nested too deeply for Python to read"))
    return _unreadable(stop, source) if stop.kind in _SYNTAX else in_words(stop.kind)


def _unreadable(stop: Stop, source: str) -> Said:
    lines = source.splitlines()
    line = lines[stop.line - 1] if 0 < stop.line <= len(lines) else ""
    if line.strip().startswith("```"):
        return Said(N_("``` marks code in a text, and is no Python: remove that line"))
    if any(_is_odd_space(letter) for letter in line):
        return Said(
            N_("a space that Python does not know (it came with a copied text): type it anew")
        )
    if any(letter in "“”„‘’«»" for letter in line):
        return Said(N_("quotation marks of a text; Python's are ' and \""))
    if stop.kind == "TabError":
        return Said(N_("tabs and spaces are mixed: indent with spaces alone"))
    if stop.kind == "IndentationError":
        return Said(N_("the line is not indented as the lines around it ask"))
    return Said(N_("that is no Python ({type})"), {"type": stop.kind})


def _is_odd_space(letter: str) -> bool:
    return letter not in " \t" and unicodedata.category(letter) in ("Zs", "Cf")


def _likely(
    name: str,
    above: Sequence[int],
    cells: Sequence[NotebookNode],
    solution: str | None,
    functions: Collection[str],
) -> Said | None:
    """A function above that is called nearly so, or stands alone in the exercise's cell."""
    for n in reversed(above):
        made = sorted({*_FUNCTION.findall(cells[n].source)} - {*functions})
        place = _place(n, cells) | {"name": name}
        alike = [other for other in made if _in_latin(other) == name]
        if alike:
            said = N_(
                "Cell {number} ({cell}) makes “{other}”, with letters of another alphabet that "
                "look like those of “{name}”: type the name anew."
            )
            return Said(said, place | {"other": alike[0]})
        near = difflib.get_close_matches(name, made, n=1, cutoff=0.8)
        if not near and grade_id(cells[n]) == solution and len(made) == 1:
            near = made
        if near:
            said = N_("Cell {number} ({cell}) makes “{other}”: should that be “{name}”?")
            return Said(said, place | {"other": near[0]})
    return None


def _in_latin(name: str) -> str:
    return unicodedata.normalize("NFKC", name).translate(_LOOK_ALIKE)


def _binds(name: str, source: str) -> bool:
    """Whether a cell would make a name, by its text: it may not be Python."""
    if name in definitions(source):
        return True
    word = rf"(?<!\w){re.escape(name)}(?!\w)"
    assigned = rf"^[ \t]*(?:\w+\s*,\s*)*{word}\s*(?:,[^=\n]*|:[^=\n]*)?=(?!=)"
    imported = rf"^[ \t]*(?:from\s+\S+\s+)?import\s+(?:\([^)]*|[^\n]*){word}"
    return bool(re.search(f"{assigned}|{imported}", source, re.MULTILINE))


def _place(index: int, cells: Sequence[NotebookNode]) -> dict[str, object]:
    return {"number": index + 1, "cell": cell_name(cells[index])}
