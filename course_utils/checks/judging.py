"""Says whether observations of a student's function are right, and if not, what is wrong.

The right answer and the known mistakes run here, on the same cases, through the same probe;
the student's code does not.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from course_utils.checks.banned import Use, covers
from course_utils.checks.compare import Difference, alike
from course_utils.checks.devices import no_gpu
from course_utils.checks.exercise import Case, Exercise, Mistake, resolve
from course_utils.checks.probing import Caller, Observation, Trouble, probe_cases
from course_utils.checks.said import Said
from course_utils.checks.showing import show
from course_utils.checks.verdict import Block, Verdict
from course_utils.checks.wire import plain
from course_utils.i18n import N_

__all__ = [
    "NO_GPU",
    "Answers",
    "ModelError",
    "banned_verdict",
    "failed",
    "in_words",
    "judge",
    "observe",
]

# Troubles that come before any question of what the answer is.
_AT_ONCE = ("missing", "not callable", "signature", "time", "exit")
# Verdicts that are the same on every case: none is shown.
_OF_NO_CASE = ("missing", "not callable", "signature", "blank")


NO_GPU = N_(
    "There is no GPU where hand-ins are graded. Take the device of the input, as in "
    "torch.zeros(3, device=scores.device), in place of one by its name."
)
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")


class ModelError(RuntimeError):
    """The right answer itself failed: our mistake, nobody's mark."""


class Answers:
    """What the model and the known mistakes answer on given cases, each asked once."""

    def __init__(self, exercise: Exercise, cases: Sequence[Case]) -> None:
        self.exercise = exercise
        self.cases = cases
        self._mistakes: dict[tuple[str, int], Observation] = {}

    @cached_property
    def right(self) -> list[Observation]:
        """The model's, one a case. Raises ModelError where there is none."""
        if self.exercise.model is None:
            return [Observation(answer=plain(case.truth)) for case in self.cases]
        found = observe(self.exercise, resolve(self.exercise.model), self.cases)
        for case, observation in zip(self.cases, found, strict=True):
            if observation.trouble:
                raise ModelError(
                    f"{self.exercise.model} fails on {case.title!r}: {observation.trouble}"
                )
        return found

    def of(self, mistake: Mistake, index: int) -> Observation:
        """A mistake's, on the case with this index."""
        key = mistake.name, index
        if key not in self._mistakes:
            cases = self.cases[index : index + 1]
            self._mistakes[key] = observe(self.exercise, mistake.solution, cases)[0]
        return self._mistakes[key]

    def fails(self, mistake: Mistake, index: int) -> bool:
        """Whether the mistake shows on this case; some are right on the small ones."""
        return bool(self.exercise.compare(self.right[index], self.of(mistake, index)))


def observe(exercise: Exercise, function: object, cases: Sequence[Case]) -> list[Observation]:
    """What a function that we trust does on the cases: the model, or a known mistake."""
    questions = [(case.inputs, case.strided) for case in cases]
    return probe_cases(resolve(exercise.probe), Caller(function), questions)


def judge(answers: Answers, got: Sequence[Observation], *, hidden: bool) -> Verdict:
    """The verdict on the student's observations, one for each case.

    hidden: the cases are secret: name the mistake and the kind of case, print no number.
    Raises ModelError where the model itself fails.
    """
    verdict = _verdict(answers, got, hidden)
    started = [(line, code) for seen in got for _name, line, code in seen.started]
    return replace(verdict, started=started[0]) if started else verdict


def _verdict(answers: Answers, got: Sequence[Observation], hidden: bool) -> Verdict:
    exercise, cases = answers.exercise, answers.cases
    if len(got) != len(cases):
        return failed(exercise, "reply", N_("The answers are not as many as the cases."))
    used = [Use(*use) for observation in got for use in observation.used]
    if used:
        return banned_verdict(exercise, used)
    expected = answers.right
    differences = [
        exercise.compare(right, answer) for right, answer in zip(expected, got, strict=True)
    ]
    failing = [index for index, difference in enumerate(differences) if difference]
    if not failing:
        return _right(exercise, len(cases))
    first = failing[0]
    verdict = _diagnose(answers, got, first, differences[first], hidden)
    if verdict.kind in _OF_NO_CASE:
        return verdict
    blocks, picture = (), None
    if not hidden:
        blocks = _blocks(cases[first], expected[first], got[first])
        picture = _picture(exercise, cases[first], expected[first], got[first])
    passed = len(cases) - len(failing)
    return Verdict(
        **{
            **vars(verdict),
            "lines": (*verdict.lines, *_where(cases, cases[first], passed)),
            "blocks": blocks,
            "picture": picture,
            "cases": len(cases),
            "cases_passed": passed,
        }
    )


