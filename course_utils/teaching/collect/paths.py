"""Names inside archives: what is wrong with one, and what it read before it was garbled.

A zip without its UTF-8 mark gives names that Python decodes as cp437, whatever they were:
cp866 from Windows, cp1251, or UTF-8 all the same. The bytes are decoded again, and the reading
that looks most like a name wins.
"""

import contextlib
import re
import unicodedata

from course_utils.i18n import _

__all__ = ["MOST_OF_A_NAME", "is_junk", "parts_of", "recovered", "shown", "why_refused"]

MOST_OF_A_NAME = 255  # bytes: what file systems hold
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
_JUNK = re.compile(
    r"__macosx|\.ds_store|\._.*|thumbs\.db|desktop\.ini|\.ipynb_checkpoints|\.git|__pycache__",
    re.IGNORECASE,
)
_FREQUENT = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"  # Russian letters, the commonest first


def parts_of(name: str) -> tuple[str, ...]:
    """The folders and the file of a member's name; a backslash separates them, too."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/")
    return tuple(part for part in name.split("/") if part not in ("", "."))


def is_junk(parts: tuple[str, ...]) -> bool:
    """What systems leave in archives and no student wrote."""
    return any(_JUNK.fullmatch(part) for part in parts)


def why_refused(name: str) -> str:
    """Why a member of that name is not taken, in the language in use; "" for a good name."""
    parts = parts_of(name)
    slashes = name.replace("\\", "/")
    if "\0" in name:
        return _("its name holds a zero byte")
    if slashes.startswith("/") or _DRIVE.match(slashes):
        return _("its name is an absolute path")
    if ".." in parts:
        return _("its name leads out of the archive (..)")
    if not parts:
        return _("it has no name")
    if any(_bytes(part) > MOST_OF_A_NAME for part in parts) or _bytes(name) > 4096:
        return _("its name is too long")
    if _DEVICE.match(parts[-1]):
        return _("its name is that of a device of Windows ({name})").format(name=parts[-1])
    return ""


def _bytes(name: str) -> int:
    return len(name.encode("utf-8", "surrogatepass"))


def shown(name: str) -> str:
    """The name for a table: nothing in it that moves a terminal's cursor or breaks a line."""
    name = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def recovered(name: str) -> str:
    """The name as its author saw it, in NFC; the name itself where nothing looks better.

    >>> recovered("Иванова".encode("cp866").decode("cp437"))
    'Иванова'
    """
    candidates = [name]
    if not name.isascii():
        for wrong, right in (
            ("cp437", "utf-8"),
            ("cp1251", "utf-8"),
            ("latin-1", "utf-8"),
            ("cp1252", "utf-8"),
            ("cp866", "utf-8"),
            ("cp437", "cp866"),
            ("cp437", "cp1251"),
            ("latin-1", "cp1251"),
        ):
            try:
                found = name.encode(wrong).decode(right)
            except UnicodeError:
                continue
            if right == "utf-8" and not found.isascii():
                return unicodedata.normalize("NFC", found)  # no other text is valid UTF-8
            candidates.append(found)
        for right in ("cp866", "cp1251"):  # a tar's name that was not UTF-8
            with contextlib.suppress(UnicodeError):
                candidates.append(name.encode("ascii", "surrogateescape").decode(right))
    best = max(candidates, key=_likeness)  # the first of equals: the name as it came
    return unicodedata.normalize("NFC", best)


def _likeness(name: str) -> float:
    """How much the name looks like one: higher is better, mean over what is not ASCII."""
    name = unicodedata.normalize("NFC", name)
    odd = [c for c in name if not c.isascii()]
    if not odd:
        return 0.0
    score = sum(_letter(c) for c in odd) / len(odd)
    for word in re.findall(r"[^\W\d_]+", name):
        scripts = {"cyrillic" if _cyrillic(c) else "latin" for c in word}
        cased = word[1:] != word[1:].lower() and word != word.upper()
        score -= 2 * (len(scripts) > 1) + 0.5 * cased
    return score


def _letter(char: str) -> float:
    if _cyrillic(char):
        place = _FREQUENT.find(char.lower())
        return 1 - place / len(_FREQUENT) if place >= 0 else -0.5
    if "\ud800" <= char <= "\udfff" or unicodedata.category(char) in ("Cc", "Cn", "Co"):
        return -3.0
    if unicodedata.category(char)[0] in "SC" or char in "¿¡«»°·":
        return -1.0
    return 0.1 if char.isalpha() else 0.0


def _cyrillic(char: str) -> bool:
    return "\u0400" <= char <= "\u04ff"
