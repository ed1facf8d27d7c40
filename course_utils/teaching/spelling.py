"""`course spell`: the course's prose through hunspell, each language with its dictionary.

Read are the prose cells of lectures and assignments, the glossary, and the messages of the
code with their translations. Code, formulas, addresses and HTML are passed over.
docs/spelling/ru.txt and en.txt hold what the dictionaries lack, one word a line: `logit`, or
`логит/магнит` for a word that is inflected as another one; # begins a comment.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.pofile import read_po

from course_utils.teaching import assignments, catalogue, glossary, lectures
from course_utils.teaching.config import Course
from course_utils.teaching.errors import CourseError
from course_utils.teaching.source import parse

__all__ = ["WORDS", "Passage", "check", "misspelt", "passages", "words"]

WORDS = Path("docs") / "spelling"
DICTIONARIES = {"ru": "ru_RU", "en": "en_GB"}
INSTALL = "apt-get install hunspell hunspell-ru hunspell-en-gb"

_PASSED_OVER = re.compile(
    r"""
    ```.*?``` | `[^`\n]*`               # code
    | \$\$.*?\$\$ | \$[^$]*\$           # formulas
    | \]\([^)\s]*\) | https?://\S+      # addresses
    | <[^<>]*> | &\w+;                  # HTML
    | \{[^{}]*\}                        # placeholders of messages
    | %\([a-z_]+\)[a-z]
    | \b[\w.-]+\.(?:py|ipynb|toml|csv|md|zip|txt)\b
    """,
    re.S | re.X,
)
_WORD = re.compile(r"[A-Za-zА-Яа-яЁё]+(?:['’][A-Za-z]+)?")  # hyphens part words
_CYRILLIC = re.compile(r"[А-Яа-яЁё]")


@dataclass(frozen=True)
class Passage:
    """A piece of prose. where: as a message names it; language: of the dictionary."""

    where: str
    language: str
    text: str


def check(course: Course) -> list[str]:
    """Every word that no dictionary knows: where it stands, and what may have been meant.

    Raises CourseError where hunspell or one of its dictionaries is missing.
    """
    found = list(passages(course))
    unknown = {
        language: misspelt(
            {word for passage in found for word in words(passage, language)},
            language,
            course.root / WORDS / f"{language}.txt",
        )
        for language in DICTIONARIES
    }
    problems = []
    for passage in found:
        for language, suggestions in unknown.items():
            for word in sorted(words(passage, language) & suggestions.keys()):
                meant = ", ".join(suggestions[word][:4]) or "nothing near it is known"
                problems.append(
                    f"{passage.where}: {word!r}: {meant}. Correct it, or add it to "
                    f"{WORDS}/{language}.txt."
                )
    return problems


def words(passage: Passage, language: str) -> set[str]:
    """The words of a passage that the dictionary of `language` has to know.

    Latin words of a Russian passage are looked up in the English dictionary.
    """
    text = _PASSED_OVER.sub(" ", passage.text).replace("\u0301", "")
    found = {word for word in _WORD.findall(text) if len(word) > 1}
    russian = {word for word in found if _CYRILLIC.search(word)}
    return russian if language == "ru" else found - russian


def misspelt(found: Iterable[str], language: str, own: Path) -> dict[str, list[str]]:
    """The words that neither hunspell's dictionary nor the list `own` knows -> suggestions."""
    program = shutil.which("hunspell")
    if program is None:
        raise CourseError(f"Expected the program hunspell, found none. {INSTALL}")
    ordered = sorted(found)
    lines = own.read_text(encoding="utf-8").splitlines() if own.is_file() else []
    kept = [line.split("#")[0].strip() for line in lines]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".dic") as personal:
        personal.write("".join(f"{word}\n" for word in kept if word))
        personal.flush()
        done = subprocess.run(
            [program, "-a", "-i", "utf-8", "-d", DICTIONARIES[language], "-p", personal.name],
            input="".join(f"^{word}\n" for word in ordered),
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    if done.returncode or not done.stdout:
        raise CourseError(
            f"Expected hunspell's dictionary {DICTIONARIES[language]}, got: "
            f"{done.stderr.strip() or 'nothing'}. {INSTALL}"
        )
    return dict(_unknown(ordered, done.stdout))


def passages(course: Course) -> Iterator[Passage]:
    """All prose of the course, in the order of its files."""
    for path in [*lectures.sources(course), *assignments.sources(course)]:
        source = parse(path, course.root)
        for cell in source.cells:
            if cell.kind == "markdown":
                yield Passage(source.at(cell), cell.language or course.languages[0], cell.text)
    if (path := course.root / glossary.SOURCE).is_file():
        for term in glossary.terms(course):
            for language in course.languages:
                text = [term.word[language], *term.also[language], term.text[language]]
                yield Passage(f"{glossary.SOURCE}: {term.id}", language, "\n".join(text))
    yield from _messages(course)


def _messages(course: Course) -> Iterator[Passage]:
    for language in catalogue.TRANSLATED:
        path = catalogue.po_path(course.root, language)
        if not path.is_file():
            continue
        with path.open("rb") as file:
            for message in filter(lambda message: message.id, read_po(file, locale=language)):
                for spoken, text in (("en", message.id), (language, message.string)):
                    forms = [text] if isinstance(text, str) else list(text or ())
                    yield Passage(path.name, spoken, "\n".join(filter(None, forms)))


def _unknown(ordered: list[str], answers: str) -> Iterator[tuple[str, list[str]]]:
    """hunspell greets in one line, then answers each word by a block of lines."""
    blocks = answers.split("\n", 1)[1].split("\n\n")
    for word, block in zip(ordered, blocks, strict=False):
        for line in block.strip().splitlines():
            if line.startswith("#"):
                yield word, []
            elif line.startswith("&"):
                yield word, line.partition(":")[2].strip().split(", ")
