"""Finds banned calls in what a solution reaches, by reading its source.

Read are the statements that bind the function's name, those that bind the global names they
read, and so on. What stands elsewhere in the notebook (plots, a comparison with the library)
is the student's own affair. Aliases, from-imports, `getattr` with a constant, `importlib`,
`sys.modules` and constant strings given to `eval` are followed; what escapes a reader of text
is left to `watch`, which sees the calls happen.
"""

import ast
import re
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from course_utils.checks.cell_code import constant_text, parsed, read
from course_utils.checks.exercise import Banned

__all__ = ["Use", "covers", "find_uses"]

_KEPT = 10_000  # characters of a cell whose statements are kept for the next check
_RUNNERS = ("eval", "exec")


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


def covers(names: Iterable[str], name: str) -> bool:
    """Whether a list of banned names covers a dotted name (see `exercise.Banned`)."""
    for banned in names:
        if banned.endswith("*"):
            if name.startswith(banned[:-1]):
                return True
        elif name == banned or name.startswith(banned + "."):
            return True
    return False


def find_uses(function: str, sources: Sequence[str], banned: Sequence[Banned]) -> list[Use]:
    """Banned names that the function reaches in the cells, in the order of the text.

    Every definition of a name counts, not only the last: which one a check calls is up to
    the order in which the cells run. Cells that can't be parsed are passed over; they can't
    run either. So are those that take too long to read: `suspicions` names them.
    """
    names = [name for ban in banned for name in ban.names]
    statements = [item for source in sources for item in _statements(source)]
    reached = _reached(function, statements)
    reader = _Reader(names, reached, statements)
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


def _statements(source: str) -> tuple[_Statement, ...]:
    text = str(source)
    return _kept_statements(text) if len(text) <= _KEPT else _read_statements(text)


def _read_statements(text: str) -> tuple[_Statement, ...]:
    cell = read(text)
    return tuple(_Statement(node, cell.lines) for node in (cell.tree.body if cell.tree else ()))


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
        elif isinstance(item, ast.Call) and _is_name(item.func, "setattr") and item.args:
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


