"""Running all pages under all variations, a process each, kept on disk to go on from.

A kept run counts while the page's code and all that it read of ours are the same.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.processors.sources import unchanged
from tests.processors.variations import Variation

__all__ = ["KEPT", "run_all", "run_one"]

KEPT = REPOSITORY / "build" / "processors"
SECONDS = 1800  # for one run, on a machine that does other things as well


def run_all(
    pages: Iterable[Path],
    variations: Iterable[Variation],
    jobs: int,
    say: Callable[[str], None],
) -> dict[str, dict[str, dict]]:
    """Page -> variation -> what `page.run` gives. A run that stands on disk is not repeated.

    Raises RuntimeError with the run's own words where one ends in an error.
    """
    wanted = [(page, variation) for variation in variations for page in pages]
    found: dict[str, dict[str, dict]] = {}
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda pair: run_one(*pair), wanted)
        for (page, variation), result in zip(wanted, results, strict=True):
            found.setdefault(page.stem, {})[variation.name] = result
            say(f"{page.stem}, {variation.name}: {result['seconds']} s")
    return found


def run_one(page: Path, variation: Variation, kept: Path = KEPT) -> dict:
    """What `page.run` gives under one variation, in a process of its own."""
    folder = kept / f"{page.stem}-{digest(page)}"
    path = folder / f"{variation.name.replace(' ', '_')}.json"
    if not (path.exists() and unchanged(json.loads(path.read_text()).get("sources", {}))):
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.processors.page", str(page), str(path)]
        command += [str(variation.draw)] if variation.draw is not None else []
        ended = subprocess.run(
            command,
            env=variation.environment(),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"{page.name}, {variation.name}: {ended.stderr[-2000:]}")
    return json.loads(path.read_text())


def digest(page: Path) -> str:
    """Of the code cells: prose may change, and what was measured still holds."""
    from course_utils.teaching.source import parse

    code = "\n".join(cell.text for cell in parse(page).cells if cell.kind == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:12]
