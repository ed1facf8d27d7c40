"""One run of a page's code in this process, every `assert` measured.

    python -m tests.processors.page lectures/01_transfer_learning.py result.json [DRAW]
    python -m tests.processors.page solutions/fcn/fcn.py result.json [DRAW]

Figures are drawn but not rendered: no claim reads them. Everything else is the page's own. Of
an assignment the trained exercise is measured (see `exercise`).
"""

import ast
import contextlib
import json
import resource
import sys
import time
from pathlib import Path

from tests.processors import exercise
from tests.processors.claims import Claim, Claims, claims_of, instrument
from tests.processors.sources import read_here

__all__ = ["claims_in", "run"]


def claims_in(path: Path) -> list[Claim]:
    """The claims of a page's source, cell by cell, keys as `run` gives them."""
    from course_utils.teaching.source import parse

    if path.stem in exercise.TRAINED:
        return exercise.claims_in(path)

    seen: dict[str, int] = {}
    return [
        claim
        for cell in parse(path).cells
        if cell.kind == "code"
        for claim in claims_of(ast.parse(cell.text), cell.line + 1, seen)
    ]


def run(path: Path, draw: int | None = None) -> dict:
    """Run the code of a source once; with noise of this draw, or without."""
    from course_utils import session
    from tests.processors.noise import RelativeNoise

    _without_rendering()
    session.start("en", device="cpu", data="shapes")
    claims = Claims()
    noise = RelativeNoise(draw) if draw is not None else contextlib.nullcontext()
    start = time.perf_counter()
    with noise:
        exercise.run(path, claims) if path.stem in exercise.TRAINED else _lecture(path, claims)
    return {
        "claims": claims.found,
        "seconds": round(time.perf_counter() - start, 1),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "disturbed": getattr(noise, "changed", 0),
    }


def _lecture(path: Path, claims: Claims) -> None:
    from course_utils.teaching.source import parse

    seen: dict[str, int] = {}
    names = {"__name__": "__main__", "__claims__": claims}
    for cell in parse(path).cells:
        if cell.kind == "code":
            code = instrument(ast.parse(cell.text), seen)
            exec(compile(code, f"{path.name}:{cell.line}", "exec"), names)


def _without_rendering() -> None:
    from matplotlib import pyplot as plt

    from course_utils import figures
    from course_utils.figures import widgets

    def shown() -> None:
        plt.close("all")

    def moving(self, draw, controls, frames, **size) -> None:
        """The controls and frames are not drawn."""

    figures.show = shown
    widgets.InteractiveFigure.__init__ = moving


def main() -> None:
    path, result, *draw = sys.argv[1:]
    found = run(Path(path), int(draw[0]) if draw else None)
    found["sources"] = read_here()
    partial = Path(result).with_suffix(".partial")
    partial.write_text(json.dumps(found, indent=1))
    partial.replace(result)


if __name__ == "__main__":
    main()