class _Reader:
    """Knows what the names of the reached statements stand for, and finds banned ones."""

    def __init__(
        self,
        banned: Sequence[str],
        reached: Sequence[_Statement],
        statements: Sequence[_Statement],
    ) -> None:
        self.banned = banned
        self.methods = {n.rsplit(".", 1)[1] for n in banned if n.startswith("torch.Tensor.")}
        self.aliases: dict[str, set[str]] = {}
        self.stars = {module for statement in statements for module in statement.stars}
        self._bound = {name for statement in statements for name in statement.binds}
        self._all = statements
        for _round in range(3):  # an alias of an alias of an alias
            for statement in reached:
                self._learn(statement.node)

    def mentions(self, node: ast.AST) -> Iterator[tuple[str, int]]:
        """(banned name, line) for every mention inside a statement."""
        for item in ast.walk(node):
            line = getattr(item, "lineno", 0)
            for name in self._candidates(item):
                if covers(self.banned, name):
                    yield name, line

    def _candidates(self, item: ast.AST) -> Iterator[str]:
        if isinstance(item, ast.Import):
            yield from (alias.name for alias in item.names)
        elif isinstance(item, ast.ImportFrom):
            yield from (_canonical(f"{item.module}.{alias.name}") for alias in item.names)
        elif isinstance(item, ast.Call) and self._runs_text(item):
            yield from self._run_text(item)
        elif isinstance(item, ast.Attribute | ast.Name | ast.Call | ast.Subscript):
            found = self._dotted(item)
            yield from found
            method = _attribute(item)
            if method in self.methods and not found:
                yield f"torch.Tensor.{method}"

    def _learn(self, node: ast.AST) -> None:
        for item in ast.walk(node):
            if isinstance(item, ast.Import):
                for alias in item.names:
                    name = alias.asname or alias.name.split(".")[0]
                    self._alias(name, {alias.name if alias.asname else name})
            elif isinstance(item, ast.ImportFrom) and item.module:
                for alias in item.names:
                    name = alias.asname or alias.name
                    self._alias(name, {_canonical(f"{item.module}.{alias.name}")})
            elif isinstance(item, ast.Assign):
                for target in item.targets:
                    if isinstance(target, ast.Name):
                        self._alias(target.id, self._dotted(item.value))
            elif isinstance(item, ast.NamedExpr | ast.AnnAssign) and isinstance(
                item.target, ast.Name
            ):
                self._alias(item.target.id, self._dotted(item.value))

    def _alias(self, name: str, dotted: set[str]) -> None:
        if dotted:
            self.aliases.setdefault(name, set()).update(dotted)

    def _dotted(self, node: ast.AST | None) -> set[str]:
        """The dotted names that an expression may stand for; empty when it is none, and where
        it is nested a thousand deep: no function has such a name."""
        try:
            return self._resolved(node)
        except RecursionError:
            return set()

    def _resolved(self, node: ast.AST | None) -> set[str]:
        if isinstance(node, ast.Name):
            if node.id in self.aliases:
                return self.aliases[node.id]
            if node.id not in self._bound:
                return {_canonical(f"{module}.{node.id}") for module in self.stars}
            return set()
        if isinstance(node, ast.Attribute):
            return _below(self._dotted(node.value), node.attr)
        if isinstance(node, ast.NamedExpr):
            return self._dotted(node.value)
        if isinstance(node, ast.Call):
            return self._called(node)
        if isinstance(node, ast.Subscript):
            return self._looked_up(node)
        return set()

    def _called(self, node: ast.Call) -> set[str]:
        first = constant_text(node.args[0]) if node.args else None
        if _is_name(node.func, "getattr") and len(node.args) > 1:
            second = constant_text(node.args[1])
            return _below(self._dotted(node.args[0]), second) if second else set()
        if _is_name(node.func, "__import__") and first:
            return {first, first.split(".")[0]}
        if first and "importlib.import_module" in self._dotted(node.func):
            return {first}
        return set()

    def _looked_up(self, node: ast.Subscript) -> set[str]:
        key = constant_text(node.slice)
        if not key:
            return set()
        value = node.value
        if isinstance(value, ast.Attribute) and value.attr == "__dict__":
            return _below(self._dotted(value.value), key)
        if "sys.modules" in self._dotted(value):
            return {key}
        if isinstance(value, ast.Call) and _is_name(value.func, "vars") and value.args:
            return _below(self._dotted(value.args[0]), key)
        if isinstance(value, ast.Call) and _is_name(value.func, "globals"):
            return self.aliases.get(key, set())
        return set()

    def _runs_text(self, node: ast.Call) -> bool:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        return name in _RUNNERS and name not in self._bound

    def _run_text(self, node: ast.Call) -> Iterator[str]:
        text = constant_text(node.args[0]) if node.args else None
        tree = parsed(text.strip()) if text else None
        if tree is None:
            yield node.func.id  # what it runs can't be read
            return
        for statement in self._all:  # the text reads names that the code around does not
            if isinstance(statement.node, ast.Import | ast.ImportFrom):
                self._learn(statement.node)
        self._learn(tree)
        for item in ast.walk(tree):
            yield from self._candidates(item)


def _below(bases: set[str], name: str) -> set[str]:
    return {_canonical(f"{base}.{name}") for base in bases}


def _canonical(name: str) -> str:
    """torch.nn.modules.loss.X is torch.nn.X; the rest is itself."""
    return re.sub(r"^torch\.nn\.modules\.\w+\.(?=[A-Z])", "torch.nn.", name)


def _attribute(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        return node.attr
    if isinstance(node, ast.Call) and _is_name(node.func, "getattr") and len(node.args) > 1:
        return constant_text(node.args[1])
    return None


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
