"""Comparisons of what the probes of this assignment find in a network."""

from typing import Any

import torch

from course_utils.checks.compare import Answers, Difference, tensor
from course_utils.checks.exercise import draw
from course_utils.checks.said import Said

__all__ = ["equal", "none_of", "numbers_in", "pictures", "same_numbers"]


def pictures(seed: int, what: str, *shape: int) -> torch.Tensor:
    """Images in quarters from 0 to 1, float32."""
    return torch.randint(0, 5, shape, generator=draw(seed, what)).float() / 4


def equal(message: str, plain: str | None = None, kind: str = "value") -> Answers:
    """A finding that must be the expected one. message: with {expected} and {got} or none."""

    def compare(expected: Any, got: Any) -> Difference | None:
        if type(expected) is type(got) and expected == got:
            return None
        said = Said(message, {"expected": expected, "got": got})
        return Difference(kind, said, Said(plain or message))

    return compare


def none_of(message: str, plain: str, kind: str = "value") -> Answers:
    """A list of names that must be empty. message: with {count} and {name}, the first."""

    def compare(_expected: Any, got: Any) -> Difference | None:
        if isinstance(got, list) and not got:
            return None
        names = got if isinstance(got, list) else ["?"]
        said = Said(message, {"count": len(names), "name": names[0]})
        return Difference(kind, said, Said(plain))

    return compare


def same_numbers(message: str, answers: Answers = tensor) -> Answers:
    """Numbers of a network, or None where there are none to compare; message: what it means
    that they differ, said before the numbers."""

    def compare(expected: Any, got: Any) -> Difference | None:
        if expected is None:
            return None
        found = answers(expected, got)
        if found is None:
            return None
        said = Said("{what} {numbers}", {"what": Said(message), "numbers": found.said})
        return Difference(found.kind, said, Said(message))

    return compare


def numbers_in(message: str, plain: str) -> Answers:
    """A dict of positive numbers by name, each within a thousandth; message: with {name},
    {expected}, {got}."""

    def compare(expected: dict[str, float], got: Any) -> Difference | None:
        for name, right in expected.items():
            number = got.get(name) if isinstance(got, dict) else None
            if not (isinstance(number, float) and abs(number - right) <= 1e-3 * right):
                shown = f"{number:.6g}" if isinstance(number, float) else "?"
                values = {"name": name, "expected": f"{right:.6g}", "got": shown}
                return Difference("value", Said(message, values), Said(plain))
        return None

    return compare
