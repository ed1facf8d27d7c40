"""The catalogue of messages: from `_`, `N_` and `ngettext` in the code to course_utils.po, .mo.

    python -m course_utils.teaching.catalogue merge FRAGMENT.po ...

takes translations from other .po files into the catalogue. The files hold no dates, versions or
line numbers: they change when a message or a translation does, and only then.
"""

import ast
import io
import re
import string
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po

from course_utils.i18n import LANGUAGES, LATIN
from course_utils.teaching.config import find_root
from course_utils.teaching.errors import CourseError

__all__ = ["TRANSLATED", "check", "extracted", "findings", "merge", "po_path", "update"]

PACKAGE = "course_utils"
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
TRANSLATED = tuple(name for name in LANGUAGES if name != "en")  # the code's own language

Key = str | tuple[str, str]  # a message, or its singular and plural
Translations = dict[Key, tuple[str, ...]]


class _Stable(Catalog):
    """A catalogue whose header says nothing that changes by itself."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", PACKAGE),
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit\n"),
        ]


def update(root: Path) -> dict[Path, bytes]:
    """What the catalogues of the course in `root` should hold: path -> content.

    Translations are kept, messages that the code no longer has are dropped. Without a package
    `course_utils` in `root` there is nothing to translate, and no file.
    Raises CourseError for a .po file that can't be read.
    """
    if not (root / PACKAGE).is_dir():
        return {}
    messages = extracted(root)
    files = {}
    for language in TRANSLATED:
        path = po_path(root, language)
        known = _read(path, language) if path.is_file() else {}
        files |= _compose(root, language, messages, known)
    return files


def check(root: Path) -> list[str]:
    """All that is stale in the catalogues, untranslated, or translated wrongly."""
    problems = findings(root)
    for path, content in update(root).items():
        name = path.relative_to(root)
        if not path.is_file():
            problems.append(f"{name}: missing. Run `course build messages`.")
        elif path.read_bytes() != content:
            problems.append(f"{name}: stale. Run `course build messages`.")
    return problems


def findings(root: Path) -> list[str]:
    """What is wrong with the messages in the code and with their translations."""
    if not (root / PACKAGE).is_dir():
        return []
    problems = list(_misused(root))
    messages = extracted(root)
    for language in TRANSLATED:
        path = po_path(root, language)
        known = _read(path, language) if path.is_file() else {}
        for key, files in messages.items():
            where = f"{path.name}: {_shown(key)} ({', '.join(files)})"
            forms = _num_plurals(language) if isinstance(key, tuple) else 1
            wrong = _translation_problem(key, known.get(key, ()), forms)
            if wrong:
                problems.append(f"{where}: {wrong}")
    return problems


def merge(root: Path, fragments: Sequence[Path], language: str = "ru") -> list[str]:
    """Take the translations of `fragments` into the catalogue, the last one winning.

    Returns what was noticed: messages that the code does not have (they are left out) and
    translations that replaced another one. Raises CourseError for a file that can't be read.
    """
    messages = extracted(root)
    path = po_path(root, language)
    known = _read(path, language) if path.is_file() else {}
    noticed = []
    for fragment in fragments:
        for key, forms in _read(fragment, language).items():
            if not any(forms):
                continue
            if key not in messages:
                noticed.append(f"{fragment.name}: {_shown(key)} is not in the code; left out.")
                continue
            if any(known.get(key, ())) and known[key] != forms:
                noticed.append(
                    f"{fragment.name}: {_shown(key)} is now {forms!r}, was {known[key]!r}."
                )
            known[key] = forms
    for target, content in _compose(root, language, messages, known).items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return noticed


def extracted(root: Path) -> dict[Key, list[str]]:
    """The messages of the code, sorted, each with the files that show it."""
    found: dict[Key, set[str]] = {}
    package = root / PACKAGE
    for name, _line, message, _comments, _context in extract_from_dir(
        package, method_map=[("**.py", "python")], keywords=KEYWORDS
    ):
        found.setdefault(message, set()).add(f"{PACKAGE}/{Path(name).as_posix()}")
    return {key: sorted(found[key]) for key in sorted(found, key=_text)}


def _compose(
    root: Path, language: str, messages: Mapping[Key, list[str]], known: Translations
) -> dict[Path, bytes]:
    catalogue = _Stable(locale=language, charset="utf-8", fuzzy=False)
    catalogue.header_comment = (
        "# Messages of course_utils. Made by `course build`: edit msgstr."
    )
    for key, files in messages.items():
        forms = known.get(key, ())
        if isinstance(key, tuple):
            value = forms or ("",) * _num_plurals(language)
        else:
            value = forms[0] if forms else ""
        message = catalogue.add(key, value, locations=[(name, None) for name in files])
        message.flags.clear()  # which flags Babel adds depends on its version
    text, binary = io.BytesIO(), io.BytesIO()
    write_po(text, catalogue, width=0, include_lineno=False, ignore_obsolete=True)
    write_mo(binary, catalogue)
    path = po_path(root, language)
    return {path: text.getvalue(), path.with_suffix(".mo"): binary.getvalue()}


def _read(path: Path, language: str) -> Translations:
    """The translations of a .po file; fuzzy ones are none."""
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language, charset="utf-8", abort_invalid=True)
    except (OSError, PoFileError, UnicodeDecodeError, ValueError) as error:
        raise CourseError(f"{path}: expected a .po file, got an error: {error}.") from error
    found: Translations = {}
    for message in catalogue:
        if message.id and not message.fuzzy:
            forms = message.string
            key = tuple(message.id) if isinstance(message.id, list | tuple) else message.id
            found[key] = tuple(forms) if isinstance(forms, list | tuple) else (forms,)
    return found


def _translation_problem(key: Key, forms: tuple[str, ...], expected: int) -> str | None:
    """What is wrong with one translation; None if nothing is."""
    if len(forms) != expected or not all(forms):
        many = f" in {expected} forms" if expected > 1 else ""
        return f"untranslated or fuzzy. Write its msgstr{many}."
    original = key[-1] if isinstance(key, tuple) else key
    for form in forms:
        wanted, came = _placeholders(original), _placeholders(form)
        if came != wanted:
            return (
                f"expected the placeholders {wanted}, got {came} in {form!r}. "
                "Correct the translation."
            )
        if not _is_russian(form):
            return f"expected Russian, got {form!r}. Translate it."
    return None


def _placeholders(text: str) -> list[str]:
    """The names in braces, each once, sorted; as str.format reads them."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:  # no format string: its braces are formulas, and must stand as they are
        return sorted(set(re.findall(r"\{[^{}]*\}", text)))
    return sorted({name for _literal, name, _spec, _conversion in parts if name is not None})