def failed(exercise: Exercise, kind: str, message: str, **values: object) -> Verdict:
    """A verdict that fails with one sentence; message: marked with N_."""
    return Verdict(exercise.name, False, kind, Said(message, values))


def banned_verdict(exercise: Exercise, uses: Sequence[Use]) -> Verdict:
    """Fails because of what the solution calls: names it, its line and the reason."""
    use = uses[0]
    reasons = [ban.reason for ban in exercise.bans if covers(ban.names, use.name)]
    if not reasons and use.name.startswith("torch.ops."):  # see `Exercise.operators`
        reasons = [ban.reason for ban in exercise.banned]
    message = N_("“{name}” may not be used in this exercise.")
    lines = [Said(reason) for reason in reasons[:1]]
    if use.line:
        place = {"line": use.line, "code": use.code}
        lines.append(Said(N_("It is used in line {line} of your cell: {code}"), place))
    return Verdict(
        exercise.name, False, "banned", Said(message, {"name": use.name}), tuple(lines)
    )


def _right(exercise: Exercise, cases: int) -> Verdict:
    said = Said(N_("right; cases passed: {number}."), {"number": cases})
    return Verdict(exercise.name, True, "right", said, cases=cases, cases_passed=cases)


def _diagnose(
    answers: Answers,
    got: Sequence[Observation],
    first: int,
    difference: Difference,
    hidden: bool,
) -> Verdict:
    exercise, trouble = answers.exercise, got[first].trouble
    if trouble and (trouble.kind in _AT_ONCE or _blank(trouble) or no_gpu(trouble.text)):
        return _troubled(exercise, got[first], hidden)
    mistakes, everywhere = _recognised(answers, got, first, difference)
    if not mistakes:
        if trouble:
            return _troubled(exercise, got[first], hidden)
        said = difference.plain if hidden else difference.said
        return Verdict(exercise.name, False, difference.kind, said)
    name = mistakes[0].name if len({m.sentence for m in mistakes}) == 1 else None
    headline, lines = _named(mistakes, everywhere)
    if trouble:
        lines += _troubled(exercise, got[first], hidden).lines
    if not trouble and not hidden:
        lines.append(difference.said)
    return Verdict(exercise.name, False, "mistake", headline, tuple(lines), mistake=name)


def _recognised(
    answers: Answers,
    got: Sequence[Observation],
    first: int,
    difference: Difference,
) -> tuple[list[Mistake], bool]:
    """The known mistakes that answer as the student on the smallest failing case, those that
    do so on most cases; and whether they do so on all.

    An exception tells little: it counts only where the mistake is right on the cases before,
    as the student's code is, and there are such cases.
    """
    gradients = difference.kind == "gradient"
    tolerance = answers.exercise.tolerance
    score: dict[str, int] = {}
    for mistake in answers.exercise.mistakes:

        def agrees(index: int, mistake: Mistake = mistake) -> bool:
            known = answers.of(mistake, index)
            return alike(known, got[index], gradients=gradients, tolerance=tolerance)

        if not agrees(first) or not answers.fails(mistake, first):
            continue
        same = [agrees(index) for index in range(len(got))]
        if got[first].trouble and not (first and all(same[:first])):
            continue
        score[mistake.name] = sum(same)
    best = max(score.values(), default=0)
    found = [m for m in answers.exercise.mistakes if score.get(m.name) == best]
    return (found if best else []), best == len(got)


def _named(mistakes: Sequence[Mistake], everywhere: bool) -> tuple[Said, list[Said]]:
    sentences = list(dict.fromkeys(mistake.sentence for mistake in mistakes))
    lines = [Said(m.why) for m in mistakes if m.why][:1] if len(sentences) == 1 else []
    if len(sentences) == 1 and everywhere:
        return Said(sentences[0]), lines
    if len(sentences) == 1:
        lines.insert(
            0,
            Said(
                N_(
                    "That explains the smallest failing case; on others the answer differs in "
                    "something else too."
                )
            ),
        )
        return Said(sentences[0]), lines
    several = Said(
        N_("{one} Or: {other}"), {"one": Said(sentences[0]), "other": Said(sentences[1])}
    )
    return several, lines


