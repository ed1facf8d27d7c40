"""A hand-in's file, whatever it is: the notebook in it, and what had happened to the file.

    reading = read(path)        # raises Unreadable, with a sentence for the student
    reading.notebook, reading.findings

Takes what grading refuses, too: Windows encodings, scripts, web pages made of notebooks.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from course_utils.i18n import N_
from course_utils.teaching.doctor import scripts
from course_utils.teaching.doctor.findings import Finding, first_words
from course_utils.teaching.hand_in import (
    MAX_BYTES,
    NotUnicode,
    Unreadable,
    is_script,
    notebook_in,
    text_in,
)

__all__ = ["Reading", "read"]

_LARGE = 5 * 2**20  # bytes of outputs in the file that are worth a word
_HIGH_PAIRS = re.compile(rb"[\xc0-\xff]{2,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_HALVES = re.compile("[\ud800-\udfff]")
_COLAB = {"colab", "outputId", "executionInfo", "colab_type"}
_WHOLE = 0.9  # of the letters beyond ASCII: then it is UTF-8 with some damage


@dataclass(frozen=True)
class Reading:
    """notebook: in nbformat 4, without outputs. cut: its cells were told apart by guessing."""

    notebook: NotebookNode
    findings: list[Finding] = field(default_factory=list)
    cut: bool = False


def read(path: Path) -> Reading:
    """The notebook in the file. Raises Unreadable where there is none to be had."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise Unreadable(
            N_("the file has {size} MB, more than the {most} MB that are read"),
            size=size >> 20,
            most=MAX_BYTES >> 20,
        )
    text, findings = _decoded(path.read_bytes())
    if scripts.is_page(text):
        return Reading(scripts.from_page(text), [*findings, Finding("page")], cut=True)
    if not text.lstrip().startswith(("{", "[")) and is_script(text):
        text = text.replace("\r\n", "\n")
        return Reading(scripts.from_script(text), [*findings, Finding("script")], cut=True)
    notebook = notebook_in(text)
    content = json.loads(text, strict=False)
    findings += _traces(content)
    for cell in notebook.cells:
        cell["source"] = cell.source.replace("\r\n", "\n")
    return Reading(notebook, findings)


def _decoded(data: bytes) -> tuple[str, list[Finding]]:
    try:
        text = text_in(data)
    except NotUnicode:
        return _guessed(data)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:2]:
        return text, [Finding("encoding", values={"encoding": "UTF-16"})]
    if data.startswith(b"\xef\xbb\xbf"):
        return text, [Finding("encoding", values={"encoding": "UTF-8 (BOM)"})]
    return text, []


def _guessed(data: bytes) -> tuple[str, list[Finding]]:
    """UTF-8 with some bytes broken; else Windows' Cyrillic, where letters beyond ASCII stand
    side by side, or its Western letters, where they stand alone."""
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    beyond = sum(letter > "\x7f" for letter in text)
    if beyond - lost > _WHOLE * beyond:
        return text, [Finding("letters_lost", values={"count": lost})]
    paired = sum(map(len, _HIGH_PAIRS.findall(data)))
    cyrillic = 2 * paired > len(_HIGH.findall(data))
    encoding = "cp1251" if cyrillic else "cp1252"
    shown = "Windows-1251" if cyrillic else "Latin-1"
    text = data.decode(encoding, "replace")
    findings = [Finding("encoding", values={"encoding": shown})]
    lost = text.count("\ufffd")
    if lost:
        findings.append(Finding("letters_lost", values={"count": lost}))
    return text, findings


def _traces(content: dict) -> list[Finding]:
    """What programs left in the notebook's JSON, as far as it is of the form one expects."""
    cells = [cell for cell in content.get("cells", ()) if isinstance(cell, dict)]
    metadata = content.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    found = []
    version = (content.get("nbformat"), content.get("nbformat_minor"))
    if not _numbers(version) or version < (4, 5):
        old = ".".join("?" if part is None else str(part)[:9] for part in version)
        found.append(Finding("old_format", values={"version": old, "now": "4.5"}))
    ids = [cell.get("id") if isinstance(cell.get("id"), str) else None for cell in cells]
    often = Counter(ids)
    odd = sum(name is None or often[name] > 1 for name in ids)
    if odd and _numbers(version) and version >= (4, 5):
        found.append(Finding("ids", values={"count": odd}))
    outputs = sum(len(json.dumps(cell.get("outputs", ()))) for cell in cells)
    if outputs > _LARGE:
        found.append(Finding("outputs", values={"size": round(outputs / 2**20)}))
    if "widgets" in metadata:
        found.append(Finding("widgets"))
    if _COLAB & metadata.keys() or any(_COLAB & _metadata(cell).keys() for cell in cells):
        found.append(Finding("colab"))
    sources = [_source(cell) for cell in cells]
    if any("\r\n" in source for source in sources):
        found.append(Finding("line_ends"))
    if any(_HALVES.search(source) for source in sources):
        found.append(Finding("half_letters"))
    for number, (cell, source) in enumerate(zip(cells, sources, strict=True), start=1):
        hidden = _metadata(cell).get("cellView") == "form"
        if hidden or (cell.get("cell_type") == "code" and source.startswith("#@title")):
            found.append(Finding("form", number, first_words(source)))
    return found


def _numbers(version: tuple) -> bool:
    return all(isinstance(part, int) for part in version)


def _metadata(cell: dict) -> dict:
    found = cell.get("metadata")
    return found if isinstance(found, dict) else {}


def _source(cell: dict) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)