def _is_russian(text: str) -> bool:
    bare = re.sub(r"\{[^{}]*\}|`[^`]*`|\\[a-z]+", " ", text)
    if re.search(r"[А-яЁё]", bare):
        return True
    return all(word in LATIN or len(word) == 1 for word in re.findall(r"[A-Za-z]+", bare))


def _misused(root: Path) -> Iterator[str]:
    """Calls from which no message can be taken: f-strings and sums inside `_`."""
    for path in sorted((root / PACKAGE).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for node in ast.walk(tree):
            name = getattr(node.func, "id", None) if isinstance(node, ast.Call) else None
            if name in KEYWORDS and any(
                isinstance(arg, ast.JoinedStr | ast.BinOp) for arg in node.args
            ):
                yield (
                    f"{path.relative_to(root)}:{node.lineno}: expected a plain string in "
                    f"`{name}`, got an f-string or a sum. Write '... {{x}}' in it, "
                    "and .format(x=x) after it."
                )


def _num_plurals(language: str) -> int:
    return Catalog(locale=language).num_plurals


def po_path(root: Path, language: str) -> Path:
    return root / PACKAGE / "locale" / language / "LC_MESSAGES" / f"{PACKAGE}.po"


def _text(key: Key) -> str:
    return key[0] if isinstance(key, tuple) else key


def _shown(key: Key) -> str:
    return repr(_text(key))


def main(arguments: Sequence[str]) -> int:
    """The command line of this file; returns the exit code."""
    if len(arguments) < 2 or arguments[0] != "merge":
        print("Usage: python -m course_utils.teaching.catalogue merge FRAGMENT.po ...")
        return 2
    try:
        noticed = merge(find_root(), [Path(name) for name in arguments[1:]])
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    for words in noticed:
        print(words, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
