"""What in a hand-in's code an instructor may want to look at, found by reading it.

    for found in find(notebook):
        print(found.cell, found.line, found.code, _(WHAT[found.what]))

Code that would change the interpreter, reach for the grader or leave the working folder can
have an honest reason: this names places, it accuses nobody and takes no point. Points come
from answers alone (see `judge`). Nothing is run. What hides well enough is not found.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat.notebooknode import NotebookNode

from course_utils.checks.banned import find_unclear
from course_utils.checks.cell_code import CellCode, constant_text, read
from course_utils.i18n import N_
from course_utils.teaching import suspicious_names as names_of
from course_utils.teaching.dotted_names import Names, local_names
from course_utils.teaching.setup_cell import is_setup
from course_utils.teaching.suspicious_paths import path_outside

__all__ = ["LONGEST_CODE", "WHAT", "LookAt", "find"]

WHAT = {
    "interpreter": N_("changes how the notebook runs cells or shows results"),
    "patched": N_("replaces a part of a library or of Python itself"),
    "inside": N_("looks into the running interpreter: frames, objects in memory, tracing"),
    "ends": N_("ends the Python process or handles its signals"),
    "processes": N_("starts another program, process or thread"),
    "network": N_("uses the network or installs something"),
    "files": N_("names files outside the working folder"),
    "history": N_("reads the notebook's history of cells"),
    "course": N_("uses the course's own checks, references or grading"),
    "equal": N_("makes objects that compare equal to anything"),
    "hidden": N_("runs code out of a text or out of packed data"),
    "unclear": N_(
        "asks, in code that a check calls, for a name that is put together as it runs"
    ),
    "refused": N_("was refused while a check called it"),
    "killed": N_("was running when its kernel was ended for what it used"),
    "unread": N_("is too long or too deeply nested to be read here: read it yourself"),
}

LONGEST_CODE = 200  # characters of a line that are shown
_MOST = 200  # places named in one hand-in; who has more has made the point
_LONG_LITERAL = 60  # characters of packed data that are no example any more
_PACKED = 1000  # characters without white space: no text that a person wrote
_UNPACKERS = (
    *("base64.*", "pickle.loads", "cloudpickle.loads", "dill.loads", "zlib.decompress"),
    *("codecs.decode", "binascii.*", "lzma.decompress", "bz2.decompress", "gzip.decompress"),
)
_NAMED_BY_TEXT = {  # by a text, or by getattr over and over, where that is no constant
    *("pkgutil.resolve_name", "operator.attrgetter", "operator.methodcaller"),
    *("functools.reduce", "timeit.timeit", "timeit.repeat", "timeit.Timer"),
}
_OWN_MIME = "application/vnd.course"
_MAGICS = {  # magics as IPython itself writes them
    "get_ipython.magic": "%",
    "get_ipython.run_line_magic": "%",
    "get_ipython.run_cell_magic": "%%",
}
_SETTINGS = ("torch.backends.", "matplotlib.rcParams")
_OVERRIDES = {"__torch_function__", "__array_function__", "__array_ufunc__"}


@dataclass(frozen=True)
class LookAt:
    """One place. cell, line: from 1; code: the line; what: a key of WHAT."""

    cell: int
    line: int
    code: str
    what: str


def find(notebook: NotebookNode, *, restored: bool = False) -> list[LookAt]:
    """Places worth a look, in the order of the notebook, each line once for each reason.

    restored: the locked cells are the release's again (see `restore`), so that what stands in
    them, hidden tests too, is the instructor's and is passed over. A hand-in's own word that
    a cell is locked proves nothing.
    """
    cells = {
        number: read(cell.source)
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code" and not (restored and _is_locked(cell))
    }
    names = Names([code.tree for code in cells.values() if code.tree])
    unclear = _unclear(notebook)
    found: dict[LookAt, None] = {}
    for number, code in cells.items():
        if is_setup(notebook.cells[number - 1].source):
            continue
        if code.too_slow:
            found[LookAt(number, 1, code.line(1)[:LONGEST_CODE], "unread")] = None
        places = {*_places(code, names)} | {(n, "unclear") for n in unclear.get(number, ())}
        for line, what in sorted(places):
            text = code.line(line)[:LONGEST_CODE]
            found[LookAt(number, line, text, what)] = None
            if len(found) == _MOST:
                return list(found)
    return list(found)


def _unclear(notebook: NotebookNode) -> dict[int, list[int]]:
    """Number of a cell -> its lines, among those that the functions of the checks reach."""
    written = {
        number: cell.source
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code"
    }
    functions = [name for source in written.values() for name in _checked(read(source).tree)]
    numbers, found = list(written), {}
    for index, line in find_unclear(functions, list(written.values())):
        found.setdefault(numbers[index], []).append(line)
    return found


def _checked(tree: ast.Module | None) -> Iterator[str]:
    """The functions that a cell's calls `check("exercise", function)` name."""
    for node in ast.walk(tree) if tree else ():
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "check":
            continue
        if len(node.args) == 2 and isinstance(node.args[1], ast.Name):
            yield node.args[1].id


