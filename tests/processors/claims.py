"""What a page asserts, taken apart: each comparison's number, its bound and whether it held.

    code = instrument(ast.parse(text), claims)   # every `assert` measures, and goes on
    exec(code, {"__claims__": claims})

A claim is one comparison of an `assert`: `a < b < c` is two, `A and B` is those of A and of B,
`all(x > y for ...)` is that of the worst pair; `or not built_in` falls away. Its margin is the
distance to the bound, above zero where it holds. Equalities, `in`, and what is no comparison
at all have no margin: they hold or do not.
"""

import ast
import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

__all__ = ["Claim", "Claims", "claims_of", "instrument"]

_ORDER = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_CLOSE = {
    "torch.allclose": 1e-5,
    "np.allclose": 1e-5,
    "math.isclose": 1e-9,
    "torch.isclose": 1e-5,
}
_EXACT = {
    "Eq": lambda a, b: a == b,
    "NotEq": lambda a, b: a != b,
    "In": lambda a, b: a in b,
    "NotIn": lambda a, b: a not in b,
    "Is": lambda a, b: a is b,
    "IsNot": lambda a, b: a is not b,
}
_NAMES = {"rel_tol": "rtol", "abs_tol": "atol"}


@dataclass(frozen=True)
class Claim:
    """One comparison in the source. kind: "order", "close" or "exact".

    key: its text, with a number after it where the same text stands again.
    """

    key: str
    line: int
    kind: str
    operator: str = ""
    bound: str = ""


@dataclass
class _Part:
    """A comparison, and the loops of the `all(...)` that it stands in."""

    kind: str
    values: list[ast.expr]
    operator: str
    text: str
    loops: list[ast.comprehension] = field(default_factory=list)


@dataclass
class Claims:
    """What one run of a page measured. found: key -> its worst number, and whether it held."""

    found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def measure(
        self, key: str, kind: str, operator: str, values: Callable[[], Iterable]
    ) -> None:
        """Called where the `assert` stood. An error is a claim that did not hold."""
        try:
            seen = min((_margin(kind, operator, *each) for each in values()), key=_worst)
        except Exception as error:
            seen = {"margin": None, "held": False, "value": None, "error": repr(error)[:200]}
        before = self.found.get(key)
        if before is None or _worst(seen) < _worst(before):
            self.found[key] = seen

    @staticmethod
    def arguments(*args: Any, **kwargs: Any) -> tuple[tuple, dict]:
        """What a call was given, in place of the call."""
        return args, kwargs


def claims_of(
    tree: ast.Module, first_line: int = 1, seen: dict[str, int] | None = None
) -> list[Claim]:
    """The claims of a page's code, in their order. first_line: of the code in its file.

    seen: the texts of cells before, as `instrument` takes it.
    """
    return _Instrument(first_line, seen).take(copy.deepcopy(tree))


def instrument(tree: ast.Module, seen: dict[str, int] | None = None) -> ast.Module:
    """The same code, measuring in place of every `assert`. seen: texts of cells before."""
    transformer = _Instrument(1, seen)
    return ast.fix_missing_locations(transformer.visit(copy.deepcopy(tree)))


class _Instrument(ast.NodeTransformer):
    def __init__(self, first_line: int, seen: dict[str, int] | None = None) -> None:
        self.first_line = first_line
        self.seen = {} if seen is None else seen
        self.claims: list[Claim] = []

    def take(self, tree: ast.Module) -> list[Claim]:
        self.visit(tree)
        return self.claims

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        found = []
        for part in _parts(node.test):
            self.seen[part.text] = self.seen.get(part.text, 0) + 1
            again = self.seen[part.text]
            key = part.text if again == 1 else f"{part.text} #{again}"
            bound = ast.unparse(part.values[1]) if part.kind == "order" else ""
            line = self.first_line + node.lineno - 1
            self.claims.append(Claim(key, line, part.kind, part.operator, bound))
            found.append(ast.copy_location(_measuring(key, part), node))
        return found


def _measuring(key: str, part: _Part) -> ast.Expr:
    pair = ast.Tuple(elts=part.values, ctx=ast.Load())
    many = ast.GeneratorExp(elt=pair, generators=part.loops) if part.loops else None
    values = many or ast.List(elts=[pair], ctx=ast.Load())
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    call = ast.Call(
        func=ast.parse("__claims__.measure", mode="eval").body,
        args=[
            ast.Constant(key),
            ast.Constant(part.kind),
            ast.Constant(part.operator),
            ast.Lambda(args=nothing, body=values),
        ],
        keywords=[],
    )
    return ast.Expr(call)


