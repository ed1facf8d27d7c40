"""python -m tests.gpu [NAME ...]: the lectures and the model answers where a GPU is; make gpu.

Runs the code of every lecture, and every model answer through its check, on CUDA, some five
minutes in all, and prints a table and what failed. Exit code: 0 all is well, 1 something
failed, 2 the command was not understood, 3 no GPU is here.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from course_utils.teaching import config, lectures

ROOT = Path(__file__).parents[2]
NO_GPU = 3
SECONDS = 400  # for one page


def pages() -> dict[str, Path]:
    """Name -> source, of the lectures and the assignments."""
    course = config.load(ROOT)
    found = {path.stem: path for path in lectures.sources(course)}
    return found | {
        name: ROOT / "solutions" / name / f"{name}.py" for name in course.assignments
    }


def main(arguments: list[str] | None = None) -> int:
    known = pages()
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"out of {', '.join(known)}")
    parser.add_argument("--device", default="cuda", help="cpu tries the script itself")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 1) // 4))
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(known):
        parser.error(f"expected names out of {', '.join(known)}, got {', '.join(unknown)}")
    if asked.device.startswith("cuda") and not torch.cuda.is_available():
        print(
            "No GPU is here: torch finds no CUDA device, so nothing was run.", file=sys.stderr
        )
        return NO_GPU
    chosen = {name: known[name] for name in asked.names or known}
    failed = False
    print(f"{_name(asked.device)}, torch {torch.__version__}")
    print(f"{'page':28}{'seconds':>8}{'MB':>7}{'asked':>7}{'failed':>8}", flush=True)
    with ThreadPoolExecutor(asked.jobs) as pool:
        results = pool.map(lambda path: _run(path, asked.device), chosen.values())
        for name, found in zip(chosen, results, strict=True):
            numbers = f"{found['seconds']:8.1f}{found['megabytes']:7}{found['asked']:7}"
            print(f"{name:28}{numbers}{len(found['failed']):8}", flush=True)
            for words in found["failed"]:
                print("    " + words.replace("\n", "\n    "))
            failed = failed or bool(found["failed"])
    return 1 if failed else 0


def _run(path: Path, device: str) -> dict:
    """A process of its own for each page: what one leaves on the device troubles no other."""
    with tempfile.TemporaryDirectory(prefix="gpu-") as folder:
        result = Path(folder, "result.json")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "tests.gpu.page", str(path), device, str(result)],
                cwd=ROOT,
                env={"OMP_NUM_THREADS": "2"} | os.environ | {"COURSE_STRICT": "1"},
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            words = done.stderr[-2000:] or f"it ended with code {done.returncode}"
        except subprocess.TimeoutExpired:
            words = f"no end within {SECONDS} s"
        if result.is_file():
            return json.loads(result.read_text(encoding="utf-8"))
        return {"asked": 0, "failed": [words], "seconds": 0.0, "megabytes": 0}


def _name(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


if __name__ == "__main__":
    sys.exit(main())
