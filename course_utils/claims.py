"""A claim of a lecture that fails in a reader's hands is a sentence, and the page goes on.

Lectures state their claims as `assert`. A trained number differs from machine to machine, and
an AssertionError would end the page there. So `session.start` has IPython rewrite the asserts
of a cell: each operand is evaluated once and in its turn, and a false claim says what the page
says and what this machine measured. The build sets COURSE_STRICT, and there an assert stops.

In an assignment nothing is rewritten: an instructor's own test in a cell must fail.
"""

import ast
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from course_utils.i18n import _

__all__ = ["Claim", "begin", "rewritten", "stop"]

_LONGEST = 80  # characters of one value
_FEW = 8  # numbers of a tensor that are shown one by one
_COMPARING = ("allclose", "isclose", "equal", "array_equal")
_CAUGHT = {"AssertionError", "Exception", "BaseException"}

# A condition: whether it has to be true, its text, its operands as (index, text).
_Part = tuple[bool, str, list[tuple[int, str]]]

_stopped = False
_said: set[tuple[int | None, str]] = set()


def begin() -> None:
    """Turn false claims of the cells to come into sentences; nothing outside IPython.

    Not where COURSE_STRICT is set, and never again in a kernel in which `stop` was called.
    """
    shell = _shell()
    if shell is None:
        return
    _remove(shell)
    if not _stopped and not os.environ.get("COURSE_STRICT"):
        shell.ast_transformers.append(_Rewriter())


def stop() -> None:
    """Leave every assert of this kernel as it stands, from the next cell on."""
    global _stopped
    _stopped = True
    if (shell := _shell()) is not None:
        _remove(shell)


def rewritten(tree: ast.AST) -> ast.AST:
    """The tree of a cell with its asserts rewritten; line numbers stay."""
    return ast.fix_missing_locations(_Rewriter().visit(tree))


class Claim:
    """What one assert found out about its operands as it was evaluated.

    The rewritten cell calls `part`, `value` and, where the claim is false, `say`.
    """

    def __init__(self) -> None:
        self._values: dict[int, Any] = {}
        self._parts: dict[int, Any] = {}

    def value(self, index: int, value: Any) -> Any:
        """Note the value of an operand and hand it back."""
        self._values[index] = value
        return value

    def part(self, index: int, value: Any) -> Any:
        """Note what one condition of the claim came to and hand it back."""
        self._parts[index] = value
        return value

    def say(self, text: str, parts: Sequence["_Part"], words: Any = None) -> None:
        """Print the sentence, once for each run of a cell.

        text: the claim. parts: its conditions. words: the assert's own message.
        """
        key = getattr(_shell(), "execution_count", None), text
        if key not in _said:
            _said.add(key)
            print(self.sentence(text, parts, words))

    def sentence(self, text: str, parts: Sequence["_Part"], words: Any = None) -> str:
        """What `say` prints."""
        measured = list(dict.fromkeys(self._measured(parts)))
        claim = text if words is None else f"{text} ({words})"
        if measured:
            said = _("This page says `{claim}`; this machine measured {measured}.")
        else:
            said = _("This page says `{claim}`; on this machine it is not so.")
        goes_on = _("Other processors and versions give other numbers, so the page goes on.")
        return f"{said.format(claim=claim, measured=', '.join(measured))} {goes_on}"

    def _measured(self, parts: Sequence["_Part"]) -> Iterator[str]:
        """The operands of the conditions that failed, each as "`name` = value"."""
        for index, (wanted, text, operands) in enumerate(parts):
            if index not in self._parts or _true(self._parts[index]) == wanted:
                continue
            known = [(self._values[at], name) for at, name in operands if at in self._values]
            gap = _largest_difference([value for value, _name in known])
            if gap is not None and any(f"{word}(" in text for word in _COMPARING):
                yield _("a largest difference of {gap}").format(gap=gap)
                continue
            for value, name in known:
                if not isinstance(value, bool):
                    yield f"`{name}` = {_short(value)}"


