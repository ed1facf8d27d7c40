"""Read every file to be published for what students must not get. Whatever can't be read fails.

A file is looked at in all the ways it can hide a text: as it is; with the escapes of JSON
undone, again and again; without HTML's tags; what stands in base64; what is packed. A long
secret line is found anywhere, in the middle of another line too; a short one as a whole line.

Inside the package the reference implementations and the known mistakes stand by design, and
share lines with solutions. There a solution counts as published where most of it stands in
one file. A lecture may show lines of the package. In all other files one line is enough.
"""

import ast
import base64
import binascii
import html
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from course_utils.teaching.config import LECTURES
from course_utils.teaching.publish.edition import PACKAGE
from course_utils.teaching.publish.secrets import Secrets, normal

__all__ = ["find_leaks"]

_SHINGLE = 16  # characters by which a long line is looked up
_MOST_OF_IT = 0.75  # of a passage's lines: more than any reference shares with a solution
_FEWEST_LINES = 4  # of a passage that a file of the package can be said to hold
_DEEPEST = 4  # packings inside packings
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}(?:\s*[A-Za-z0-9+/_-]{20,}={0,2})*")
_LIST = re.compile(r"/ready_made/\w+\.txt$")  # of what an exercise bans
_BINARY = {".mo": b"\xde\x12\x04\x95", ".safetensors": b"", ".png": b"\x89PNG\r\n\x1a\n"}
_MEDIA = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"\0\0\0\x1cftyp", b"\0\0\0 ftyp")
_TEXT = {".py", ".ipynb", ".md", ".toml", ".yml", ""}
_OUTPUTS = re.compile(  # kinds of data that a notebook's outputs may hold
    r"text/.+|image/(png|jpeg|gif|svg\+xml)|application/(json|javascript)|"
    r"application/vnd\.jupyter\.widget-(view|state)\+json"
)
_MARKS = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
_TOOLS = re.compile(
    r"^\s*(?:from|import)\s+course_utils\.(?:teaching|checks\.(?:grading|kernel))\b",
    re.MULTILINE,
)
_INSTRUCTORS = {  # folders, and files of an assignment's folder
    *("teaching", "tests", "solutions", "benchmarks"),
    *("right_styles", "demo_class.py", "demo_student.py"),
}
_TAGS = re.compile(r"<[^<>]{1,400}>")
_ENTRY = "#~x~#"


def find_leaks(
    files: Mapping[str, bytes],
    secrets: Secrets,
    progress: Callable[[int], None] = lambda _done: None,
) -> list[str]:
    """What is wrong, a sentence each; empty where all may be published.

    files: path with forward slashes -> content. progress: called with the files read.
    """
    index = _Index(secrets, files)
    problems: list[str] = []
    for number, (path, content) in enumerate(files.items(), start=1):
        try:
            problems += [f"{path}: {words}" for words in _look(path, content, index)]
        except Exception as error:  # whatever can't be read is not published
            problems.append(
                f"{path}: could not be read for leaks ({type(error).__name__}: {error})"
            )
        progress(number)
    return problems


class _Index:
    """The secret lines, ready to be looked up in a text."""

    def __init__(self, secrets: Secrets, files: Mapping[str, bytes]) -> None:
        self.own = secrets.passages
        self.all = (*secrets.passages, *secrets.others)
        self.where = {line: p.where for p in reversed(self.all) for line in p.lines}
        self.by_hand = {line for p in self.own if p.by_hand for line in p.lines}
        self.of_solutions = {line for p in self.own for line in p.lines}
        package = [text for path, text in files.items() if path.startswith(f"{PACKAGE}/")]
        self.in_package = {
            normal(line)
            for text in package
            for line in text.decode("utf-8", "replace").split("\n")
        }
        self.long: dict[str, list[str]] = {}
        for line in self.where:
            if len(line) >= _SHINGLE:
                self.long.setdefault(line[:_SHINGLE], []).append(line)

    def lines_in(self, text: str) -> set[str]:
        """The secret lines of a text."""
        found = {line for line in map(normal, text.split("\n")) if line in self.where}
        squeezed = normal(text)
        for start in range(len(squeezed) - _SHINGLE + 1):
            for line in self.long.get(squeezed[start : start + _SHINGLE], ()):
                if squeezed.startswith(line, start):
                    found.add(line)
        return found