def _places(code: CellCode, names: Names) -> Iterator[tuple[int, str]]:
    """(line, key of WHAT) for all that one cell holds."""
    for line, magic in code.magics:
        what = _magic(magic)
        if what:
            yield line, what
    if code.tree is not None:
        reader = _Reader(names)
        try:
            reader.visit(code.tree)
        except RecursionError:
            yield 1, "unread"
            yield from _words(code)
        yield from reader.found
    else:
        yield from _words(code)


def _words(code: CellCode) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(code.lines, start=1):
        if line.lstrip().startswith("#"):
            continue
        for what, patterns in names_of.WORDS.items():
            if any(re.search(pattern, line) for pattern in patterns):
                yield number, what


def _magic(magic: str) -> str | None:
    if names_of.INSTALLS.fullmatch(magic):
        return None
    if magic.startswith("!"):
        return "processes"
    table = names_of.CELL_MAGICS if magic.startswith("%%") else names_of.LINE_MAGICS
    word = re.match(r"%*\s*(\S*)", magic)[1]
    if word.startswith("!"):  # %%!
        return "processes"
    if magic.endswith(("autoreload", "tensorboard")):
        return None
    return next((what for what, words in table.items() if word in words), None)


class _Reader(ast.NodeVisitor):
    """Gathers (line, key of WHAT); knows which names are local where it reads."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.found: list[tuple[int, str]] = []
        self._hidden: frozenset[str] = frozenset()
        self._harmless: set[ast.AST] = set()  # targets and texts that need no look

    def _note(self, node: ast.AST, what: str) -> None:
        self.found.append((node.lineno, what))

    def _dotted(self, node: ast.AST) -> str:
        return self.names.dotted(node, self._hidden)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._name(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._name(node, f"{node.module or ''}.{alias.name}")

    def _name(self, node: ast.AST, dotted: str) -> bool:
        if not dotted or dotted in names_of.ALLOWED_IMPORTS:
            return False
        for what, covered in names_of.DOTTED.items():
            if names_of.covers(covered, dotted):
                self._note(node, what)
                return True
        return False

    def _function(self, node) -> None:
        outer = self._hidden
        self._hidden = outer | local_names(node)
        self.generic_visit(node)
        self._hidden = outer

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name == "__eq__" and _always_true(node):
            self._note(node, "equal")
        if node.name in _OVERRIDES:
            self._note(node, "equal")
        self._function(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(node.value, ast.Constant) and not _is_builtin(self._dotted(target)):
                self._harmless.add(target)  # torch.backends.cudnn.deterministic = True
            if isinstance(target, ast.Name) and target.id == "__eq__":
                self._equal(node, node.value)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if constant_text(key) == "__eq__":
                self._equal(node, value)
        self.generic_visit(node)

    def _equal(self, node: ast.AST, value: ast.AST) -> None:
        if isinstance(value, ast.Lambda) and _is_true(value.body):
            self._note(node, "equal")

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and not self.names.imported(node):
            self._name(node, self._dotted(node))  # what is imported was named at its import

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._attribute(node, node.attr)
        if not isinstance(node.ctx, ast.Load):
            changes = self.names.imported(node, self._hidden) and node not in self._harmless
            if changes and not self._dotted(node).startswith(_SETTINGS):
                self._note(node, "patched")
        elif self._name(node, self._dotted(node)):
            return
        if path_outside(node):
            self._note(node, "files")
        if not (isinstance(node.value, ast.Name) and self._dotted(node)):
            self.visit(node.value)

    def _attribute(self, node: ast.AST, word: str) -> None:
        for what, words in names_of.ATTRIBUTES.items():
            if word in words:
                self._note(node, what)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        holder = self._dotted(node.value)
        if holder in ("sys.modules", "__builtins__"):
            self._note(node, "patched")
        elif not isinstance(node.ctx, ast.Load) and self._dotted(node):
            self._note(node, "patched")  # torch.__dict__["allclose"] = ...
        else:
            self._name(node, self._dotted(node))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = self._dotted(node.func)
        if _installs(node, function):
            return
        if function in ("setattr", "delattr") and node.args:
            word = constant_text(node.args[1]) if len(node.args) > 1 else None
            self._attribute(node, word or "")
            if self.names.imported(node.args[0], self._hidden):
                self._note(node, "patched")
        elif function == "getattr" and len(node.args) > 1:
            self._attribute(node, constant_text(node.args[1]) or "")
        elif function in ("__import__", "importlib.import_module") and node.args:
            named = constant_text(node.args[0])
            self._name(node, named) if named else self._note(node, "hidden")
        elif function in _MAGICS and node.args:
            what = _magic(_MAGICS[function] + (constant_text(node.args[0]) or ""))
            if what:
                self._note(node, what)
        elif _unpacks(node, function) or _computes_a_name(node, function):
            self._note(node, "hidden")
        self._name(node, self._dotted(node))
        if path_outside(node, function):
            self._note(node, "files")
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._harmless.update(node.values[1:])  # the end of a path, not its start
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Add):  # root + "/VOCdevkit"
            whole = constant_text(node)
            if whole is not None:
                self._text(node, whole)
                return
            self._harmless.add(node.right)
        elif isinstance(node.op, ast.Div) and constant_text(node.right) == "..":
            self._note(node, "files")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bytes):
            self._text(node, node.value.decode("latin-1"))
        elif isinstance(node.value, str):
            self._text(node, node.value)

    def _text(self, node: ast.AST, text: str) -> None:
        if _OWN_MIME in text:
            self._note(node, "course")
        if len(text) > _PACKED and not re.search(r"\s", text):
            self._note(node, "hidden")
        if node not in self._harmless and path_outside(text):
            self._note(node, "files")


def _installs(node: ast.Call, function: str) -> bool:
    """Whether a call is what IPython makes of `!pip install name` or `%pip install name`."""
    sign = {"get_ipython.system": "!", "get_ipython.run_line_magic": "%"}.get(function)
    words = [constant_text(argument) or "" for argument in node.args]
    return sign is not None and bool(names_of.INSTALLS.fullmatch(sign + " ".join(words)))


def _is_locked(cell: NotebookNode) -> bool:
    nbgrader = cell.metadata.get("nbgrader", {})
    return bool(nbgrader.get("locked")) and not nbgrader.get("solution")


def _is_builtin(dotted: str) -> bool:
    return dotted.startswith(("builtins.", "__builtins__"))


def _always_true(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    returned = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    return bool(returned) and all(_is_true(node.value) for node in returned)


def _is_true(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


def _computes_a_name(node: ast.Call, function: str) -> bool:
    """Whether the first argument is a name, or a program, that is put together."""
    if function not in _NAMED_BY_TEXT or not node.args:
        return False
    first = node.args[0]
    if function == "functools.reduce":
        return isinstance(first, ast.Name) and first.id == "getattr"
    if function.startswith("timeit."):
        return not isinstance(first, ast.Lambda | ast.Name | ast.Attribute | ast.Constant)
    return constant_text(first) is None


def _unpacks(node: ast.Call, function: str) -> bool:
    """Whether a long literal is unpacked."""
    return names_of.covers(_UNPACKERS, function) and any(
        isinstance(item, ast.Constant)
        and isinstance(item.value, str | bytes)
        and len(item.value) > _LONG_LITERAL
        for item in ast.walk(node)
    )