class _Rewriter(ast.NodeTransformer):
    """assert test, words -> if not (test, noted part by part): say so."""

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        noting = _Noting()
        text = ast.unparse(node.test)
        test = noting.condition(node.test, True)
        words = [node.msg] if node.msg else []
        said = _call("say", ast.Constant(text), _expression(repr(noting.parts)), *words)
        begun = ast.Assign([ast.Name(_NAME, ast.Store())], _expression(_NEW))
        claim = ast.If(ast.UnaryOp(ast.Not(), test), [ast.Expr(said)], [])
        return [ast.copy_location(statement, node) for statement in (begun, claim)]

    def visit_Try(self, node: ast.Try) -> ast.Try:
        """An assert that the cell itself catches is left to it."""
        body = node.body
        if any(_catches(handler) for handler in node.handlers):
            node.body = []
        node = self.generic_visit(node)
        node.body = node.body or body
        return node


class _Noting:
    """Wraps the conditions of a test and their operands in calls that note their values."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self._operands = 0

    def condition(self, test: ast.expr, wanted: bool) -> ast.expr:
        """The test, noted. wanted: whether it has to be true, for under `not` it must not."""
        if isinstance(test, ast.BoolOp):
            test.values = [self.condition(value, wanted) for value in test.values]
            return test
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test.operand = self.condition(test.operand, not wanted)
            return test
        index = len(self.parts)
        self.parts.append((wanted, ast.unparse(test), []))
        return _call("part", ast.Constant(index), self._noted(test, index))

    def _noted(self, test: ast.expr, part: int) -> ast.expr:
        if isinstance(test, ast.Compare):
            test.left = self._operand(test.left, part)
            test.comparators = [self._operand(value, part) for value in test.comparators]
            return test
        if isinstance(test, ast.Call):
            name = getattr(test.func, "attr", getattr(test.func, "id", ""))
            if name in _COMPARING and not any(isinstance(a, ast.Starred) for a in test.args):
                test.args[:2] = [self._operand(value, part) for value in test.args[:2]]
                return test
            inner = getattr(test.func, "value", None)
            if name in ("all", "any") and isinstance(inner, ast.Compare):
                test.func.value = self._noted(inner, part)
                return test
        return self._operand(test, part)

    def _operand(self, value: ast.expr, part: int) -> ast.expr:
        if not any(isinstance(node, ast.Name) for node in ast.walk(value)):
            return value  # a number of the page, and nothing measured
        if isinstance(value, ast.Starred):
            return value
        index, self._operands = self._operands, self._operands + 1
        self.parts[part][2].append((index, ast.unparse(value)))
        return _call("value", ast.Constant(index), value)


_NAME = "_course_claim"
_NEW = "__import__('course_utils.claims', fromlist=['Claim']).Claim()"  # needs no name


def _call(method: str, *arguments: ast.expr) -> ast.Call:
    function = ast.Attribute(ast.Name(_NAME, ast.Load()), method, ast.Load())
    return ast.Call(function, list(arguments), [])


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in _CAUGHT for kind in kinds)


def _shell() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def _remove(shell: Any) -> None:
    kept = [each for each in shell.ast_transformers if not isinstance(each, _Rewriter)]
    shell.ast_transformers[:] = kept


def _true(value: Any) -> bool | None:
    try:
        return bool(value)
    except Exception:  # of an array of several values; the test never asked for it
        return None


def _largest_difference(values: Sequence[Any]) -> str | None:
    """Of two arrays of one shape; None where there are no such two."""
    if len(values) != 2:
        return None
    try:
        one, other = (_array(value).astype(np.float64) for value in values)
    except (TypeError, ValueError):
        return None
    if one.shape != other.shape or not one.size:
        return None
    return f"{np.abs(one - other).max():.3g}"


def _short(value: Any) -> str:
    """A value in at most some 80 characters."""
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, torch.Tensor | np.ndarray):
        array = _array(value)
        if array.size == 1:
            return _short(array.item())
        if array.size > _FEW and array.dtype.kind in "iuf":
            return _("{shape} numbers from {low} to {high}").format(
                shape="x".join(map(str, array.shape)),
                low=_short(array.min().item()),
                high=_short(array.max().item()),
            )
        value = array.tolist()
    if isinstance(value, list | tuple) and len(value) <= _FEW:
        start, end = "[]" if isinstance(value, list) else "()"
        shown = f"{start}{', '.join(map(_short, value))}{end}"
    else:
        shown = repr(value)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def _array(value: Any) -> np.ndarray:
    return (
        value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    )
