"""A summary of a run in Markdown: which tests failed, and which packages are newer than ours.

    python .github/which_broke.py TITLE --installed now.txt --pinned constraints.txt REPORT...

REPORT: pytest's --junit-xml. One that is missing is named: the step broke before its tests.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def failures(report: Path) -> list[str]:
    """The failed tests of a report with their messages' first lines."""
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        for kind in ("failure", "error"):
            for trouble in case.findall(kind):
                first = (trouble.get("message") or "").strip().split("\n")[0][:200]
                found.append(f"`{case.get('classname')}::{case.get('name')}`: {first}")
    return found


def versions(path: Path) -> dict[str, str]:
    """Name -> version of a list that pip froze; empty where there is none."""
    if not path.is_file():
        return {}
    pairs = (line.strip().split("==") for line in path.read_text().splitlines() if "==" in line)
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def summary(title: str, reports: list[Path], installed: Path, pinned: Path) -> str:
    """The whole page."""
    lines = [f"## {title}"]
    for report in reports:
        if not report.is_file():
            lines.append(f"- {report.name} is missing: its step broke before the tests ran.")
            continue
        found = failures(report)
        lines.append(
            f"- {report.name}: {len(found)} failed" if found else f"- {report.name}: well"
        )
        lines += [f"  - {words}" for words in found]
    now, before = versions(installed), versions(pinned)
    other = [
        f"| {name} | {before[name]} | {now[name]} |"
        for name in sorted(now.keys() & before.keys())
        if now[name] != before[name]
    ]
    if other:
        lines += ["", "| package | constraints.txt | here |", "|---|---|---|", *other]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print the summary; returns the exit code."""
    title, rest, named = arguments[0], arguments[1:], {}
    for name in ("--installed", "--pinned"):
        place = rest.index(name)
        named[name] = Path(rest[place + 1])
        del rest[place : place + 2]
    print(summary(title, [Path(r) for r in rest], named["--installed"], named["--pinned"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
