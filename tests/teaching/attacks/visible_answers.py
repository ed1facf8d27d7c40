"""The answers of a visible check, as a student would learn them by heart."""

import torch

from course_utils.checks.exercise import assignment, resolve
from course_utils.checks.notebook import VISIBLE_SEED
from tests.teaching.grading.class_of import NAME

__all__ = ["by_heart"]


def by_heart() -> str:
    """Source of a jaccard that knows the visible cases and nothing else."""
    exercise = assignment(NAME)["jaccard"]
    model = resolve(exercise.model)
    rows = {}
    for case in exercise.cases(VISIBLE_SEED):
        given = case.inputs
        key = tuple(int(x) for x in given["predicted"].flatten()[:40])
        rows[key] = torch.as_tensor(model(*given.values())).tolist()
    return (
        f"nan = float('nan')\nKNOWN = {rows!r}\n"
        "def jaccard(predicted, truth, num_classes):\n"
        "    key = tuple(int(x) for x in predicted.flatten()[:40])\n"
        "    return torch.tensor(KNOWN.get(key, [0.0] * num_classes))\n"
    )
