"""What the names in a program stand for, and which of them are banned.

Aliases, from-imports, `getattr` with a constant, `importlib`, `sys.modules`, `pkgutil`,
`operator` and constant strings given to `eval` are followed.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from course_utils.checks.cell_code import constant_text, parsed

__all__ = ["Reader", "canonical", "covers", "is_name"]

_RUNNERS = ("eval", "exec")
_LIBRARIES = ("torch", "numpy", "scipy", "sklearn", "skimage", "sys.modules")
_UNPACKERS = ("pickle.load*", "cloudpickle.load*", "dill.load*", "joblib.load", "_pickle.load*")


def canonical(name: str) -> str:
    """torch.nn.modules.loss.X is torch.nn.X; the rest is itself."""
    return re.sub(r"^torch\.nn\.modules\.\w+\.(?=[A-Z])", "torch.nn.", name)


def covers(names: Iterable[str], name: str) -> bool:
    """Whether a list of banned names covers a dotted name (see `exercise.Banned`)."""
    whole, beginnings = _whole_and_beginnings(tuple(names))
    if name.startswith(beginnings):
        return True
    while name and name not in whole:
        name = name.rpartition(".")[0]
    return bool(name)


@lru_cache(maxsize=256)
def _whole_and_beginnings(names: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    whole = frozenset(name for name in names if not name.endswith("*"))
    return whole, tuple(name[:-1] for name in names if name.endswith("*"))


class Reader:
    """Knows what the names of the reached statements stand for, and finds banned ones.

    reached, statements: `banned.Statement`s, those that a function reaches and all.
    """

    def __init__(
        self,
        banned: Sequence[str],
        reached: Sequence,
        statements: Sequence,
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

    def unclear(self, node: ast.AST) -> Iterator[int]:
        """Lines where a function is had by a name that is computed, or out of a pickle."""
        for item in ast.walk(node):
            if isinstance(item, ast.Subscript):
                holder, key = item.value, item.slice
                whole = isinstance(holder, ast.Call) and is_name(holder.func, "vars")
                inside = holder.args[0] if whole and holder.args else holder
                if isinstance(holder, ast.Attribute) and holder.attr == "__dict__":
                    inside, whole = holder.value, True
                known = self._dotted(inside)
                if not (whole or "sys.modules" in known) or isinstance(key, ast.Slice):
                    continue
            elif isinstance(item, ast.Call) and len(item.args) > 1:
                if not is_name(item.func, "getattr"):
                    continue
                known, key = self._dotted(item.args[0]), item.args[1]
            elif isinstance(item, ast.Call):
                if any(covers(_UNPACKERS, name) for name in self._dotted(item.func)):
                    yield item.lineno
                continue
            else:
                continue
            if constant_text(key) is None and any(_of_library(name) for name in known):
                yield item.lineno

    def _candidates(self, item: ast.AST) -> Iterator[str]:
        if isinstance(item, ast.Import):
            yield from (alias.name for alias in item.names)
        elif isinstance(item, ast.ImportFrom):
            yield from (canonical(f"{item.module}.{alias.name}") for alias in item.names)
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
                    self._alias(name, {canonical(f"{item.module}.{alias.name}")})
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
                return {canonical(f"{module}.{node.id}") for module in self.stars}
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
        if is_name(node.func, "getattr") and len(node.args) > 1:
            second = constant_text(node.args[1])
            return _below(self._dotted(node.args[0]), second) if second else set()
        if is_name(node.func, "__import__") and first:
            return {first, first.split(".")[0]}
        return self._called_by_name(node, first)

    def _called_by_name(self, node: ast.Call, first: str | None) -> set[str]:
        """importlib.import_module("a.b"), pkgutil.resolve_name("a.b:c"),
        operator.attrgetter("b.c")(a), functools.reduce(getattr, ["b", "c"], a)."""
        if isinstance(node.func, ast.Call) and node.args:
            path = constant_text(node.func.args[0]) if node.func.args else None
            if path and "operator.attrgetter" in self._dotted(node.func.func):
                return _below(self._dotted(node.args[0]), path)
            return set()
        function = self._dotted(node.func)
        if first and "importlib.import_module" in function:
            return {first}
        if first and "pkgutil.resolve_name" in function:
            return {canonical(first.replace(":", "."))}
        if "functools.reduce" in function and len(node.args) == 3:
            pieces = getattr(node.args[1], "elts", ())
            words = [constant_text(piece) for piece in pieces]
            if is_name(node.args[0], "getattr") and words and None not in words:
                return _below(self._dotted(node.args[2]), ".".join(words))
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
        if isinstance(value, ast.Call) and is_name(value.func, "vars") and value.args:
            return _below(self._dotted(value.args[0]), key)
        if isinstance(value, ast.Call) and is_name(value.func, "globals"):
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
    return {canonical(f"{base}.{name}") for base in bases}


def _of_library(name: str) -> bool:
    return covers(_LIBRARIES, name)


def _attribute(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        return node.attr
    if isinstance(node, ast.Call) and node.args and _ends_in(node.func, "methodcaller"):
        return constant_text(node.args[0])
    if isinstance(node, ast.Call) and is_name(node.func, "getattr") and len(node.args) > 1:
        return constant_text(node.args[1])
    return None


def _ends_in(node: ast.AST, name: str) -> bool:
    return is_name(node, name) or (isinstance(node, ast.Attribute) and node.attr == name)


def is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
