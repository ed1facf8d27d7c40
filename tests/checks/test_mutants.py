"""Simple changes to the model answers are nearly all rejected.

The answers are taken from the assignment's source; each mutant swaps one operator, comparison,
constant, axis or method, or drops one statement or `not`. Mutants equal to the original in
meaning are listed with the reason.
"""

import ast
import copy
import math
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch
from PIL import Image

from course_utils.checks.exercise import assignment, resolve
from course_utils.checks.judging import Answers, judge
from course_utils.checks.probing import Caller, probe_cases
from course_utils.data import VOC_CLASSES, VOID

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "solutions" / "metrics_and_loss" / "metrics_and_loss.py"
EXERCISES = assignment("metrics_and_loss")

BINARY = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
COMPARE = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Gt: ast.LtE, ast.Lt: ast.GtE}
METHODS = {
    "sum": "mean", "mean": "sum", "nanmean": "mean", "amax": "amin", "exp": "abs",
    "logsumexp": "amax", "diagonal": "flatten", "unique": "array", "split": "splitlines",
}  # fmt: skip

# The same to every caller: what the change touches has no say in the answer.
EQUIVALENT = {
    # `images` with no pixel are skipped; an image has its numbers once or not at all
    ("voc_statistics", "len(numbers) > 0", "len(numbers) > -1"),
    # void pixels are dropped again after the gather, so any class may stand there
    ("cross_entropy", "masked_fill(~labelled, 0)", "masked_fill(~labelled, 1)"),
    # splits names of one word each a line just as well
    ("voc_statistics", ".split()", ".splitlines()"),
}


def functions() -> dict[str, ast.FunctionDef]:
    cells = jupytext.read(SOURCE).cells
    found = {}
    for cell in cells:
        if "exercise" in cell.metadata:
            found[cell.metadata["exercise"]] = ast.parse(cell.source).body[0]
    return found


FUNCTIONS = functions()


def mutants(function: ast.FunctionDef):
    """Every function that differs from this one by one simple change."""
    places = [node for node in ast.walk(function) if not isinstance(node, ast.FunctionDef)]
    for index, node in enumerate(places):
        for change in changes(node):
            twin = copy.deepcopy(function)
            target = [n for n in ast.walk(twin) if not isinstance(n, ast.FunctionDef)][index]
            change(target)
            yield ast.fix_missing_locations(twin)
    for owner_index, owner in enumerate(ast.walk(function)):
        for position, statement in enumerate(getattr(owner, "body", [])):
            if isinstance(statement, ast.Expr | ast.Return) or not hasattr(owner, "body"):
                continue
            twin = copy.deepcopy(function)
            body = list(ast.walk(twin))[owner_index].body
            body[position] = ast.Pass()
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


def namespace() -> dict:
    names = {"VOID": VOID, "VOC_CLASSES": VOC_CLASSES, "torch": torch, "np": np}
    return names | {"Path": Path, "Image": Image, "math": math}


def passes(name: str, function: ast.FunctionDef, answers: Answers) -> bool:
    names = namespace()
    exec(compile(ast.Module([function], []), "<mutant>", "exec"), names)
    exercise = EXERCISES[name]
    questions = [(case.inputs, case.strided) for case in answers.cases]
    got = probe_cases(resolve(exercise.probe), Caller(names[exercise.function]), questions)
    return judge(answers, got, hidden=True).passed


def equivalent(name: str, source: str, original: str) -> bool:
    return any(
        name == exercise and original.replace(old, new) == source
        for exercise, old, new in EQUIVALENT
    )


@pytest.mark.parametrize("name", EXERCISES)
def test_the_model_answer_of_the_notebook_passes(name):
    for seed in range(3):
        assert passes(
            name, FUNCTIONS[name], Answers(EXERCISES[name], EXERCISES[name].cases(seed))
        )


def test_of_a_hundred_simple_mutants_of_the_answers_ninety_five_are_rejected(record_property):
    survivors, total = [], 0
    for name, function in FUNCTIONS.items():
        answers = Answers(EXERCISES[name], EXERCISES[name].cases(99))
        original = ast.unparse(function)
        for mutant in mutants(function):
            source = ast.unparse(mutant)
            if source == original or equivalent(name, source, original):
                continue
            total += 1
            if passes(name, mutant, answers):
                survivors.append(f"{name}:\n{source}")
    record_property("mutants", total)
    record_property("survivors", len(survivors))
    assert total >= 80
    assert len(survivors) <= 0.05 * total, f"{len(survivors)} of {total}:\n" + "\n\n".join(
        survivors
    )
