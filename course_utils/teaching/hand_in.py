"""Read whatever a student handed in: a notebook, or the reason why it is none.

A file that can be understood is read even where nbformat would refuse it: UTF-16, a byte
order mark, cells without metadata or outputs. A file that can't be is `Unreadable`, with a
sentence for the table of marks and for the feedback.
"""

import json
import re
import warnings
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat.notebooknode import NotebookNode

from course_utils.i18n import N_, _
from course_utils.teaching.within_limits import TooMuch, within

__all__ = [
    "MAX_BYTES",
    "MEMORY",
    "SECONDS",
    "Ended",
    "HandInExporter",
    "NotUnicode",
    "OutOfTime",
    "Unreadable",
    "is_script",
    "notebook_in",
    "read_hand_in",
    "text_in",
]

_MARKS_OF_FILES = (  # first bytes of what students hand in instead of a notebook
    (b"PK\x03\x04", N_("not a notebook: the file is a zip archive or an office document")),
    (b"%PDF", N_("not a notebook: the file is a PDF")),
    (b"\x89PNG", N_("not a notebook: the file is a picture")),
    (b"\xff\xd8\xff", N_("not a notebook: the file is a picture")),
)
_HTML = re.compile(r"\s*<(!doctype|html|head|body|\?xml)", re.IGNORECASE)
_SCRIPT = re.compile(
    r"^(# %%|# In\s*\[|def \w|import \w|from \w+.* import |check\()", re.MULTILINE
)
_FIELDS = {"attachments", "cell_type", "id", "metadata", "source"}  # of a cell
_NUMBERS = ("nbformat", "nbformat_minor")
_ID = re.compile("[a-zA-Z0-9_-]{1,64}")
_MOST_CELLS = 200_000
MAX_BYTES = 64 * 2**20  # of all files of one hand-in; more are not read
SECONDS, MEMORY = 30, 2**30  # to read one file of at most MAX_BYTES
_LONGEST_VALUE = 300  # characters of a file's name, or of an error's text, in a reason
_SURROGATE = re.compile("[\ud800-\udfff]")


class Unreadable(ValueError):
    """The file is no notebook. `str(error)` is the reason, in the language in use."""

    state = "unreadable"

    def __init__(self, message: str, **values) -> None:
        super().__init__(message)
        self.message = message
        self.values = {name: _in_one_line(value) for name, value in values.items()}

    def __str__(self) -> str:
        return _(self.message).format(**self.values)


class NotUnicode(Unreadable):
    """The file is text, perhaps, but in another encoding."""


class Ended(Unreadable):
    """The file may be a notebook, but grading it ended without one."""

    state = "crashed"


class OutOfTime(Ended):
    """The file may be a notebook, but grading it took too long."""

    state = "timed_out"


class HandInExporter(NotebookExporter):
    """What `nbgrader autograde` reads hand-ins with (`Autograde.exporter_class`).

    Where nbconvert would raise, and nbgrader drop the hand-in, this yields an empty notebook
    and leaves the `Unreadable` in `resources["unreadable"]`: it is graded with a reason.
    """

    def from_file(self, file_stream, resources=None, **options):
        try:
            notebook = self.read(Path(file_stream.name), resources)
        except Unreadable as reason:
            self.log.warning("%s: %s", file_stream.name, reason)
            notebook = nbformat.v4.new_notebook()
            resources["unreadable"] = reason
        return self.from_notebook_node(notebook, resources, **options)

    def read(self, path: Path, resources: ResourcesDict) -> NotebookNode:
        """The notebook for this file. Raises Unreadable with the reason."""
        return read_hand_in(path)


def read_hand_in(path: Path) -> NotebookNode:
    """The notebook in the file, in nbformat 4. Raises Unreadable with the reason."""
    return notebook_in(text_in(path.read_bytes()))


def notebook_in(text: str) -> NotebookNode:
    """The notebook that a text holds, in nbformat 4. Raises Unreadable with the reason."""
    try:
        with within(SECONDS, MEMORY):
            return _notebook_in(text)
    except TooMuch as error:
        raise Unreadable(error.message, **error.values) from None


