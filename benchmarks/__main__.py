"""python -m benchmarks [TOPIC ...]: measure, print the tables, write benchmarks/RESULTS.md.

Tables go to stdout, what is going on to stderr. The exit code is 1 where a topic failed; a
missed target is no failure, it stands in the table.
"""

import argparse
import importlib
import os
import sys
import time
import traceback
from pathlib import Path

import torch

from benchmarks.harness import cores
from benchmarks.other_tree import REVISION
from benchmarks.results import put_section, section

HERE = Path(__file__).parent
TOPICS = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = ", ".join(TOPICS)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"out of {known}")
    parser.add_argument(
        "--threads", type=int, help="threads of torch; its own choice if left out"
    )
    parser.add_argument(
        "--against",
        metavar="REV",
        help="compare grading with another revision of git: the topic against",
    )
    parser.add_argument("--output", type=Path, default=HERE / "RESULTS.md")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.topics) - set(TOPICS):
        parser.error(f"expected topics out of {known}, got {', '.join(sorted(unknown))}")
    if chosen.against:
        os.environ[REVISION] = chosen.against
        chosen.topics = chosen.topics or ["against"]
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    failed = False
    for topic in chosen.topics or TOPICS:
        print(f"{topic} ...", file=sys.stderr, flush=True)
        module = importlib.import_module(f"benchmarks.bench_{topic}")
        load, start = _load(), time.perf_counter()
        if load > cores():
            print(
                f"{topic}: load {load:.1f} on {cores()} cores, don't trust it", file=sys.stderr
            )
        try:
            results = module.run()
        except Exception:
            traceback.print_exc()
            failed = True
            continue
        heading = (module.__doc__ or topic).strip().splitlines()[0]
        if not results:
            print(f"{topic}: nothing to measure", file=sys.stderr)
            continue
        command = f"python -m benchmarks {topic}"
        if chosen.threads:
            command += f" --threads {chosen.threads}"
        if chosen.against and topic == "against":
            command = f"python -m benchmarks --against {chosen.against}"
        seconds = time.perf_counter() - start
        text = section(topic, heading, results, command=command, seconds=seconds, load=load)
        put_section(chosen.output, topic, text)
        print(text, end="\n\n", flush=True)
    return int(failed)


def _load() -> float:
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # not on this system
        return 0.0


if __name__ == "__main__":
    sys.exit(main())
