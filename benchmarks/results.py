"""RESULTS.md: one section a topic, each replaced alone when its topic is measured again."""

import datetime
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import Result, machine, versions

__all__ = ["put_section", "section"]

_HEAD = """# What was measured

Ratios of two ways run in turn in one process; the value is the median over rounds, the spread
their middle half. `python -m benchmarks` measures everything again, with a topic's name behind
it that section alone. How: `benchmarks/harness.py`.
"""


def section(
    topic: str,
    heading: str,
    results: Sequence[Result],
    *,
    command: str,
    seconds: float,
    load: float,
) -> str:
    """A topic's section in Markdown: its table, and what it was measured with and on.

    command: what gives it again. seconds: how long it took. load: the processes that wanted a
    core in the minute before; where they were more than cores, times are not to be trusted.
    """
    rows = [["measured", "value", "spread", "target", "", "behind it"]]
    for one in results:
        met = {None: "", True: "met", False: "**missed**"}[one.met]
        rows.append([one.what, one.value, one.spread, one.target, met, one.detail])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "| --- | ---: | ---: | ---: | --- | --- |")
    return "\n".join(
        [
            f"## {topic}",
            "",
            heading,
            "",
            *lines,
            "",
            f"`{command}`, {datetime.date.today()}, {seconds:.0f} s, load {load:.1f} before. "
            f"{machine()}. {versions()}.",
        ]
    )


def put_section(path: Path, topic: str, text: str) -> None:
    """Put a topic's section into the file in place of its last one; the others stay."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = re.split(r"^(?=## )", old, flags=re.MULTILINE)[1:]
    names = [part.splitlines()[0].removeprefix("## ").strip() for part in parts]
    sections = {name: part.strip() for name, part in zip(names, parts, strict=True)}
    sections[topic] = text.strip()
    body = "\n\n".join(sections[name] for name in sorted(sections))
    path.write_text(f"{_HEAD}\n{body}\n", encoding="utf-8")
