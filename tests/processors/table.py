"""The table of margins: from what the runs measured to docs/margins.md.

A claim's margin is the mean distance of its number to its bound over all runs; its spread the
standard deviation of that distance, over all runs or over the draws of noise alone, whichever
is larger (variations that change nothing would make it look small). Three spreads are asked.
"""

import json
import math
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy
import torch

from tests.conftest import REPOSITORY
from tests.processors.notes import NOTES
from tests.processors.page import claims_in

__all__ = [
    "MEASURED",
    "TABLE",
    "machine",
    "pages",
    "read",
    "stale",
    "summary",
    "text",
    "verdict",
    "waiting",
]

TABLE = REPOSITORY / "docs" / "margins.md"
MEASURED = REPOSITORY / "tests" / "processors" / "measured.json"
COMMAND = "python -m tests.processors"
ASKED = 3  # spreads
LEAST_RUNS = 10


def pages() -> list[Path]:
    """What is measured: the lectures, and the assignments whose answers are trained."""
    from tests.processors.exercise import TRAINED

    lectures = sorted((REPOSITORY / "lectures").glob("*.py"))
    return lectures + [REPOSITORY / "solutions" / name / f"{name}.py" for name in TRAINED]


def machine() -> str:
    """The processor and the versions that numbers depend on."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":")[1].strip() for line in info.splitlines() if "model name" in line]
    return (
        f"{names[0] if names else platform.processor()}, "
        f"{torch.backends.cpu.get_cpu_capability()}; Python {platform.python_version()}, "
        f"torch {torch.__version__.split('+')[0]}, numpy {numpy.__version__}"
    )


def summary(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One page's runs, by the name of the variation, as the table needs them."""
    claims = {}
    for key in next(iter(runs.values()))["claims"]:
        seen = {name: run["claims"][key] for name, run in runs.items() if key in run["claims"]}
        claims[key] = _claim(seen)
    return {
        "runs": list(runs),
        "megabytes": max(run["megabytes"] for run in runs.values()),
        "claims": claims,
    }


def _claim(seen: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"runs": len(seen)}
    if failed := [name for name, each in seen.items() if not each["held"]]:
        found["failed"] = failed
    margins = {name: each["margin"] for name, each in seen.items()}
    if all(margin is not None for margin in margins.values()):
        drawn = [margin for name, margin in margins.items() if name.startswith("noise")]
        found |= {
            "number": _round(fmean(each["value"] for each in seen.values())),
            "bound": _round(fmean(each["bound"] for each in seen.values())),
            "margin": _round(fmean(margins.values())),
            "least": _round(min(margins.values())),
            "spread": _round(max(_spread(margins.values()), _spread(drawn))),
        }
    elif len(values := {str(each["value"]) for each in seen.values()}) > 1:
        found["values"] = sorted(values)[:5]
    return found


def _spread(margins: Iterable[float]) -> float:
    margins = list(margins)
    return stdev(margins) if len(margins) > 1 else 0.0


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def verdict(claim: Mapping[str, Any]) -> str:
    """ "exact", "holds", "close" (within three spreads of its bound) or "fails"."""
    if claim.get("failed"):
        return "fails"
    spread = claim.get("spread")
    if spread is None or spread < 1e-12 * max(abs(claim["number"]), abs(claim["bound"])):
        return "holds" if "values" in claim else "exact"
    return "holds" if claim["margin"] >= ASKED * spread else "close"


def stale(measured: Mapping[str, Any]) -> list[str]:
    """What the pages claim and the measurements lack, or the other way round; sentences."""
    problems = []
    for page in pages():
        if page.stem in waiting(measured):
            continue
        asked = {claim.key for claim in claims_in(page)}
        known = set(measured["pages"].get(page.stem, {}).get("claims", {}))
        problems += [f"{page.stem}: not measured: {key}" for key in sorted(asked - known)]
        problems += [f"{page.stem}: claimed no more: {key}" for key in sorted(known - asked)]
    if problems:
        problems.append(f"Measure what changed: {COMMAND} " + " ".join(_names(problems)))
    return problems


def waiting(measured: Mapping[str, Any]) -> list[str]:
    """The assignments whose trained exercise is in no row yet; a lecture must always be."""
    from tests.processors.exercise import TRAINED

    return [name for name in TRAINED if name not in measured["pages"]]


