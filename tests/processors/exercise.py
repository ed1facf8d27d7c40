"""One run of an assignment's trained exercise: what its right answers reach, and the bar.

The model answer is trained as its notebook trains it, the other right solutions as the tests
of the checks do. What they reach is measured on the largest case of several seeds, as the
check measures it; the worst seed counts.
"""

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from tests.processors.claims import Claim, Claims

__all__ = ["TRAINED", "claims_in", "run"]

SEEDS = (5, *(2**127 + 31 * number for number in range(4)))


class Trained(NamedTuple):
    """exercise: whose answer is a trained network; measure: of the truth and the labels.

    room: what the tests of the checks ask of right solutions above the bar, on seed 5.
    """

    exercise: str
    measure: str
    room: float


TRAINED = {
    "transfer_learning": Trained("fine_tune", "right_share", 0.05),
    "interpretation": Trained("which_fire", "fine_tune.right_share", 0.05),
    "fcn": Trained("segment", "mean_jaccard_of", 0.04),
    "unet": Trained("segment", "object_jaccard", 0.0),
    "dilated": Trained("segment", "mean_jaccard_of", 0.02),
}
_MODEL = "the model answer"


def claims_in(path: Path) -> list[Claim]:
    """Each right answer's two claims, keys as `run` gives them."""
    trained, found = TRAINED[path.stem], []
    for name in [_MODEL, *(each.__name__ for each in _right(path.stem))]:
        found += [Claim(key, 0, "order", ">=", bound) for key, bound in _keys(name, trained)]
    return found


def run(path: Path, claims: Claims) -> None:
    """Train every right answer of the assignment whose solution is at `path`, and measure."""
    trained = TRAINED[path.stem]
    module = import_module(f"course_utils.checks.assignments.{path.stem}.{trained.exercise}")
    measure: Any = module
    for name in trained.measure.split("."):
        measure = getattr(measure, name)
    answers = {_MODEL: _model_answer(path, module.EXERCISE.function)}
    answers |= {each.__name__: each for each in _right(path.stem)}
    cases = [module.EXERCISE.cases(seed)[-1] for seed in SEEDS]
    for name, answer in answers.items():
        reached = [_measured(measure, answer, case) for case in cases]
        (worst, _), *test = _keys(name, trained)
        claims.measure(worst, "order", ">=", lambda x=reached: [(min(x), module.REQUIRED)])
        for key, _bound in test:
            bound = module.REQUIRED + trained.room
            claims.measure(key, "order", ">=", lambda x=reached, b=bound: [(x[0], b)])


def _keys(name: str, trained: Trained) -> list[tuple[str, str]]:
    keys = [(f"{name}, worst of {len(SEEDS)} seeds >= REQUIRED", "REQUIRED")]
    if trained.room and name != _MODEL:
        bound = f"REQUIRED + {trained.room:g}"
        keys.append((f"{name}, seed 5 >= {bound}", bound))
    return keys


def _right(assignment: str) -> list[Callable]:
    right = import_module(f"tests.checks.right.{assignment}")
    return right.RIGHT[TRAINED[assignment].exercise]


def _model_answer(path: Path, function: str) -> Callable:
    """Run the notebook's cells, without its checks, for the function that one defines."""
    from course_utils.teaching.source import parse

    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in parse(path).cells:
        if cell.kind == "code" and cell.role != "check":
            exec(compile(ast.parse(cell.text), f"{path.name}:{cell.line}", "exec"), names)
    return names[function]


def _measured(measure: Callable, answer: Callable, case: Any) -> float:
    return float(measure(case.truth, answer(case.inputs["images"].float() / 255).long()))
