"""Finds banned calls in what a solution reaches, by reading its source.

Read are the statements that bind the function's name, those that bind the global names they
read, and so on. What stands elsewhere in the notebook (plots, a comparison with the library)
is the student's own affair. Aliases, from-imports, `getattr` with a constant, `importlib`,
`sys.modules` and constant strings given to `eval` are followed; what escapes a reader of text
is left to `watch`, which sees the calls happen, and to who looks at the code (`find_unclear`).
"""

import ast
import symtable
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from course_utils.checks.cell_code import read
from course_utils.checks.cell_texts import in_texts
from course_utils.checks.exercise import Banned
from course_utils.checks.names_in_code import Reader, covers, is_name

__all__ = ["Use", "covers", "find_unclear", "find_uses"]

_KEPT = 10_000  # characters of a cell whose statements are kept for the next check


@dataclass(frozen=True)
class Use:
    """A banned name that the solution mentions, the line of its cell and that line's text."""

    name: str
    line: int = 0
    code: str = ""


@dataclass(frozen=True)
class _Statement:
    node: ast.stmt
    lines: tuple[str, ...]

    @cached_property
    def binds(self) -> set[str]:
        return _binds(self.node)

    @cached_property
    def reads(self) -> set[str]:
        return _reads(self.node)

    @cached_property
    def stars(self) -> set[str]:
        """Modules of which it imports all names."""
        return {
            node.module or ""
            for node in ast.walk(self.node)
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        }


def find_uses(function: str, sources: Sequence[str], banned: Sequence[Banned]) -> list[Use]:
    """Banned names that the function reaches in the cells, in the order of the text.

    Every definition of a name counts, not only the last: which one a check calls is up to
    the order in which the cells run. Cells that can't be parsed are passed over; they can't
    run either. So are those that take too long to read: `suspicions` names them.
    """
    names = [name for ban in banned for name in ban.names]
    statements = [item for source in sources for item in _statements(source)]
    reached = _reached(function, statements)
    reader = Reader(names, reached, statements)
    uses: dict[str, Use] = {}
    for statement in reached:
        for name, line in reader.mentions(statement.node):
            code = (
                statement.lines[line - 1].strip()[:200]
                if 0 < line <= len(statement.lines)
                else ""
            )
            uses.setdefault(name, Use(name, line, code))
    return list(uses.values())


def find_unclear(functions: Iterable[str], sources: Sequence[str]) -> list[tuple[int, int]]:
    """(index of the cell, line) where the functions reach what no reader of text can name:
    an attribute of a library by a name that is computed, or a function out of a pickle."""
    places: list[tuple[int, int]] = []
    statements = [item for source in sources for item in _statements(source)]
    cells = [i for i, source in enumerate(sources) for _item in _statements(source)]
    for function in functions:
        reached = _reached(function, statements)
        reader = Reader((), reached, statements)
        places += [
            (cells[next(i for i, item in enumerate(statements) if item is one)], line)
            for one in reached
            for line in reader.unclear(one.node)
        ]
    return sorted(set(places))


def _statements(source: str) -> tuple[_Statement, ...]:
    text = str(source)
    return _kept_statements(text) if len(text) <= _KEPT else _read_statements(text)


def _read_statements(text: str) -> tuple[_Statement, ...]:
    cell = read(text)
    body = cell.tree.body if cell.tree else ()
    nodes = [found for node in body for found in (node, *in_texts(node))]
    return tuple(_Statement(node, cell.lines) for node in nodes)


_kept_statements = lru_cache(maxsize=64)(_read_statements)  # each check reads all cells above


def _reached(function: str, statements: Sequence[_Statement]) -> list[_Statement]:
    """The statements that bind the function's name or a global name read by such a one."""
    binders: dict[str, list[int]] = {}
    for index, statement in enumerate(statements):
        for name in statement.binds:
            binders.setdefault(name, []).append(index)
    names, found = [function], set()
    seen = {function}
    while names:
        for index in binders.get(names.pop(), ()):
            if index in found:
                continue
            found.add(index)
            fresh = statements[index].reads - seen
            seen |= fresh
            names.extend(fresh)
    return [statements[index] for index in sorted(found)]


def _binds(node: ast.stmt) -> set[str]:
    """Global names that a statement binds or changes; inner functions bind none."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name} | _declared_global(node)
    found: set[str] = set()
    for item in ast.walk(node):
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(item.name)
        elif isinstance(item, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in item.names}
        elif isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            found.add(item.id)
        elif isinstance(item, ast.Attribute | ast.Subscript) and isinstance(
            item.ctx, ast.Store
        ):
            found |= _root(item)
        elif isinstance(item, ast.Call) and is_name(item.func, "setattr") and item.args:
            found |= _root(item.args[0])
    return found | _declared_global(node)


def _declared_global(node: ast.AST) -> set[str]:
    return {
        name for item in ast.walk(node) if isinstance(item, ast.Global) for name in item.names
    }


def _root(node: ast.AST) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _reads(node: ast.stmt) -> set[str]:
    """Global names that a statement reads, in inner functions too."""
    try:
        table = symtable.symtable(ast.unparse(node), "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    return _global_reads(table)


def _global_reads(table: symtable.SymbolTable) -> set[str]:
    module = table.get_type() == "module"
    found = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (module or symbol.is_global())
    }
    for child in table.get_children():
        found |= _global_reads(child)
    return found
