"""Simple changes to the model answers are nearly all rejected.

The answers are taken from the assignment's source; each mutant swaps one operator, comparison,
constant, axis or method, or drops one statement or `not`. Mutants equal to the original in
meaning are listed with the reason.
"""

import ast
import copy
from functools import cache
from pathlib import Path

import jupytext
import pytest

from course_utils.checks.exercise import resolve
from course_utils.checks.judging import Answers
from course_utils.checks.probing import Caller, probe_cases
from tests.checks.right import ASSIGNMENTS, of

ROOT = Path(__file__).parents[2]

BINARY = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
COMPARE = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Gt: ast.LtE, ast.Lt: ast.GtE}
METHODS = {
    "sum": "mean", "mean": "sum", "nanmean": "mean", "amax": "amin", "exp": "abs",
    "logsumexp": "amax", "diagonal": "flatten", "unique": "array", "split": "splitlines",
}  # fmt: skip


@cache
def notebook(name: str):
    """The assignment's source. Hundreds of mutants ask for it."""
    return jupytext.read(ROOT / "solutions" / name / f"{name}.py")


@cache
def cells(name: str) -> dict[str, ast.Module]:
    """The solution cells of an assignment by exercise, in their order. Change copies only."""
    return {
        cell.metadata["exercise"]: ast.parse(cell.source)
        for cell in notebook(name).cells
        if "exercise" in cell.metadata
    }


def mutated(name: str) -> list[str]:
    """The exercises whose answers are mutated: those that a model judges."""
    judged = [key for key, exercise in ASSIGNMENTS[name].items() if exercise.model]
    return list(getattr(of(name), "MUTATED", judged))


def mutants(cell: ast.Module):
    """Every cell that differs from this one by one simple change."""
    for index, node in enumerate(ast.walk(cell)):
        for change in changes(node):
            twin = copy.deepcopy(cell)
            change(list(ast.walk(twin))[index])
            yield ast.fix_missing_locations(twin)
    kept = ast.Expr | ast.Return | ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    for index, owner in enumerate(ast.walk(cell)):
        body = getattr(owner, "body", [])
        for position, statement in enumerate(body if isinstance(body, list) else []):
            if not isinstance(statement, kept):
                twin = copy.deepcopy(cell)
                list(ast.walk(twin))[index].body[position] = ast.Pass()
                yield ast.fix_missing_locations(twin)


def changes(node: ast.AST):
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in BINARY:
        yield lambda n: setattr(n, "op", BINARY[type(n.op)]())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
        yield lambda n: n.ops.__setitem__(0, COMPARE[type(n.ops[0])]())
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield lambda n: setattr(n, "value", n.value + 1)
        yield lambda n: setattr(n, "value", n.value - 1)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield lambda n: setattr(n, "value", not n.value)
    if isinstance(node, ast.Attribute) and node.attr in METHODS:
        yield lambda n: setattr(n, "attr", METHODS[n.attr])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield lambda n: setattr(n, "op", ast.UAdd())


def namespace(name: str) -> dict:
    """What the notebook's other cells define: their imports, and constants in capitals."""
    names: dict = {}
    for cell in notebook(name).cells:
        if cell.cell_type != "code" or set(cell.metadata) & {"exercise", "check"}:
            continue
        for statement in ast.parse(cell.source).body:
            constant = isinstance(statement, ast.Assign) and all(
                isinstance(target, ast.Name) and target.id.isupper()
                for target in statement.targets
            )
            if constant or isinstance(statement, ast.Import | ast.ImportFrom):
                exec(compile(ast.Module([statement], []), "<cell>", "exec"), names)
    return names


def passes(name: str, key: str, cell: ast.Module, answers: Answers) -> bool:
    """Whether the cell, run after the exercises before it, answers every case right."""
    names = namespace(name)
    exercise = ASSIGNMENTS[name][key]
    try:
        for other, right in cells(name).items():
            this = cell if other == key else right
            exec(compile(this, "<mutant>", "exec"), names)
            if other == key:
                break
    except Exception:
        return False
    caller, probe = Caller(names[exercise.function], seconds=20), resolve(exercise.probe)
    for case, right in zip(answers.cases, answers.right, strict=True):
        (got,) = probe_cases(probe, caller, [(case.inputs, case.strided)])
        if exercise.compare(right, got):
            return False
    return True


def equivalent(name: str, key: str, source: str, original: str) -> bool:
    return any(
        key == exercise and original.replace(old, new) == source
        for exercise, old, new in of(name).EQUIVALENT
    )


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_model_answers_of_the_notebook_pass(name):
    for key in mutated(name):
        for seed in range(3):
            exercise = ASSIGNMENTS[name][key]
            answers = Answers(exercise, exercise.cases(seed))
            assert passes(name, key, cells(name)[key], answers), f"{key}, seed {seed}"


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_of_a_hundred_simple_mutants_of_the_answers_ninety_five_are_rejected(
    name, record_property
):
    survivors, total = [], 0
    for key in mutated(name):
        cell, exercise = cells(name)[key], ASSIGNMENTS[name][key]
        answers = Answers(exercise, exercise.cases(99))
        original = ast.unparse(cell)
        for mutant in mutants(cell):
            source = ast.unparse(mutant)
            if source == original or equivalent(name, key, source, original):
                continue
            total += 1
            if passes(name, key, mutant, answers):
                survivors.append(f"{key}:\n{source}")
    record_property("mutants", total)
    record_property("survivors", len(survivors))
    assert total >= 80
    assert len(survivors) <= 0.05 * total, f"{len(survivors)} of {total}:\n" + "\n\n".join(
        survivors
    )
