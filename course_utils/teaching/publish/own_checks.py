"""Released answers must fail their own checks: a blank that passes gives its points away.

No kernel is started. The definitions of a released notebook are executed here, in a
namespace of their own, and each exercise's visible check looks at its function.
"""

import ast
from collections.abc import Mapping
from typing import Any

import nbformat

from course_utils.checks import exercise as exercises
from course_utils.checks.notebook import examine
from course_utils.i18n import speaking
from course_utils.teaching.publish.edition import ASSIGNMENTS

__all__ = ["find_passing"]

_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def find_passing(files: Mapping[str, bytes]) -> list[str]:
    """What is wrong with the released notebooks, a sentence each.

    files: path -> content; the assignments among them are looked at. Those without checks of
    ours are left to nbgrader's own tests.
    """
    problems = []
    known = exercises.assignments()
    for path, content in files.items():
        if not path.startswith(f"{ASSIGNMENTS}/") or not path.endswith(".ipynb"):
            continue
        name = path.rsplit("/", 1)[1].removesuffix(".ipynb")
        if name in known:
            page = nbformat.reads(content.decode("utf-8"), as_version=4)
            problems += [f"{path}: {words}" for words in _look(page, name)]
    return problems


def _look(page: nbformat.NotebookNode, name: str) -> list[str]:
    try:
        namespace = _definitions(page)
    except Exception as error:  # imports of a machine that lacks something, say
        return [f"its definitions could not be run ({type(error).__name__}: {error})"]
    problems = []
    with speaking("en"):
        for exercise in exercises.assignment(name).values():
            if exercise.function not in namespace:
                problems.append(f"expected a definition of {exercise.function}, found none")
                continue
            try:
                passed = examine(exercise, namespace[exercise.function]).passed
            except Exception as error:
                problems.append(f"the check of {exercise.name} failed itself ({error})")
                continue
            if passed:
                problems.append(
                    f"the released answer of {exercise.name} passes its own check, so its "
                    "points are given away"
                )
    return problems


def _definitions(page: nbformat.NotebookNode) -> dict[str, Any]:
    """The names that imports, functions and classes of the notebook bind, in its order."""
    namespace: dict[str, Any] = {"__name__": "released"}
    for number, cell in enumerate(page.cells, start=1):
        if cell.cell_type != "code":
            continue
        lines = [line for line in cell.source.split("\n") if not line.lstrip().startswith("%")]
        try:
            tree = ast.parse("\n".join(lines))
        except SyntaxError:
            continue  # the set-up cell, whose `if` holds nothing but a magic
        body = [node for node in tree.body if isinstance(node, _DEFINITIONS)]
        code = compile(ast.Module(body, type_ignores=[]), f"<cell {number}>", "exec")
        exec(code, namespace)
    return namespace
