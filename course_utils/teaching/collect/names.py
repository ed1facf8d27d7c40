"""Who handed a file in and under which name: what the names of an LMS's download say.

    Moodle    Иванова Анна_123456_assignsubmission_file_hw.ipynb
              Иванова Анна_123456_assignsubmission_file_/hw.ipynb
    Canvas    ivanovaanna_LATE_12345_67890_hw-1.ipynb
    Drive     Иванова Анна - hw.ipynb, hw - Анна Иванова.ipynb, Анна Иванова/hw.ipynb
    folders   <student>/hw.ipynb

A `Claim` is what the names say, not who it is: that is for the roster.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Claim", "claim", "plain_name", "tokens", "without_copies"]

_MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<id>\d{1,30})_assignsubmission_[a-z]+(?:_(?P<file>.*))?$", re.DOTALL
)
_CANVAS = re.compile(
    r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d{1,30})_(?P<upload>\d{1,18})_(?P<file>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_RESENT = re.compile(r"-(\d{1,3})$")  # Canvas: hw.ipynb, hw-1.ipynb, hw-2.ipynb
_EXTENSION = re.compile(
    r"(\.(zip|tar|tgz|tbz2?|txz|gz|bz2|xz|ipynb|json|txt|download))+$", re.IGNORECASE
)
_BEFORE = re.compile(
    r"^(?:копия|copy\s+of|copy|дубликат)\s+(?:блокнота|ноутбука|файла|notebook)?\s*[\"«“']?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[\"»”']?\s*(?:\((?P<n>\d+)\)|[\s_-]+(?:—\s*|-\s*)?(?:копия|copy)(?:\s*\(?(?P<m>\d+)\)?)?"
    r"|\.ipynb|[\"»”'])\s*$",
    re.IGNORECASE,
)
_DASH = re.compile(r"\s+[-–—]\s+")
# What files and folders of hand-ins are called that is no person's name.
# fmt: off
_GENERAL = frozenset((
    "hw", "homework", "assignment", "task", "lab", "submission", "submissions", "notebook",
    "untitled", "final", "colab", "solution", "archive", "extracted", "downloaded",
    "download", "files", "file", "moodle", "canvas", "drive", "classroom", "дз", "домашнее",
    "домашняя", "задание", "работа", "лаба", "лабораторная", "решение", "сдача", "тетрадь",
    "блокнот", "ноутбук", "итог", "финал", "копия", "copy", "of", "new", "новый", "новая",
    "test", "v", "ver", "version", "вариант", "попытка", "attempt", "late", "submitted",
    "group", "группа",
))
# fmt: on


@dataclass(frozen=True)
class Claim:
    """people: what may be the student's name or id, the likeliest first.

    lms_id: the student's number in the LMS, or ""; order: the LMS's own number of the upload,
    which grows with every one, or None; copy: N of "hw (N).ipynb", 0 where there is none;
    file: the name that the student gave, without marks of copies and without extension;
    sure: the LMS itself wrote the name, so the first of `people` is a person.
    """

    people: tuple[str, ...]
    lms: str
    lms_id: str = ""
    order: int | None = None
    late: bool | None = None
    copy: int = 0
    file: str = ""
    sure: bool = False


def claim(
    parts: Sequence[str], assignment_words: Sequence[str] = (), *, trust_first: bool = False
) -> Claim:
    """What the path says. parts: the container's name, folders, the file.

    assignment_words: words of the assignment's names, which are no student's.
    trust_first: the container may be called after its student, even in one word.
    """
    file, copy = without_copies(parts[-1])
    for part in parts:  # the outermost: inside it all is the student's own choice
        if found := _MOODLE.match(part):
            own = found["file"] if part == parts[-1] and found["file"] else parts[-1]
            file, copy = without_copies(own)
            name = found["name"]
            return Claim((name,), "Moodle", found["id"], copy=copy, file=file, sure=True)
        if found := _CANVAS.match(part):
            own = found["file"] if part == parts[-1] else parts[-1]
            file, copy = without_copies(own)
            resent = _RESENT.search(_EXTENSION.sub("", found["file"]))
            return Claim(
                (found["name"],),
                "Canvas",
                found["id"],
                order=int(found["upload"]),
                late=bool(found["late"]),
                copy=int(resent[1]) if resent else copy,
                file=_RESENT.sub("", file),
                sure=True,
            )
    known = {word for name in assignment_words for word in tokens(name)} | _GENERAL
    strong, weak = _people_in_file(file, known)
    folders = [_EXTENSION.sub("", part) for part in parts[:-1]]
    inner = [name for name in folders[1:] if _rest(name, known)]
    outer = [
        name
        for name in folders[:1]
        if _looks_like_a_person(name, known) or (trust_first and _rest(name, known))
    ]
    people = [*strong, *inner, *outer] if inner else [*strong, *outer, *weak]
    people.sort(key=lambda name: name not in strong and not _looks_like_a_person(name, known))
    people += weak
    return Claim(tuple(dict.fromkeys(people)), "", copy=copy, file=file)


def without_copies(name: str) -> tuple[str, int]:
    """(the file's name without extension and marks of a copy, number of the copy or 0)."""
    stem = _EXTENSION.sub("", unicodedata.normalize("NFC", name)).strip()
    copy = 0
    while True:
        found = _AFTER.search(stem)
        shorter = stem[: found.start()] if found else _BEFORE.sub("", stem, count=1)
        if shorter == stem or not shorter.strip():
            return stem.strip(), copy
        if found:
            number = found["n"] or found["m"] or ("1" if "ip" not in found[0].lower() else "0")
            copy = max(copy, min(int(number[:6]), 10**6))
        stem = shorter.strip()


def tokens(name: str) -> list[str]:
    """The words of a name, in lower case, without digits."""
    return re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", name).casefold())


def plain_name(name: str) -> str:
    """The name with single spaces, for people to read."""
    return " ".join(re.split(r"[\s_]+", unicodedata.normalize("NFC", name))).strip(" .-_")


def _people_in_file(file: str, known: set[str]) -> tuple[list[str], list[str]]:
    """Pieces of the file's name that may be a person: beside the assignment's name, others.

    "Иванова Анна - hw" says which piece is which; "hw_Иванова_Анна" and "Анна" do less.
    """
    pieces = _DASH.split(file)
    people = [piece for piece in pieces if _rest(piece, known)]
    if len(pieces) > len(people):
        return [name for name in people if _looks_like_a_person(name, known)], people
    words = [word for word in re.split(r"[\s_]+", file) if _rest(word, known)]
    return [], [*people, " ".join(words)] if len(words) > 1 else people


def _rest(name: str, known: set[str]) -> list[str]:
    """The words of the name that are none of an assignment's; digits alone may be an id."""
    words = [word for word in tokens(name) if word not in known]
    return words or ([name] if re.fullmatch(r"\d{3,}", name.strip()) else [])


def _looks_like_a_person(name: str, known: set[str]) -> bool:
    words = tokens(name)
    return 2 <= len(words) <= 5 and not known.intersection(words) and not re.search(r"\d", name)
