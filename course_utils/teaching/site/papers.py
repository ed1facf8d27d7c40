"""The page of papers: what the lectures close with, each paper once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nbformat import NotebookNode

__all__ = ["HEADS", "Paper", "gather", "page"]

HEADS = {"ru": "**Источники**", "en": "**Papers**"}
_WORDS = {
    "ru": {
        "title": "Источники",
        "head": "Работы, на которых стоят лекции, по годам. В скобках — ради чего лекция "
        "ссылается на работу, если не ради неё целиком.",
        "lectures": "Лекции",
        "lecture": "Лекция",
    },
    "en": {
        "title": "Papers",
        "head": "The work that the lectures stand on, by year. In brackets: what a lecture "
        "refers to it for, where that is not the whole of it.",
        "lectures": "Lectures",
        "lecture": "Lecture",
    },
}
_ADDRESS = re.compile(r"\]\((https?://[^)]+)\)")
_REMARK = re.compile(r"^(?P<text>.*?)\s*(?:\((?P<remark>[^()]*)\))?\.?$", re.S)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b(?!\.\d)")


@dataclass(frozen=True)
class Paper:
    """One paper. text: as the first lecture gives it; lectures: name -> its remark, or ""."""

    text: str
    year: int
    lectures: Mapping[str, str]


def gather(lectures: Mapping[str, NotebookNode], language: str) -> list[Paper]:
    """The papers of all lectures, by year and author. lectures: name -> notebook.

    Two entries are one paper where they have the same address, or, without one, the same text.
    Raises ValueError for a lecture that closes with no list, or an entry without a year.
    """
    texts: dict[str, str] = {}
    mentions: dict[str, dict[str, str]] = {}
    for name, notebook in lectures.items():
        for entry in _entries(name, notebook, language):
            text, remark = _parted(entry)
            address = _ADDRESS.search(text)
            key = address[1] if address else text.casefold()
            texts.setdefault(key, text)
            mentions.setdefault(key, {})[name] = remark
    found = [Paper(text, _year(text), mentions[key]) for key, text in texts.items()]
    return sorted(found, key=lambda paper: (paper.year, paper.text))


def page(papers: list[Paper], language: str) -> str:
    """The page, as Markdown: a heading a year."""
    words = _WORDS[language]
    lines = [f"# {words['title']}", "", words["head"], ""]
    year = None
    for paper in papers:
        if paper.year != year:
            year = paper.year
            lines += [f"## {year}", ""]
        links = [
            f"[{name[:2]}](lectures/{name}.ipynb)" + (f" ({remark})" if remark else "")
            for name, remark in paper.lectures.items()
        ]
        label = words["lectures" if len(links) > 1 else "lecture"]
        lines += [f"- {paper.text}.  ", f"  {label}: {', '.join(links)}", ""]
    return "\n".join(lines)


def _entries(name: str, notebook: NotebookNode, language: str) -> list[str]:
    text = notebook.cells[-1].source
    _before, head, after = text.partition(HEADS[language])
    if not head:
        raise ValueError(f"{name}: expected {HEADS[language]} in the last cell, found none.")
    entries = re.split(r"^- ", after, flags=re.M)[1:]
    return [" ".join(entry.split()) for entry in entries]


def _parted(entry: str) -> tuple[str, str]:
    """The entry without its last remark, and the remark. `(2010)` is no remark."""
    found = _REMARK.match(entry)
    remark = found["remark"] or ""
    if not remark or remark.isdigit() or found["text"].endswith("]"):
        return entry.rstrip(". "), ""
    return found["text"].rstrip(". "), remark


def _year(text: str) -> int:
    without = re.sub(r"\[[^\]]*\]\([^)]*\)", "", text)
    years = [int(year) for year in _YEAR.findall(without)]
    if not years:
        raise ValueError(f"Expected a year in the paper {text!r}, found none.")
    return years[-1]
