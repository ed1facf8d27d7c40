"""python -m tests.processors [PAGE ...]: measure what the pages claim, write docs/margins.md.

Runs the lectures and the trained exercises under every variation of the processor (see
`variations`), a process each. What was run stands in build/ and is not repeated while the page
and what it read of course_utils are the same; --anew repeats it. --table writes the table from
what was measured last, --check only compares. The exit code is 1 where a claim fails or lies
within three spreads of its bound, or where the table is stale.
"""

import argparse
import json
import shutil
import sys

from tests.processors import table
from tests.processors.campaign import KEPT, run_all
from tests.processors.variations import DRAWS, every


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=table.COMMAND, description=__doc__)
    known = {page.stem: page for page in table.pages()}
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"out of {', '.join(known)}")
    parser.add_argument("--draws", type=int, default=DRAWS, help="draws of noise")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--anew", action="store_true", help="forget what was run before")
    parser.add_argument("--table", action="store_true", help="measure nothing, write the table")
    parser.add_argument("--check", action="store_true", help="measure and write nothing")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.pages) - set(known):
        parser.error(f"expected pages out of {', '.join(known)}, got {', '.join(unknown)}")
    measured = table.read()
    if not (chosen.table or chosen.check):
        wanted = [known[name] for name in chosen.pages or known]
        if chosen.anew:
            shutil.rmtree(KEPT, ignore_errors=True)
        runs = run_all(wanted, every(chosen.draws), chosen.jobs, _say)
        found = {name: table.summary(of_page) for name, of_page in runs.items()}
        together = measured["pages"] | found
        measured = {
            "machine": table.machine(),
            "pages": {name: together[name] for name in known if name in together},
        }
    if not chosen.check:
        table.MEASURED.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n")
        table.TABLE.write_text(table.text(measured))
    problems = table.stale(measured) + _doubtful(measured)
    if table.TABLE.read_text() != table.text(measured):
        problems.append(f"docs/margins.md is not what was measured: {table.COMMAND} --table")
    print("\n".join(problems) or "All claims hold by three spreads or more.")
    return int(bool(problems))


def _doubtful(measured: dict) -> list[str]:
    return [
        f"{name}: {word}: {key}"
        for name, page in measured["pages"].items()
        for key, claim in page["claims"].items()
        if (word := table.verdict(claim)) in ("close", "fails")
    ]


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
