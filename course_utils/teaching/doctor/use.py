"""Which names a cell gives to the others, and which it takes from them."""

import ast
from collections.abc import Iterable

from course_utils.checks import cell_code

__all__ = ["given", "named_functions", "taken"]


def given(source: str) -> set[str]:
    """Names that the cell binds, wherever in it: imported, assigned, defined, arguments."""
    names: set[str] = set()
    for node in _nodes(source):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((n.asname or n.name).partition(".")[0] for n in node.names)
    return names


def named_functions(source: str) -> set[str]:
    """Names that the cell itself gives to a lambda, or to what has another name already."""
    tree = cell_code.read(source).tree
    return {
        target.id
        for node in (tree.body if tree is not None else ())
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda | ast.Name)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def taken(source: str) -> set[str]:
    """Names that the cell reads."""
    return {
        node.id
        for node in _nodes(source)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _nodes(source: str) -> Iterable[ast.AST]:
    tree = cell_code.read(source).tree
    return () if tree is None else ast.walk(tree)