def _parts(test: ast.expr) -> list[_Part]:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [part for value in test.values for part in _parts(value)]
    if isinstance(test, ast.BoolOp):
        left = [value for value in test.values if ast.unparse(value) != "not built_in"]
        if len(left) == 1:
            return _parts(left[0])
    if isinstance(test, ast.Compare):
        return _links(test)
    if isinstance(test, ast.Call):
        called = ast.unparse(test.func)
        if called == "all" and isinstance(test.args[0], ast.GeneratorExp):
            loop = test.args[0]
            parts = _parts(loop.elt)
            for part in parts:
                part.loops = [*loop.generators, *part.loops]
                part.text = _over(part.text, loop.generators)
            return parts
        if called.endswith(".all") and isinstance(test.func.value, ast.Compare):
            return _links(test.func.value)
        if called in _CLOSE and not any(isinstance(a, ast.Starred) for a in test.args):
            return [_close(test, called)]
    return [_Part("exact", [test], "", ast.unparse(test))]


def _links(test: ast.Compare) -> list[_Part]:
    sides = [test.left, *test.comparators]
    found = []
    for left, op, right in zip(sides, test.ops, sides[1:], strict=False):
        text = ast.unparse(ast.Compare(left=left, ops=[op], comparators=[right]))
        if type(op) in _ORDER and not _numbers(left, right):
            found.append(_Part("order", [left, right], _ORDER[type(op)], text))
        elif type(op) not in _ORDER:
            found.append(_Part("exact", [left, right], type(op).__name__, text))
    return found


def _numbers(*sides: ast.expr) -> bool:
    """0.5 < 0.8 in the middle of a chain says nothing."""
    return all(isinstance(side, ast.Constant) for side in sides)


def _close(test: ast.Call, called: str) -> _Part:
    """allclose(a, b, ...): |a - b| against atol + rtol * |b|."""
    taken = ast.parse("__claims__.arguments()", mode="eval").body
    taken.args, taken.keywords = test.args, test.keywords
    return _Part("close", [taken], called, ast.unparse(test))


def _over(text: str, generators: list[ast.comprehension]) -> str:
    loops = " ".join(
        f"for {ast.unparse(one.target)} in {ast.unparse(one.iter)}"
        + "".join(f" if {ast.unparse(test)}" for test in one.ifs)
        for one in generators
    )
    return f"{text} {loops}"


def _margin(kind: str, operator: str, *values: Any) -> dict[str, Any]:
    if kind == "exact":
        held = _EXACT[operator](*values) if operator else values[0]
        held = bool(held.all() if hasattr(held, "all") else held)  # of a tensor: everywhere
        return {"margin": None, "held": held, "value": _short(values[0])}
    if kind == "close":
        left, right = _distance(operator, *values[0])
        margins = right - left
    else:
        left, right = np.broadcast_arrays(*map(_array, values))
        margins = right - left if operator[0] == "<" else left - right
    if not margins.size:
        return {"margin": None, "held": True, "value": None}
    at = int(np.argmin(np.where(np.isnan(margins), -np.inf, margins)))
    margin = float(margins.flat[at])
    held = margin > 0 or (margin == 0 and operator not in ("<", ">"))
    if not math.isfinite(margin):  # an infinite number is beyond any bound, NaN within none
        return {"margin": None, "held": held, "value": float(left.flat[at])}
    seen = {"margin": margin, "held": held, "value": float(left.flat[at])}
    return seen | {"bound": float(right.flat[at])}


def _distance(called: str, args: tuple, options: dict) -> tuple[np.ndarray, np.ndarray]:
    """|a - b| and what is allowed: absolute + relative * |b|."""
    a, b = np.broadcast_arrays(*map(_array, args[:2]))
    given = {"atol": 0.0 if called == "math.isclose" else 1e-8, "rtol": _CLOSE[called]}
    given |= dict(zip(("rtol", "atol"), args[2:], strict=False))
    given |= {_NAMES.get(name, name): value for name, value in options.items()}
    return np.abs(a - b), given["atol"] + given["rtol"] * np.abs(b)


def _array(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    return np.asarray(value).astype(np.float64)


def _short(value: Any) -> str | None:
    """For a reader: where runs differ, in what."""
    if isinstance(value, torch.Tensor):
        value = value.tolist() if value.numel() < 6 else f"{tuple(value.shape)} numbers"
    text = repr(value)
    return text if len(text) < 60 else None


def _worst(seen: dict[str, Any]) -> tuple[bool, float]:
    margin = seen["margin"]
    return seen["held"], math.inf if margin is None else margin