def _look(path: str, content: bytes, index: _Index) -> Iterator[str]:
    suffix = "." + path.rsplit(".", 1)[1] if "." in path.rsplit("/", 1)[-1][1:] else ""
    if _INSTRUCTORS & set(path.split("/")):
        yield "is an instructor's or a maintainer's file"
    if suffix in _BINARY and content.startswith(_BINARY[suffix]):
        texts = [content.decode("utf-8", "replace"), content.decode("latin-1")]
        views = [view for text in texts for view in (text, _unescaped(text))]
    elif suffix in _TEXT or path in ("LICENSE", ".gitignore") or _LIST.search(path):
        texts = [content.decode("utf-8")]
        if suffix == ".ipynb":
            page = json.loads(texts[0])
            yield from _kinds_of_outputs(page)
            texts = list(_strings(page))
        elif suffix == ".py":
            ast.parse(texts[0])
        views = [view for text in texts for view in _views(text)]
    else:
        yield f"a file of an unknown kind ({suffix or 'no ending'})"
        return
    for view in views:
        if mark := _MARKS.search(view):
            yield f"holds a mark of solutions, {mark[0]!r}"
        if tool := _TOOLS.search(view):
            yield f"imports an instructor's tool: {tool[0].strip()!r}"
    found = set().union(*(index.lines_in(view) for view in views))
    top = path.split("/", 1)[0]
    if top == PACKAGE:
        alone = index.by_hand
    elif top == LECTURES:
        alone = index.of_solutions - (index.in_package - index.by_hand)
    else:
        alone = index.of_solutions
    for line in sorted(found & alone):
        yield f"would publish a line of {index.where[line]}: {line!r}"
    yield from _whole_passages(found - alone, index)


def _whole_passages(found: set[str], index: _Index) -> Iterator[str]:
    for passage in index.all:
        held = len(found & set(passage.lines))
        if len(passage.lines) >= _FEWEST_LINES and held >= _MOST_OF_IT * len(passage.lines):
            yield f"holds {held} of the {len(passage.lines)} lines of {passage.where}"


def _kinds_of_outputs(page: Any) -> Iterator[str]:
    for number, cell in enumerate(page["cells"], start=1):
        for output in cell.get("outputs", ()):
            for kind in output.get("data", {}):
                if not _OUTPUTS.fullmatch(kind):
                    yield f"cell {number} has an output of an unknown kind, {kind!r}"


def _strings(node: Any) -> Iterator[str]:
    """All texts of a JSON document; a list of lines, as notebooks have them, is one text."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from _strings(value)
    elif isinstance(node, list):
        if node and all(isinstance(item, str) for item in node):
            yield "".join(node)
            yield "\n".join(node)
        else:
            for item in node:
                yield from _strings(item)


def _views(text: str, depth: int = 0) -> Iterator[str]:
    """The text in all the ways that it can be read."""
    if depth > _DEEPEST:
        raise ValueError("expected fewer packings inside packings")
    packed: list[bytes] = []

    def take(match: re.Match) -> str:
        data = _decoded(match[0])
        if data is None:
            return match[0]
        packed.append(data)
        return "\n" + _ENTRY + "\n" if len(match[0]) > 1000 else match[0]

    rest = _BASE64.sub(take, text)
    seen = {rest}
    yield rest
    for other in (_unescaped(rest), html.unescape(_TAGS.sub("", rest))):
        if other not in seen:
            seen.add(other)
            yield from _views(other, depth + 1)
    for data in packed:
        yield from _unpacked(data, depth + 1)


def _decoded(text: str) -> bytes | None:
    """What stands in base64; None where it can't be base64."""
    letters = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4))
    except binascii.Error:
        return None


def _unpacked(data: bytes, depth: int) -> Iterator[str]:
    """Texts in decoded or compressed data; pictures and noise hold none."""
    if data.startswith(_MEDIA):
        return
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            packed = zlib.decompressobj(bits).decompress(data, 10**8)
        except zlib.error:
            continue
        if len(packed) > 20:
            yield from _unpacked(packed, depth + 1)
            return
    if data.startswith(b"PK\x03\x04"):
        raise ValueError("expected no zip archive inside a file")
    for encoding in ("utf-8", "utf-16"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if sum(c.isprintable() or c.isspace() for c in text) > 0.9 * len(text):
            yield from _views(text, depth + 1)


def _unescaped(text: str) -> str:
    """The text with one level of backslashes undone, as JSON and repr write them."""
    if "\\" not in text:
        return text
    plain = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\", "/": "/"}

    def one(match: re.Match) -> str:
        code = match[1]
        if code[0] in "ux" and len(code) > 1:
            return chr(int(code[1:], 16))
        return plain.get(code, match[0])

    return re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", one, text)
