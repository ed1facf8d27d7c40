"""Hidden tests, judged outside the student's kernel.

    request = make_request("metrics_and_loss", "jaccard", seed)   # outside: cases, no answers
    source = kernel_code(request)                                 # runs in the kernel
    reply = find_reply(cell.outputs)                              # outside again
    verdict = judge("metrics_and_loss", "jaccard", seed, reply, sources)

The seed is the secret: 128 random bits, never in the request, drawn after the hand-ins came.
Cases and nonce follow from it, so nothing has to be kept between asking and judging; what has
been worked out for a seed is kept for the next hand-in that is asked the same. A reply is data
(see `wire`); whatever is wrong with it fails with a reason and raises nothing.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from course_utils.checks import judging
from course_utils.checks.banned import find_uses
from course_utils.checks.exercise import Exercise, assignment
from course_utils.checks.kernel import MIME
from course_utils.checks.probing import Observation
from course_utils.checks.verdict import Verdict
from course_utils.checks.wire import MAX_BYTES, WireError, decode, encode, text_under
from course_utils.i18n import N_

__all__ = [
    "MIME",
    "Verdict",
    "find_reply",
    "functions",
    "judge",
    "kernel_code",
    "make_request",
    "not_judged",
    "seed_from",
]

_KEPT = 8  # exercises whose questions and right answers are kept: an assignment has fewer


def seed_from(secret: str, assignment_name: str, exercise_name: str) -> int:
    """The seed of an exercise's cases, the same for all hand-ins that share the secret."""
    text = f"{assignment_name}/{exercise_name}"
    return int.from_bytes(hmac.digest(secret.encode(), text.encode(), "sha256")[:16])


def functions(assignment_name: str) -> set[str]:
    """What the functions of an assignment's exercises are called."""
    return {exercise.function for exercise in assignment(assignment_name).values()}


@lru_cache(maxsize=_KEPT)
def make_request(assignment_name: str, exercise_name: str, seed: int) -> bytes:
    """The questions to a kernel: cases and a nonce; no answers, no seed.

    Raises ValueError for an assignment or exercise that has no checks.
    """
    exercise = _exercise(assignment_name, exercise_name)
    return encode(
        {
            "nonce": _nonce(assignment_name, exercise_name, seed),
            "function": exercise.function,
            "probe": exercise.probe,
            "watched": exercise.watched,
            "seconds": exercise.seconds,
            "cases": [
                {"inputs": case.inputs, "strided": list(case.strided)}
                for case in _answers(assignment_name, exercise_name, seed).cases
            ],
        }
    )


def kernel_code(request: bytes | None = None) -> str:
    """Python source for the student's kernel: one statement that binds no name.

    Without a request, for one that goes along as the message's first buffer: a kernel reads
    and hashes every letter of its source, and some requests have millions.
    """
    text = None if request is None else base64.b64encode(request).decode()
    return (
        '__import__("course_utils.checks.kernel", fromlist=["answer"]).answer('
        f"{text!r}, globals())"
    )


def find_reply(outputs: Iterable[dict[str, Any]]) -> bytes | None:
    """The reply among a cell's outputs (nbformat); None where there is no readable one."""
    found = None
    for output in outputs:
        try:
            text = output.get("data", {}).get(MIME)
            if isinstance(text, str) and len(text) <= MAX_BYTES * 4 // 3 + 4:
                found = base64.b64decode(text, validate=True)
        except (AttributeError, binascii.Error, ValueError):
            continue
    return found


def not_judged(assignment_name: str, exercise_name: str, reason: Exception) -> Verdict:
    """The verdict on an answer that could not be judged; str(reason) says why."""
    exercise = _exercise(assignment_name, exercise_name)
    sentence = N_("The answer was not judged: {reason}.")
    return judging.failed(exercise, "reply", sentence, reason=reason)


def judge(
    assignment_name: str,
    exercise_name: str,
    seed: int,
    reply: bytes | None,
    sources: Sequence[str],
) -> Verdict:
    """The verdict on a reply to `make_request` of the same seed.

    sources: the hand-in's code cells, searched for banned calls.
    """
    exercise = _exercise(assignment_name, exercise_name)
    uses = find_uses(exercise.function, sources, exercise.bans)
    if uses:
        return judging.banned_verdict(exercise, uses)
    if reply is None:
        return judging.failed(
            exercise, "reply", N_("No answer came from the notebook: the cell did not finish.")
        )
    answers = _answers(assignment_name, exercise_name, seed)
    _ = answers.right  # ours are there before anything of the reply takes memory
    try:
        nonce = text_under(reply, "nonce")  # first: no more is read of an answer that is none
        if not (nonce and nonce.isascii()):
            raise WireError("Expected a nonce.")
        if not hmac.compare_digest(nonce, _nonce(assignment_name, exercise_name, seed)):
            return judging.failed(
                exercise, "reply", N_("What came from the notebook answers another question.")
            )
        got = _read(reply)
    except ValueError:  # a WireError too
        return judging.failed(
            exercise, "reply", N_("What came from the notebook is not an answer of the check.")
        )
    try:
        return judging.judge(answers, got, hidden=True)
    except (judging.ModelError, MemoryError):
        raise
    except Exception:  # plain data, yet of a form that nobody's function returns
        return judging.failed(
            exercise, "reply", N_("What came from the notebook can't be compared.")
        )


@lru_cache(maxsize=_KEPT)
def _answers(assignment_name: str, exercise_name: str, seed: int) -> judging.Answers:
    exercise = _exercise(assignment_name, exercise_name)
    return judging.Answers(exercise, exercise.cases(seed))


def _read(reply: bytes) -> list[Observation]:
    """The observations of a reply. Raises ValueError where they are not there."""
    fields = decode(reply)
    items = fields.get("observations") if isinstance(fields, dict) else None
    if not isinstance(items, list):
        raise WireError("Expected a dict with a list of observations.")
    return [Observation.from_plain(item) for item in items]


def _exercise(assignment_name: str, exercise_name: str) -> Exercise:
    exercises = assignment(assignment_name)
    if exercise_name not in exercises:
        raise ValueError(
            f"Expected an exercise of {assignment_name} ({', '.join(exercises)}), "
            f"got {exercise_name!r}."
        )
    return exercises[exercise_name]


def _nonce(assignment_name: str, exercise_name: str, seed: int) -> str:
    text = "/".join(["nonce", assignment_name, exercise_name, str(int(seed))])
    return hashlib.sha256(text.encode()).hexdigest()
