"""GPUs in a student's code: there is none where hand-ins are graded.

A notebook in Colab may have one, so that code which asks for it by name runs there and fails
at grading. Code that asks first whether there is one (any condition, any `try`) is right.
"""

import ast
import re
from collections.abc import Iterable, Iterator

from course_utils.checks.cell_code import read

__all__ = ["asks_for_gpu", "is_gpu", "no_gpu"]

# What torch says of a GPU that this machine, this build of torch or its driver lacks.
_NO_GPU = re.compile(
    r"Found no NVIDIA driver|Torch not compiled with CUDA|No CUDA GPUs are available"
    r"|CUDA driver version is insufficient|CUDA driver initialization failed"
    r"|no CUDA-capable device|torch\.cuda\.is_available\(\) is False"
    r"|not linked with support for (?:mps|xpu) devices"
    r"|Torch not compiled with (?:XPU|MPS)"
)
_NAME = re.compile(r"cuda(?::\d+)?|mps|xpu")
_CHOICES = (ast.If, ast.IfExp, ast.Try, ast.BoolOp, ast.Compare, ast.Match, ast.Subscript)


def no_gpu(error: str) -> bool:
    """Whether an exception's text says that there is no GPU."""
    return bool(_NO_GPU.search(error))


def is_gpu(value: object) -> bool:
    """Whether a value names a GPU, or is a tensor or a network on one."""
    if isinstance(value, str):
        return bool(_NAME.fullmatch(value))
    kind = getattr(getattr(value, "device", value), "type", None)
    return isinstance(kind, str) and bool(_NAME.fullmatch(kind))


def asks_for_gpu(
    sources: Iterable[str], *, binding: Iterable[str] | None = None
) -> Iterator[tuple[int, str]]:
    """(line of its cell, text of the line) of all that asks for a GPU without a condition.

    binding: only statements that bind one of these names are looked at.
    """
    names = None if binding is None else set(binding)
    for source in sources:
        cell = read(source)
        for statement in cell.tree.body if cell.tree else ():
            if names is None or names & _bound(statement):
                for line in dict.fromkeys(_lines(statement)):
                    yield line, cell.line(line)[:200]


def _bound(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _lines(node: ast.AST) -> Iterator[int]:
    if isinstance(node, _CHOICES):
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _NAME.fullmatch(node.value):
            yield node.lineno
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "cuda":
            yield node.func.end_lineno
        if node.func.attr == "startswith":
            return
    body = node.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ()
    docstring = body[0] if body and isinstance(body[0], ast.Expr) else None
    for child in ast.iter_child_nodes(node):
        if child is not docstring or not isinstance(child.value, ast.Constant):
            yield from _lines(child)
