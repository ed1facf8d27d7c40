"""Answers that students typed into the cell of an essay's question.

Text before or after the whole question is the answer alone. Where the question's own lines were
changed, as by answers between them, all of the cell is: torn from their questions, such lines
say little.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Answer", "answer_in", "is_whole_in", "share_of"]

_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Answer:
    """to: the essay's grade_id; text: what the student wrote; question: as it was released."""

    to: str
    text: str
    question: str


def answer_in(source: str, releases: Iterable[str], essay: str) -> Answer | None:
    """What a student wrote into the cell of a question; None where that is nothing.

    releases: the question as it was released, in each language that has it in this cell.
    """
    question = max(releases, key=lambda text: share_of(text, source))
    around = _around(source, question)
    if around is not None:
        text = "\n\n".join(part for part in around if part)
    elif _has_new_words(source, question):
        text = source.strip("\n")
    else:
        text = ""
    return Answer(essay, text, question) if text else None


def is_whole_in(source: str, releases: Iterable[str]) -> bool:
    """Whether the question stands in the text word by word."""
    return any(_around(source, question) is not None for question in releases)


def share_of(question: str, source: str) -> float:
    """Which part of the question's words stand in the text, in their order: 0 to 1."""
    blocks = _matcher(question, source).get_matching_blocks()
    return sum(block.size for block in blocks) / max(len(question.split()), 1)


def _around(source: str, question: str) -> tuple[str, str] | None:
    """(text before, text after) the question, whose white space may differ; else None."""
    found = list(_WORD.finditer(source))
    words, wanted = [word[0] for word in found], question.split()
    if not wanted:
        return None
    for at in range(len(words) - len(wanted) + 1):
        if words[at : at + len(wanted)] == wanted:
            last = found[at + len(wanted) - 1]
            before, after = source[: found[at].start()], source[last.end() :]
            return _without_ends(before), _without_ends(after)
    return None


def _has_new_words(source: str, question: str) -> bool:
    changes = _matcher(question, source).get_opcodes()
    return any(kind in ("insert", "replace") for kind, *_places in changes)


def _matcher(question: str, source: str) -> SequenceMatcher:
    return SequenceMatcher(None, question.split(), source.split(), autojunk=False)


def _without_ends(text: str) -> str:
    """Without the empty lines at both ends; a first line's indentation stays."""
    lines = text.split("\n")
    full = [at for at, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[full[0] : full[-1] + 1]).rstrip() if full else ""
