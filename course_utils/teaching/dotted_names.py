"""What the names in a notebook's code stand for: `t.allclose` is `torch.allclose`.

Imports of all cells count, whichever order the cells run in; so do plain assignments
(`t = torch`), `getattr` with a constant, `__import__` and `importlib.import_module`.
A function's own parameters and variables hide imports of the same name inside it.
"""

import ast
from collections.abc import Iterable

from course_utils.checks.cell_code import constant_text

__all__ = ["Names", "local_names"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Names:
    """Resolves expressions; `imported` tells modules (and what is in them) from other names."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        nodes = [node for tree in trees for node in ast.walk(tree)]
        self._aliases: dict[str, str] = {}
        self.bound: set[str] = set()  # names that the notebook itself gives a value
        for node in nodes:
            self._learn_import(node)
            self._note_binding(node)
        for _round in range(2):  # an alias of an alias
            for node in nodes:
                if isinstance(node, ast.Assign) and len(node.targets) == 1:
                    self._learn_assignment(node.targets[0], node.value)

    def dotted(self, node: ast.AST, hidden: frozenset[str] = frozenset()) -> str:
        """The dotted name of an expression, "" where it has none, or is nested a thousand deep.

        hidden: names that are local where the expression stands.
        """
        try:
            return self._resolved(node, hidden)
        except RecursionError:
            return ""

    def _resolved(self, node: ast.AST, hidden: frozenset[str]) -> str:
        if isinstance(node, ast.Name):
            if node.id in hidden:
                return ""
            if node.id in self._aliases:
                return self._aliases[node.id]
            return "" if node.id in self.bound else node.id
        if isinstance(node, ast.Attribute):
            return _below(self.dotted(node.value, hidden), node.attr)
        if isinstance(node, ast.Call):
            return self._call(node, hidden)
        if isinstance(node, ast.Subscript):
            return self._item(node, hidden)
        return ""

    def imported(self, node: ast.AST, hidden: frozenset[str] = frozenset()) -> bool:
        """Whether the expression starts at an imported name (or at Python's builtins)."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        if isinstance(node, ast.Call):
            return bool(self._call(node, hidden))
        name = node.id if isinstance(node, ast.Name) else ""
        known = name in self._aliases or name == "__builtins__"
        return known and name not in hidden

    def _call(self, node: ast.Call, hidden: frozenset[str]) -> str:
        function = self.dotted(node.func, hidden)
        first = constant_text(node.args[0]) if node.args else None
        if function in ("__import__", "importlib.import_module", "importlib.__import__"):
            return first or ""
        if function == "getattr" and len(node.args) > 1:
            return _below(self.dotted(node.args[0], hidden), constant_text(node.args[1]))
        if function == "vars" and node.args:
            return self.dotted(node.args[0], hidden)
        if function in ("get_ipython", "IPython.get_ipython"):
            return "get_ipython"
        return ""

    def _item(self, node: ast.Subscript, hidden: frozenset[str]) -> str:
        """sys.modules["torch"], torch.__dict__["allclose"], vars(torch)["allclose"]."""
        key = constant_text(node.slice)
        value = node.value
        holder = self.dotted(value, hidden)
        if holder == "sys.modules":
            return key or "sys.modules"
        if holder.endswith(".__dict__"):
            return _below(holder.removesuffix(".__dict__"), key)
        if isinstance(value, ast.Call) and self.dotted(value.func, hidden) == "vars":
            return _below(holder, key)
        return ""

    def _learn_import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                self._aliases[name] = alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                self._aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def _learn_assignment(self, target: ast.AST, value: ast.AST) -> None:
        if not isinstance(target, ast.Name) or target.id in self._aliases:
            return
        dotted = self.dotted(value)
        if dotted and self._known(value):
            self._aliases[target.id] = dotted

    def _known(self, value: ast.AST) -> bool:
        return self.imported(value) or self.dotted(value).startswith(
            ("get_ipython", "eval", "exec", "compile")
        )

    def _note_binding(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            self.bound.add(node.id)
        elif isinstance(node, ast.arg):
            self.bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.bound.add(node.name)


def local_names(function: ast.AST) -> frozenset[str]:
    """Parameters and variables of a function; what it imports or calls global is none."""
    if not isinstance(function, _FUNCTIONS):
        return frozenset()
    found, outer = set(), set()
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            outer.update(node.names)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute):
            # `t = torch` stays an alias that the notebook-wide reading knows
            outer.update(t.id for t in node.targets if isinstance(t, ast.Name))
    return frozenset(found - outer)


def _below(base: str, name: str | None) -> str:
    return f"{base}.{name}" if base and name else ""
