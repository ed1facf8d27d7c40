"""A function's source with all it needs from its module: text that runs in a notebook cell."""

import ast
import inspect
import sys
from collections.abc import Callable

__all__ = ["standalone"]


def standalone(function: Callable, name: str | None = None) -> str:
    """The function as text, called `name`, below the imports, constants and helpers it uses.

    Constants imported from this package become plain values, its functions come along.
    Raises ValueError for a function made inside another one, and for one that needs an object
    which can't be written so.
    """
    if function.__qualname__ != function.__name__ or function.__closure__:
        raise ValueError(f"Expected a function of a module, got {function.__qualname__}.")
    parts: dict[str, str] = {}
    imports: dict[str, None] = {}
    _gather(function, parts, imports)
    text = "\n\n\n".join(filter(None, ["\n".join(imports), *parts.values()]))
    return _renamed(text, function.__name__, name or function.__name__)


def _gather(function: Callable, parts: dict[str, str], imports: dict[str, None]) -> None:
    """Put what `function` needs, then itself, into `parts` (by name) and `imports` (lines)."""
    if function.__name__ in parts:
        return
    module = sys.modules[function.__module__]
    statements = _top_level(module)
    parts[function.__name__] = ""  # taken: functions may call themselves
    for name in _names(ast.parse(inspect.getsource(function))):
        statement = statements.get(name)
        if statement is None:
            continue  # a local name or a builtin
        value = getattr(module, name)
        ours = getattr(statement, "module", None) or ""
        if isinstance(statement, ast.Import) or (
            isinstance(statement, ast.ImportFrom) and not ours.startswith("course_utils")
        ):
            imports[ast.unparse(statement)] = None
        elif inspect.isfunction(value):
            _gather(value, parts, imports)
        elif isinstance(value, int | float | str | tuple | list | dict):
            parts[name] = f"{name} = {value!r}"
        else:
            raise ValueError(f"{function.__name__} needs {name}, got {type(value).__name__}.")
    del parts[function.__name__]
    parts[function.__name__] = inspect.getsource(function).rstrip()


def _top_level(module) -> dict[str, ast.stmt]:
    """What binds each global name of a module."""
    found: dict[str, ast.stmt] = {}
    for statement in ast.parse(inspect.getsource(module)).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                found[alias.asname or alias.name.split(".")[0]] = statement
        elif isinstance(statement, ast.FunctionDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = statement
    return found


def _names(tree: ast.AST) -> list[str]:
    used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(used))


def _renamed(text: str, before: str, after: str) -> str:
    """The text with every use of one name replaced, comments and layout kept."""
    lines = text.split("\n")
    places = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id == before:
            places.append((node.lineno, node.col_offset))
        elif isinstance(node, ast.FunctionDef) and node.name == before:
            places.append((node.lineno, node.col_offset + len("def ")))
    for line, column in sorted(places, reverse=True):
        row = lines[line - 1].encode()  # ast counts bytes
        row = row[:column] + after.encode() + row[column + len(before.encode()) :]
        lines[line - 1] = row.decode()
    return "\n".join(lines)
