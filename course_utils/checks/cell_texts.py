"""Python that a statement holds as a text and has run: exec, timeit, get_ipython().ex, ..."""

import ast
from collections.abc import Iterator

from course_utils.checks.cell_code import constant_text, parsed

__all__ = ["in_texts"]

_RUN = {
    *("eval", "exec", "ex", "ev", "run_cell", "run_line_magic", "magic", "run_cell_magic"),
    *("timeit", "repeat", "Timer", "safe_execfile", "runcode", "runsource", "CompilationUnit"),
}
_PYTHON_MAGICS = {"time", "timeit", "prun", "capture"}
_DEPTH = 3  # texts in texts


def in_texts(statement: ast.stmt, depth: int = _DEPTH) -> Iterator[ast.stmt]:
    """The statements in constant texts that calls in this one run, on the call's own line."""
    if not depth:
        return
    for call in ast.walk(statement):
        if not (isinstance(call, ast.Call) and _name(call.func) in _RUN):
            continue
        arguments = [*call.args, *(word.value for word in call.keywords)]
        texts = [text for text in map(constant_text, arguments) if text]
        if texts and texts[0] in _PYTHON_MAGICS:  # run_line_magic("time", "x = f()")
            texts = texts[1:]
        for text in texts:
            tree = parsed(text.strip())
            for node in tree.body if tree else ():
                for item in ast.walk(node):
                    if hasattr(item, "lineno"):
                        item.lineno = item.end_lineno = call.lineno
                yield node
                yield from in_texts(node, depth - 1)


def _name(function: ast.AST) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))