def _names(problems: list[str]) -> list[str]:
    return sorted({problem.split(":")[0] for problem in problems})


def text(measured: Mapping[str, Any]) -> str:
    """The whole of docs/margins.md."""
    counts = {"exact": 0, "holds": 0, "close": 0, "fails": 0}
    for page in measured["pages"].values():
        for claim in page["claims"].values():
            counts[verdict(claim)] += 1
    sections = [_section(name, page) for name, page in measured["pages"].items()]
    if names := waiting(measured):
        words = ", ".join(f"`{name}`" for name in names)
        sections.append(f"## Not in the table yet\n\nThe trained exercises of {words}.")
    return "\n\n".join([_head(measured, counts), *sections]) + "\n"


def _head(measured: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    return f"""# Margins: what the pages claim, and how far from its bound each number lies

Written by `{COMMAND}`; don't edit it by hand. Measured on: {measured["machine"]}.

A trained number depends on the processor: its vector units, its threads, the order in which it
adds. So every lecture was run under each of these variations alone, and every number that it
asserts was noted, whether its bound held or not:

- `default`, `avx2`, `avx512`: torch's own code for these vector units (`ATEN_CPU_CAPABILITY`);
- `oneDNN SSE41`, `oneDNN AVX2`: convolutions that use no newer units (`ONEDNN_MAX_CPU_ISA`);
- `1 thread`, `4 threads`, where the lecture itself does not choose; two otherwise;
- `noise 0`, `noise 1`, ...: draws of relative noise of 1e-6 on the output of every convolution
  and every matrix product, forward and backward: what another processor is to a training.

*Margin*: the mean distance of the number to its bound, above zero where the claim holds.
*Spread*: the standard deviation of that distance, over all runs or over the draws of noise
alone, whichever is larger. A claim *holds* where no run broke it and its margin is {ASKED}
spreads or more; it is *close* where the margin is less, and *fails* where a run broke it.
*Exact* claims have no spread: they came out the same in every run.

All in all: {counts["exact"]} exact, {counts["holds"]} hold, {counts["close"]} are close,
{counts["fails"]} fail."""


def _section(name: str, page: Mapping[str, Any]) -> str:
    kinds: dict[str, list[str]] = {}
    for key, claim in page["claims"].items():
        kinds.setdefault(verdict(claim), []).append(key)
    lines = [f"## {name}", "", f"{len(page['runs'])} runs: {', '.join(page['runs'])}."]
    if exact := kinds.pop("exact", []):
        words = "claims came" if len(exact) > 1 else "claim came"
        lines[-1] += f" {len(exact)} {words} out the same in every run."
    rows = [key for key in page["claims"] if key not in exact]
    if rows:
        lines += [
            "",
            "| claim | number | bound | margin | spread | in spreads | least margin | |",
        ]
        lines.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
        lines += [_row(key, page["claims"][key]) for key in rows]
    notes = [f"- `{_cell(key)}`: {NOTES[name, key]}" for key in rows if (name, key) in NOTES]
    return "\n".join([*lines, "", *notes] if notes else lines)


def _row(key: str, claim: Mapping[str, Any]) -> str:
    words = verdict(claim)
    if failed := claim.get("failed"):
        words = f"**fails**: {', '.join(failed)}"
    elif words == "close":
        words = "**close**"
    if claim["runs"] < LEAST_RUNS:
        words += f" ({claim['runs']} runs)"
    if "margin" not in claim:
        seen = ", ".join(claim.get("values", ()))
        return f"| `{_cell(key)}` | {_cell(seen)} | | | | | | {words} |"
    numbers = [claim[name] for name in ("number", "bound", "margin", "spread")]
    inside = claim["margin"] / claim["spread"] if claim["spread"] else math.inf
    cells = [*(f"{number:.3g}" for number in numbers), _many(inside), f"{claim['least']:.3g}"]
    return f"| `{_cell(key)}` | {' | '.join(cells)} | {words} |"


def _many(spreads: float) -> str:
    return "over 1000" if spreads > 1000 else f"{spreads:.3g}"


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("`", "'")


def read(path: Path = MEASURED) -> dict[str, Any]:
    """What was measured last; nothing yet where no file is."""
    return json.loads(path.read_text()) if path.exists() else {"machine": "", "pages": {}}
