"""Compares what a student's function did with what the right one did.

A comparison answers None (equal) or a `Difference` that says in words where they part.
Never on shape alone, never over unequal lengths, NaN only where NaN is expected.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from course_utils.checks.probing import Observation
from course_utils.checks.said import Said
from course_utils.checks.wire import Foreign
from course_utils.i18n import N_

__all__ = [
    "Answers",
    "Difference",
    "alike",
    "as_number",
    "compare_with",
    "fields",
    "labels",
    "near",
    "number_of",
    "numbers_in",
    "one_of",
    "scalar",
    "table",
    "tensor",
]

RELATIVE, ABSOLUTE = 1e-4, 1e-6  # float32 sums in another order stay well within
# A right and common way, scores - logsumexp(scores), carries the rounding of the scores into
# a loss: half a step of float32 near 1000 is 3e-5.
ABSOLUTE_NUMBER = 1e-4


@dataclass(frozen=True)
class Difference:
    """kind: "trouble", "nothing", "type", "shape", "dtype", "nan", "value", "keys",
    "gradient" or "changed"; said: the sentence; plain: the same without any number of the
    case, for hidden tests."""

    kind: str
    said: Said
    plain: Said


Compare = Callable[[Observation, Observation], Difference | None]
Answers = Callable[[Any, Any], Difference | None]


def scalar(expected: Any, got: Any) -> Difference | None:
    """One number: a float, an int, a numpy scalar or a tensor without axes."""
    right, number = as_number(expected), as_number(got)
    if number is None:
        return _unlike(
            "type", N_("One number was expected; the answer is {got}."), got=_kind(got)
        )
    if math.isnan(number) and not math.isnan(right):
        return _unlike(
            "nan", N_("The answer is nan (not a number) where a number is expected.")
        )
    if math.isnan(right) and not math.isnan(number):
        return _unlike("nan", N_("The answer is a number where nan is expected."))
    if not _close(right, number):
        return _value(N_("The value differs: expected {expected}, got {got}."), right, number)
    return None


def tensor(expected: torch.Tensor, got: Any) -> Difference | None:
    """A tensor of floating-point numbers of the expected shape."""
    difference = _shape(expected, got)
    if difference:
        return difference
    if not got.is_floating_point():
        dtype = str(got.dtype).removeprefix("torch.")
        return _unlike(
            "dtype", N_("Floating-point numbers were expected; the answer is {got}."), got=dtype
        )
    return _elements(expected.double(), got.double())


def table(expected: dict[str, tuple[int, int]], got: Any) -> Difference | None:
    """A dict with the expected keys, each with a tuple of as many whole numbers."""
    if not isinstance(got, dict):
        return _unlike("type", N_("A dict was expected; the answer is {got}."), got=_kind(got))
    missing = [key for key in expected if key not in got]
    extra = [key for key in got if key not in expected]
    if missing:
        return _unlike(
            "keys",
            N_("{count} of {of} keys are missing, “{key}” for one."),
            count=len(missing), of=len(expected), key=missing[0],
        )  # fmt: skip
    if extra:
        return _unlike(
            "keys",
            N_("The dict has a key that does not belong there: “{key}”."),
            key=str(extra[0])[:60],
        )  # fmt: skip
    for key, row in expected.items():
        numbers = numbers_in(got[key], len(row))
        if numbers is None:
            said = N_("“{key}” must hold a pair of whole numbers; it holds {got}.")
            return _unlike("type", said, key=key, got=_kind(got[key]))
        if not all(_close(float(r), g) for r, g in zip(row, numbers, strict=True)):
            said = N_("The numbers of “{key}” differ: expected {expected}, got {got}.")
            plain = Said(N_("The numbers of some classes differ from the expected ones."))
            came = f"({', '.join(_tidy(number) for number in numbers)})"
            values = {"key": key, "expected": row, "got": came}
            return Difference("value", Said(said, values), plain)
    return None


def labels(expected: torch.Tensor, got: Any) -> Difference | None:
    """A tensor of whole numbers (labels, indices) of the expected shape."""
    difference = _shape(expected, got)
    if difference:
        return difference
    if got.is_floating_point() or got.is_complex() or got.dtype == torch.bool:
        dtype = str(got.dtype).removeprefix("torch.")
        return _unlike(
            "dtype", N_("Whole numbers were expected; the answer is {got}."), got=dtype
        )
    return _elements(expected.double(), got.double())


def near(tolerance: float) -> Answers:
    """A tensor of floating-point numbers, each to within `tolerance`: for what a search found,
    the optimum of a function for one."""

    def compare(expected: torch.Tensor, got: Any) -> Difference | None:
        difference = tensor(expected, got)
        if difference is None or difference.kind != "value":
            return difference
        return _elements(expected.double(), got.double(), tolerance)

    return compare


def number_of(message: str, plain: str, kind: str = "value") -> Answers:
    """A comparison of one number whose difference is said so; exact where it is an int.

    message: marked with N_, with {expected} and {got}; plain: without any number.
    """

    def compare(expected: Any, got: Any) -> Difference | None:
        right, number = as_number(expected), as_number(got)
        exact = isinstance(expected, int)
        if number is not None and (right == number if exact else _close(right, number)):
            return None
        came = _kind(got) if number is None else _exact(number)
        return Difference(
            kind, Said(message, {"expected": _exact(right), "got": came}), Said(plain)
        )

    return compare


def fields(**compares: Answers) -> Answers:
    """A dict of findings, such as a probe makes of a network: compared key by key, in order.

    The first that differs is said: put first what explains the others (a type before a count,
    a count before a size, a size before values).
    """

    def compare(expected: dict[str, Any], got: Any) -> Difference | None:
        if not isinstance(got, dict) or got.keys() != expected.keys():
            return _unlike(
                "type", N_("What was returned can't be examined: it is {got}."), got=_kind(got)
            )
        for key, answers in compares.items():
            if difference := answers(expected[key], got[key]):
                return difference
        return None

    return compare


def one_of(answers: Answers) -> Answers:
    """Several right answers, all as good: equal to any of `expected`, a list. The difference
    said is that from the first."""

    def compare(expected: list, got: Any) -> Difference | None:
        found = [answers(right, got) for right in expected]
        return found[0] if all(found) else None

    return compare


def compare_with(answers: Answers) -> Compare:
    """The comparison of whole observations by a comparison of answers.

    Then of gradients, where the right answer has one, then of arguments, which must stay.
    """
    return partial(_observations, answers)


def alike(
    mistake: Observation, got: Observation, *, gradients: bool = False, tolerance: float = 0.0
) -> bool:
    """Whether a wrong solution did what the student's did: same trouble, same numbers.

    gradients: whether they must agree too. Not where the value itself is wrong: then the
    value tells the mistake, and how the student came by it does not matter.
    tolerance: how far numbers may lie apart and count as the same, beyond rounding.
    """
    if mistake.trouble or got.trouble:
        return _same_trouble(mistake, got)
    if not set(mistake.changed) <= set(got.changed):
        return False
    if gradients and not _same(mistake.gradient, got.gradient, tolerance):
        return False
    return _same(mistake.answer, got.answer, tolerance)


def as_number(value: Any) -> float | None:
    """The float in a python number, a numpy scalar or an array without axes; else None."""
    if isinstance(value, torch.Tensor | np.ndarray | np.generic):
        if value.ndim or value.dtype in (torch.bool, np.dtype(bool)):
            return None
        if isinstance(value, torch.Tensor) and value.is_complex():
            return None
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _observations(
    answers: Answers, expected: Observation, got: Observation
) -> Difference | None:
    if got.trouble:
        return Difference(
            "trouble", Said(N_("There is no answer.")), Said(N_("There is no answer."))
        )
    if got.answer is None:
        return _unlike("nothing", N_("The function returned nothing (None)."))
    difference = answers(expected.answer, got.answer)
    if difference is None and expected.gradient is not None:
        difference = _gradients(expected.gradient, got.gradient)
    if difference is None and got.changed:
        names = ", ".join(got.changed)
        said = N_("The answer is right, but the call changed its own argument: {names}.")
        difference = _unlike("changed", said, names=names)
    return difference


def _shape(expected: torch.Tensor, got: Any) -> Difference | None:
    if not isinstance(got, torch.Tensor):
        return _unlike(
            "type", N_("A torch tensor was expected; the answer is {got}."), got=_kind(got)
        )
    if got.shape != expected.shape:
        said = N_("The shape differs: expected {expected}, got {got}.")
        shapes = {"expected": tuple(expected.shape), "got": tuple(got.shape)}
        plain = Said(N_("The shape of the answer differs from the expected one."))
        return Difference("shape", Said(said, shapes), plain)
    return None


def _gradients(expected: torch.Tensor, got: Any) -> Difference | None:
    if not isinstance(got, torch.Tensor):
        return _unlike(
            "gradient",
            N_("The value is right, but no gradient flows back from it to the scores."),
        )
    # A float32 logsumexp near 2000 carries its rounding, some 1e-4, into the probabilities.
    allowed = max(ABSOLUTE, 1e-3 * expected.double().abs().nan_to_num().max().item())
    if got.shape != expected.shape or _elements(expected.double(), got.double(), allowed):
        return _unlike("gradient", N_("The value is right, but its gradient differs."))
    return None


def _elements(
    expected: torch.Tensor, got: torch.Tensor, absolute: float = ABSOLUTE
) -> Difference | None:
    wrong = expected.isnan() != got.isnan()
    kind = "nan"
    if not wrong.any():
        close = torch.isclose(got, expected, rtol=RELATIVE, atol=absolute, equal_nan=True)
        wrong, kind = ~close, "value"
    if not wrong.any():
        return None
    place = tuple(wrong.nonzero()[0].tolist())
    said = N_("{count} of {of} values differ; at {place} expected {expected}, got {got}.")
    values = {
        "count": int(wrong.sum()),
        "of": wrong.numel(),
        "place": list(place),
        "expected": _tidy(expected[place].item()),
        "got": _tidy(got[place].item()),
    }
    plain = N_("Some values differ from the expected ones.")
    if kind == "nan":
        plain = N_("nan (not a number) stands where a number is expected, or the reverse.")
    return Difference(kind, Said(said, values), Said(plain))


def _same(one: Any, other: Any, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    left, right = as_number(one), as_number(other)
    if left is not None and right is not None:
        return _close(left, right, max(ABSOLUTE_NUMBER, tolerance))
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        if one.shape != other.shape or one.is_floating_point() != other.is_floating_point():
            return False
        return _elements(one.double(), other.double(), max(ABSOLUTE, tolerance)) is None
    if isinstance(one, dict) and isinstance(other, dict):
        same = one.keys() == other.keys()
        return same and all(_same(one[key], other[key], tolerance) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        pairs = zip(one, other, strict=True) if len(one) == len(other) else ()
        return len(one) == len(other) and all(_same(a, b, tolerance) for a, b in pairs)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and np.allclose(one, other, equal_nan=True)
    return type(one) is type(other) and one == other


def _same_trouble(one: Observation, other: Observation) -> bool:
    if not (one.trouble and other.trouble):
        return False
    return (one.trouble.kind, one.trouble.type) == (other.trouble.kind, other.trouble.type)


def _close(expected: float, got: float, absolute: float = ABSOLUTE_NUMBER) -> bool:
    if math.isnan(expected) or math.isnan(got):
        return math.isnan(expected) and math.isnan(got)
    return math.isclose(expected, got, rel_tol=RELATIVE, abs_tol=absolute)


def numbers_in(value: Any, length: int) -> list[float] | None:
    """The numbers of a list, a tuple or an array of this length; None where it is none.

    The length is asked first: an answer may have millions of numbers where a few belong.
    """
    if isinstance(value, torch.Tensor | np.ndarray):
        if value.ndim != 1:
            return None
    elif not isinstance(value, list | tuple):
        return None
    if len(value) != length:
        return None
    numbers = [as_number(item) for item in value]
    return None if None in numbers else numbers


def _tidy(number: float) -> str:
    return f"{number:.5g}"


def _exact(number: float) -> str:
    """Counts in full; other numbers in five digits."""
    return str(int(number)) if float(number).is_integer() else _tidy(number)


def _value(message: str, expected: float, got: float) -> Difference:
    said = Said(message, {"expected": _tidy(expected), "got": _tidy(got)})
    return Difference("value", said, Said(N_("The value differs from the expected one.")))


def _unlike(kind: str, message: str, **values: Any) -> Difference:
    said = Said(message, values)
    return Difference(kind, said, said)


def _kind(value: Any) -> Said:
    """What a value is, in words, without its numbers."""
    if isinstance(value, Foreign):
        return Said(N_("an object of type {type}"), {"type": value.type_name})
    if isinstance(value, torch.Tensor):
        return Said(N_("a tensor of shape {shape}"), {"shape": tuple(value.shape)})
    if isinstance(value, np.ndarray):
        return Said(N_("a numpy array of shape {shape}"), {"shape": value.shape})
    if isinstance(value, dict):
        return Said(N_("a dict"))
    if isinstance(value, list | tuple):
        values = {"type": type(value).__name__, "length": len(value)}
        return Said(N_("a {type} of length {length}"), values)
    if value is None:
        return Said(N_("nothing (None)"))
    return Said(N_("a value of type {type}"), {"type": type(value).__name__})