def _troubled(exercise: Exercise, observation: Observation, hidden: bool) -> Verdict:
    trouble = observation.trouble
    place = {"line": trouble.line, "code": trouble.code}
    where = [Said(N_("In line {line} of your cell: {code}"), place)] if trouble.line else []
    signature = f"{exercise.function}({', '.join(exercise.parameters)})"
    if trouble.kind == "missing":
        message = N_("There is no function “{function}” when the cells are run in their order.")
        verdict = failed(exercise, "missing", message, function=exercise.function)
        return replace(verdict, missing=exercise.function)
    if trouble.kind == "not callable":
        message = N_("“{function}” is no function but a value of type {type}.")
        values = {"function": exercise.function, "type": trouble.type}
        return failed(exercise, "not callable", message, **values)
    if trouble.kind == "signature":
        message = N_("The function must be called as {expected}; yours takes {got}.")
        return failed(exercise, "signature", message, expected=signature, got=trouble.text)
    if trouble.kind in ("time", "not run"):
        message = N_("The function did not finish in {seconds} s. Is there an endless loop?")
        said = Said(message, {"seconds": f"{exercise.seconds:g}"})
        return Verdict(exercise.name, False, "time", said, tuple(where))
    if trouble.kind == "exit":
        message = N_("The function ends the program ({type}) in place of returning an answer.")
        said = Said(message, {"type": trouble.type})
        return Verdict(exercise.name, False, "exit", said, tuple(where))
    if _blank(trouble):
        message = N_("The function is not written yet: replace the line with your code.")
        return failed(exercise, "blank", message)
    if no_gpu(trouble.text):
        return Verdict(exercise.name, False, "no gpu", Said(NO_GPU), tuple(where))
    said = Said(N_("Your code stopped: {what}."), {"what": in_words(trouble.type)})
    text = [Said(N_("Python says: {text}"), {"text": trouble.text})]
    shown = [] if hidden or not trouble.text else text
    undefined = _UNDEFINED.match(trouble.text) if trouble.type == "NameError" else None
    missing = undefined[1] if undefined else ""
    return Verdict(exercise.name, False, "raised", said, (*shown, *where), missing=missing)


def _blank(trouble: Trouble) -> bool:
    """Whether the line of the release still stands; torch raises this error with a text."""
    return trouble.type == "NotImplementedError" and not trouble.text


def in_words(name: str) -> Said:
    """What an exception of this type means."""
    words = {
        "AttributeError": N_("a name after the dot that the object does not have"),
        "FileNotFoundError": N_("a file that is not there"),
        "ImportError": N_("a package or a name in it that is not there"),
        "IndexError": N_("an index outside the range"),
        "KeyError": N_("a key that the dict does not have"),
        "MemoryError": N_("not enough memory"),
        "ModuleNotFoundError": N_("a package that is not there"),
        "NameError": N_("a name that is not defined"),
        "RecursionError": N_("a function that calls itself without end"),
        "RuntimeError": N_("an operation that torch refuses"),
        "TypeError": N_("a value of an unfit type"),
        "UnboundLocalError": N_("a variable that is used before it has a value"),
        "ValueError": N_("an unfit value"),
        "ZeroDivisionError": N_("a division by zero"),
    }
    if name in words:
        return Said("{words} ({type})", {"words": Said(words[name]), "type": name})
    return Said(N_("an error of type {type}"), {"type": name})


def _where(cases: Sequence[Case], case: Case, passed: int) -> list[Said]:
    place = Said(N_("Smallest failing case: {title}."), {"title": Said(case.title)})
    count = Said(N_("{passed} of {cases} cases pass."), {"passed": passed, "cases": len(cases)})
    return [place, count]


def _blocks(case: Case, expected: Observation, got: Observation) -> tuple[Block, ...]:
    blocks = [Block(Said("{name}", {"name": n}), show(v)) for n, v in case.inputs.items()]
    wanted, came = _where_they_differ(expected.answer, got.answer)
    blocks.append(Block(Said(N_("expected")), show(wanted)))
    if not got.trouble:
        blocks.append(Block(Said(N_("got")), show(came)))
    if got.printed.strip():
        blocks.append(Block(Said(N_("your code printed")), got.printed.strip()[:300]))
    if got.warned.strip():
        blocks.append(Block(Said(N_("warnings of your code")), got.warned.strip()[:300]))
    return tuple(blocks)


def _where_they_differ(expected: object, got: object) -> tuple[object, object]:
    """Of two dicts only the rows that differ; other answers whole."""
    if not (isinstance(expected, dict) and isinstance(got, dict)):
        return expected, got
    same = {key for key in expected if key in got and show(expected[key]) == show(got[key])}
    return tuple({k: v for k, v in table.items() if k not in same} for table in (expected, got))


def _picture(
    exercise: Exercise, case: Case, expected: Observation, got: Observation
) -> bytes | None:
    if exercise.picture is None or got.trouble:
        return None
    from course_utils.checks.pictures import png  # matplotlib only where it is needed

    return png(exercise.picture, case, expected, got)
