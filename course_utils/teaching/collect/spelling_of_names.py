"""Names in two alphabets: which spellings are one name, and a safe id made of a name.

A name has three keys, each coarser than the one before: its words as written (case, ё and the
order of words aside), and its words reduced to what all transliterations have in common:
Юлия, Yuliya, Iuliia and Julia are one. Equal keys say "may be the same"; who it is says the
roster, and only where one student alone has that key.
"""

import hashlib
import re
import unicodedata

__all__ = ["exact", "joined", "reduced", "safe_id"]

# fmt: off
_LATIN = {  # Cyrillic by sound; what differs between systems falls together in `_REDUCED`
    **dict(zip("абвгдезийклмнопрстуфы", "abvgdeziiklmnoprstufy", strict=True)),
    "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ё": "e", "э": "e",
    "ю": "iu", "я": "ia", "ь": "", "ъ": "", "і": "i", "ї": "i", "є": "e", "ґ": "g", "ў": "u",
}
# fmt: on
_REDUCED = (  # in this order, until nothing changes
    (re.compile(r"shch|sch|tsch"), "s"),
    (re.compile(r"tch|ch|tz|ts"), "c"),
    (re.compile(r"sh"), "s"),
    (re.compile(r"zh"), "z"),
    (re.compile(r"kh"), "h"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"w"), "v"),
    (re.compile(r"[yj]"), "i"),
    (re.compile(r"i([aeou])"), r"\1"),
    (re.compile(r"(.)\1+"), r"\1"),
)
_YO = re.compile(r"[yj]o")  # ё: Fyodor is Fedor
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_MOST_OF_AN_ID = 64


def exact(name: str) -> tuple[str, ...]:
    """The words, in lower case and sorted: the same for both orders of the names."""
    return tuple(sorted(_words(name)))


def reduced(name: str) -> tuple[str, ...]:
    """The words as all transliterations have them, sorted."""
    return tuple(sorted(_reduced(word) for word in _words(name)))


def joined(*words: str) -> str:
    """The words reduced and written as one: Canvas drops what is between them."""
    return _reduced("".join(word for name in words for word in _words(name)))


def safe_id(name: str) -> str:
    """An id for nbgrader, made of the name: lower-case Latin, digits, "_", "-", at most 64.

    The same name gives the same id, in any Unicode form. Where letters are lost (Chinese) or
    the name is too long, the beginning of its SHA-256 keeps ids of different names apart.
    """
    plain = unicodedata.normalize("NFC", name).casefold().replace("ё", "е")
    latin = "".join(_LATIN.get(char, char) for char in plain)
    latin = "".join(
        char for char in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(char)
    )
    lost = any(char.isalnum() and not char.isascii() for char in latin)
    found = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])-(?=[a-z0-9])", "\0", latin))
    found = found.strip("_")
    digest = hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    if lost or not found or len(found) > _MOST_OF_AN_ID:
        found = f"{found[: _MOST_OF_AN_ID - 9]}_{digest}" if found else f"student_{digest}"
    return f"{found}_" if _DEVICE.match(found) else found


def _words(name: str) -> list[str]:
    """Lower-case words without accents; й stays one letter, ё is е."""
    name = unicodedata.normalize("NFC", name).casefold().replace("ё", "е")
    name = re.sub(r"['’ʼ`]", "", name)
    words = re.findall(r"[^\W\d_]+", name)
    return [word if re.search("[а-я]", word) else _bare(word) for word in words]


def _bare(word: str) -> str:
    return "".join(
        char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char)
    )


def _reduced(word: str) -> str:
    latin = "".join(_LATIN.get(char, char) for char in word)
    latin = _YO.sub("e", latin)
    while True:
        before = latin
        for pattern, replacement in _REDUCED:
            latin = pattern.sub(replacement, latin)
        if latin == before:
            return latin
