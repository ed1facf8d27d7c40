"""The glossary: docs/glossary.toml becomes a page in each language of the course.

[[term]]
id = "jaccard_index"        # the anchor on the pages, the same in every language
ru = "мера Жаккара"         # the course's word
en = "Jaccard index"
also_ru = ["IoU"]           # other words that one meets; may be left out
lectures = ["04_segmentation_metrics"]
text_ru = "..."             # what it means, in a sentence or three
text_en = "..."
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from course_utils.teaching.config import LECTURES, Course
from course_utils.teaching.errors import CourseError

__all__ = ["SOURCE", "Term", "page_name", "pages", "terms"]

SOURCE = Path("docs") / "glossary.toml"
_ID = re.compile(r"[a-z][a-z0-9_]*")
_MADE = "<!-- Made from glossary.toml by `course build`: edit that file. -->"
_TITLES = {"ru": "Словарь курса", "en": "Glossary of the course"}
_HEADS = {
    "ru": "Слова, которыми пользуются лекции и задания, и что они здесь значат.",
    "en": "The words that the lectures and assignments use, and what they mean here.",
}
_OTHER = {"ru": "по-английски", "en": "in Russian"}
_ALSO = {"ru": "также", "en": "also"}
_SEE = {"ru": "Лекции", "en": "Lectures"}


@dataclass(frozen=True)
class Term:
    """One entry. word, also, text: language -> the course's word, other words, the meaning."""

    id: str
    word: dict[str, str]
    also: dict[str, tuple[str, ...]]
    text: dict[str, str]
    lectures: tuple[str, ...]


def page_name(language: str) -> str:
    """The page of a language, from the course's root."""
    return f"docs/glossary_{language}.md"


def pages(course: Course) -> dict[Path, bytes]:
    """What the pages should hold: path -> content. None where the course has no glossary.

    Raises CourseError with all that is wrong in the source.
    """
    if not (course.root / SOURCE).is_file():
        return {}
    found = terms(course)
    return {
        course.root / page_name(language): _page(found, course, language).encode()
        for language in course.languages
    }


def terms(course: Course) -> list[Term]:
    """The terms of the source, in its order. Raises CourseError with all that is wrong."""
    try:
        rows = tomllib.loads((course.root / SOURCE).read_text(encoding="utf-8")).get("term", [])
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{SOURCE}: not TOML: {error}. Correct it.") from error
    known = {path.stem for path in (course.root / LECTURES).glob("*.py")}
    problems, found, seen = [], [], set()
    for number, row in enumerate(rows, start=1):
        where = f"{SOURCE}: term {number}, {row.get('id', 'without an id')!r}"
        problems += [f"{where}: {words}" for words in _problems(row, course, known, seen)]
        seen.add(row.get("id"))
        found.append(row)
    if problems:
        raise CourseError(problems)
    return [_term(row, course) for row in found]


def _problems(row: dict, course: Course, known: set[str], seen: set[str]):
    """What is wrong with one table of the source."""
    needed = ["id", "lectures"]
    needed += [key + language for language in course.languages for key in ("", "text_")]
    allowed = {*needed, *(f"also_{language}" for language in course.languages)}
    for key in needed:
        if not row.get(key):
            yield f"expected {key!r}, found nothing. Write it."
    for key in sorted(row.keys() - allowed):
        yield f"unknown key {key!r}; expected {', '.join(sorted(allowed))}. Correct its name."
    if not _ID.fullmatch(str(row.get("id"))):
        yield "expected an id like `jaccard_index`. Correct it."
    if row.get("id") in seen:
        yield "this id is there already. Give one of them another."
    for lecture in row.get("lectures", []):
        if lecture not in known:
            yield f"expected a lecture out of {', '.join(sorted(known))}, got {lecture!r}."


def _term(row: dict, course: Course) -> Term:
    return Term(
        id=row["id"],
        word={language: row[language] for language in course.languages},
        also={
            language: tuple(row.get(f"also_{language}", ())) for language in course.languages
        },
        text={language: row[f"text_{language}"] for language in course.languages},
        lectures=tuple(row["lectures"]),
    )


def _page(found: list[Term], course: Course, language: str) -> str:
    other = next((name for name in course.languages if name != language), None)
    lines = [_MADE, "", f"# {_TITLES[language]}", "", _HEADS[language], ""]
    for term in sorted(found, key=lambda term: _order(term.word[language])):
        lines += [f'<a id="{term.id}"></a>', f"### {term.word[language]}", ""]
        words = []
        if other:
            link = f"{Path(page_name(other)).name}#{term.id}"
            words.append(f"{_OTHER[language]} [{term.word[other]}]({link})")
        if term.also[language]:
            words.append(f"{_ALSO[language]}: {', '.join(term.also[language])}")
        if words:
            lines += [f"*{'; '.join(words)}*", ""]
        lines += [term.text[language].strip(), ""]
        links = [
            f"[{name[:2]}](../{LECTURES}/{language}/{name}.ipynb)" for name in term.lectures
        ]
        lines += [f"{_SEE[language]}: {', '.join(links)}", ""]
    return "\n".join(lines)


def _order(word: str) -> str:
    """Alphabetical order of Russian and English words: capitals and ё make no difference."""
    return word.casefold().replace("ё", "е").strip("«» ")
