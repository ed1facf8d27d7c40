"""Comparisons: rows of whole numbers by name; what an ascent left of the network."""

from typing import Any

from course_utils.checks.assignments.transfer_learning.findings import equal, none_of
from course_utils.checks.compare import Answers, Difference, as_number
from course_utils.checks.said import Said
from course_utils.i18n import N_

__all__ = ["LEFT_BEHIND", "whole_numbers"]

_MAY_BE = (list, tuple)


def whole_numbers(*names: str) -> Answers:
    """A tuple or list of as many whole numbers as names; names: marked with N_."""

    def compare(expected: Any, got: Any) -> Difference | None:
        if not isinstance(got, _MAY_BE) or len(got) != len(names):
            message = N_("A tuple of {number} whole numbers was expected.")
            said = Said(message, {"number": len(names)})
            return Difference("type", said, said)
        for name, right, item in zip(names, expected, got, strict=True):
            number = as_number(item)
            if number is None or not number.is_integer():
                said = Said(N_("{name} is not a whole number."), {"name": Said(name)})
                return Difference("type", said, said)
            if int(number) != right:
                message = N_("{name}: expected {expected}, got {got}.")
                values = {"name": Said(name), "expected": right, "got": int(number)}
                plain = Said(N_("{name} is not the expected number."), {"name": Said(name)})
                return Difference("value", Said(message, values), plain)
        return None

    return compare


LEFT_BEHIND = {
    "gradient": equal(
        N_("The pictures still carry a gradient graph: return them detached."), kind="graph"
    ),
    "moved": none_of(
        N_("{count} tensors of the network changed, {name} for one; only the pictures may."),
        N_("The network's own numbers changed; only the pictures may."),
        "changed",
    ),
    "other_mode": none_of(
        N_("{count} parts of the network are no longer in the mode they were in: {name}."),
        N_("Parts of the network are no longer in the mode they were in."),
        "changed",
    ),
    "hooks": equal(N_("A hook is still on the network; remove it."), kind="changed"),
    "learning": equal(
        N_("Other parameters of the network learn than before the call."), kind="changed"
    ),
}