def _notebook_in(text: str) -> NotebookNode:
    if _HTML.match(text):
        raise Unreadable(N_("not a notebook: the file is HTML"))
    try:
        content = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        raise _no_json(text, error) from None
    except RecursionError:
        raise Unreadable(N_("not a notebook: lists nested too deeply")) from None
    except ValueError as error:  # a number of more than 4300 digits
        raise _not_a_notebook(error) from error
    if not _looks_like_a_notebook(content):
        raise Unreadable(N_("not a notebook: JSON without cells"))
    if (number := len(content.get("cells", ()))) > _MOST_CELLS:
        raise Unreadable(
            N_("it has {number} cells, more than the {most} that are read"),
            number=number,
            most=_MOST_CELLS,
        )
    try:
        content = _without_surrogates(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ids missing or twice: they get others
            return _tidy(nbformat.reads(json.dumps(_tidy(content)), as_version=4))
    except MemoryError:
        raise
    except Exception as error:  # nbformat raises whatever its converters stumble on
        raise _not_a_notebook(error) from error


def is_script(text: str) -> bool:
    """Whether the text may be a program."""
    return bool(_SCRIPT.search(text))


def _not_a_notebook(error: BaseException) -> Unreadable:
    return Unreadable(N_("not a notebook: {error}"), error=f"{type(error).__name__}: {error}")


def _in_one_line(value):
    """A text short and harmless enough for a table in a terminal; other values as they are."""
    if not isinstance(value, str):
        return value
    text = " ".join(value.split())
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_VALUE]


def text_in(data: bytes) -> str:
    """The text of a file, in UTF-8 or UTF-16. Raises Unreadable, or NotUnicode, its kind."""
    if not data.strip(b"\0 \t\r\n"):
        raise Unreadable(N_("empty file"))
    for start, reason in _MARKS_OF_FILES:
        if data.startswith(start):
            raise Unreadable(reason)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in data[:2]:  # "{" and a zero byte: UTF-16 without its mark
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotUnicode(
            N_("not text in UTF-8: byte {place} cannot be read"), place=error.start + 1
        ) from None


def _no_json(text: str, error: json.JSONDecodeError) -> Unreadable:
    if not text.lstrip().startswith("{"):
        if is_script(text):
            return Unreadable(
                N_("not a notebook: a script; `course doctor --repair` makes a notebook of it")
            )
        return Unreadable(N_("not a notebook: the text is not JSON"))
    if error.msg.startswith("Unterminated string") or not text[error.pos :].strip():
        return Unreadable(
            N_("truncated JSON at line {line}"), line=text.rstrip().count("\n") + 1
        )
    return Unreadable(N_("broken JSON at line {line}"), line=error.lineno)


def _looks_like_a_notebook(content) -> bool:
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        return False
    cells = content.get("cells" if content["nbformat"] >= 4 else "worksheets")
    return isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells)


def _without_surrogates(content):
    """Halves of a character, which no file can be written with, as question marks."""
    if isinstance(content, str):
        return _SURROGATE.sub("?", content)
    if isinstance(content, list):
        return [_without_surrogates(item) for item in content]
    if isinstance(content, dict):
        return {
            _without_surrogates(key): _without_surrogates(value)
            for key, value in content.items()
        }
    return content


def _tidy(notebook):
    """Give every cell the fields that nbgrader takes for granted; outputs go, they are old."""
    for unknown in notebook.keys() - {"cells", "worksheets", *_NUMBERS, "metadata"}:
        del notebook[unknown]
    if not isinstance(notebook.get("metadata"), dict):
        notebook["metadata"] = {}
    for cell in notebook.get("cells", ()):
        if cell.get("cell_type") not in ("code", "markdown", "raw"):
            cell["cell_type"] = "raw"
        if not isinstance(cell.get("metadata"), dict):
            cell["metadata"] = {}
        nbgrader = cell["metadata"].get("nbgrader", {})
        if not isinstance(nbgrader, dict) or not isinstance(nbgrader.get("grade_id", ""), str):
            del cell["metadata"]["nbgrader"]
        if not isinstance(cell["metadata"].get("id", ""), str):
            del cell["metadata"]["id"]
        source = cell.get("source", "")
        lines = source if isinstance(source, list) else [source]
        cell["source"] = "".join(str(line) for line in lines)
        pictures = _pictures(cell.pop("attachments", None))
        if pictures and cell["cell_type"] != "code":
            cell["attachments"] = pictures
        for unknown in cell.keys() - _FIELDS:  # old outputs too
            del cell[unknown]
        if not _ID.fullmatch(str(cell.get("id", ""))):
            cell.pop("id", None)
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    return notebook


def _pictures(found) -> dict[str, dict[str, str]]:
    """Those pasted into a text cell, name -> kind -> data; nbformat writes some as lines."""
    bundles = found.items() if isinstance(found, dict) else ()
    kept = {
        name: {kind: _joined(data) for kind, data in kinds.items() if _is_text(data)}
        for name, kinds in bundles
        if isinstance(kinds, dict)
    }
    return {name: kinds for name, kinds in kept.items() if kinds}


def _joined(data: str | list[str]) -> str:
    return data if isinstance(data, str) else "".join(data)


def _is_text(data) -> bool:
    lines = data if isinstance(data, list) else [data]
    return all(isinstance(line, str) for line in lines)
