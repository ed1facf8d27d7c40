"""Cells of a notebook that were not run, or not in their order: by what IPython remembers.

A hand-in is graded from the first cell to the last. A notebook whose cells were run in another
order may hold names that are then not there yet.
"""

import contextlib
from collections.abc import Sequence
from typing import Any

from course_utils.i18n import _, ngettext

__all__ = ["executed", "warnings"]

_MOST = 5  # cells that a sentence lists
_LONGEST = 40  # characters of a cell's first line


def executed() -> list[str]:
    """The sources of the cells run in this session, in order; empty outside IPython."""
    with contextlib.suppress(ImportError):
        from IPython import get_ipython

        if get_ipython() is not None:
            return list(get_ipython().history_manager.input_hist_raw)
    return []


def warnings(notebook: dict[str, Any] | None, history: Sequence[str]) -> list[str]:
    """Sentences on the code cells of the notebook; none where all is well or nothing is known.

    notebook: in nbformat 4, as plain data; None where it can't be had.
    history: the sources that were run, the oldest first.
    """
    if notebook is None or not history:
        return []
    last = {_text(source): number for number, source in enumerate(history)}
    run, idle = [], []
    for number, cell in enumerate(notebook.get("cells", ()), start=1):
        text = _text(cell.get("source", ""))
        if cell.get("cell_type") != "code" or not text:
            continue
        if text in last:
            run.append((number, last[text], text))
        else:
            idle.append((number, text))
    sentences = []
    if idle:
        sentences.append(
            ngettext(
                "{number} cell was not run since it was last changed: {cells}.",
                "{number} cells were not run since they were last changed: {cells}.",
                len(idle),
            ).format(number=len(idle), cells=_listed([_name(*item) for item in idle]))
        )
    early = _out_of_order(run)
    if early:
        sentences.append(
            _("Run out of order, later than cells below: {cells}.").format(
                cells=_listed([_name(*item) for item in early])
            )
        )
    if sentences:
        sentences.append(
            _(
                "A hand-in is run from its first cell to its last. Restart the kernel, run all "
                "cells, and look whether the marks stay."
            )
        )
    return sentences


def _out_of_order(run: list[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """Cells that were run after a cell below them; (number, text).

    run: (number, when, text) in the order of the notebook. Of two cells with the same text the
    history tells nothing apart, so the first is passed over.
    """
    once = {text: index for index, (_number, _when, text) in enumerate(run)}
    found, soonest = [], None
    for index in range(len(run) - 1, -1, -1):
        number, when, text = run[index]
        if once[text] != index:
            continue
        if soonest is not None and when > soonest:
            found.append((number, text))
        soonest = when if soonest is None else min(soonest, when)
    return found[::-1]


def _text(source: str | list[str]) -> str:
    """A cell's text without the white space at its ends, which editors change freely."""
    text = source if isinstance(source, str) else "".join(source)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _name(number: int, text: str) -> str:
    first = text.splitlines()[0]
    cut = first if len(first) <= _LONGEST else f"{first[: _LONGEST - 1]}…"
    return f"{number} ({cut})"


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f", … (+{more})" if more > 0 else "")
