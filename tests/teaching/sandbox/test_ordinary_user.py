"""An ordinary user can grade: the sandbox needs no right that root has.

Where root runs the tests, a child becomes nobody, in a mount namespace of its own in which
folders that only root may enter let it pass to Python and to the course.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OPEN = """
set -e
hidden=$1; shift
if [ -n "$hidden" ]; then
    for path in $NEEDED; do mkdir -p "$KEPT$path"; mount --rbind "$path" "$KEPT$path"; done
    mount -t tmpfs -o mode=755 none "$hidden"
    for path in $NEEDED; do mkdir -p "$path"; mount --rbind "$KEPT$path" "$path"; done
fi
exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
"""
GRADES = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[1])
from tests.teaching.sandbox.kernels import Kernel
assert os.getuid() == 65534
kernel = Kernel(pathlib.Path(sys.argv[2]), fork=sys.argv[3] == "True")
code = '''
import os, torch
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
facts = [os.getuid(), int(status["CapBnd"], 16), int(status["CapEff"], 16),
         status["NoNewPrivs"].strip(), torch.ones(3).sum().item(), os.listdir("/hand_in"),
         sorted(os.listdir("/proc"))[:1]]
open("/hand_in/mine", "w")
'''
print(kernel.facts(code), type(kernel.provisioner.process).__name__)
kernel.end()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs all tests of this folder")
@pytest.mark.parametrize("kind", ["Namespace", "WarmKernel"])
def test_nobody_starts_kernels(kind):
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        pytest.skip("needs unshare and setpriv (util-linux)")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own are root's alone
        _start_as_nobody(Path(folder), kind)


def _start_as_nobody(folder, kind):
    home, kept = folder / "home", folder / "kept"
    for path in (home, kept):
        path.mkdir()
    for path in (folder, home, kept):
        path.chmod(0o755)
    os.chown(home, 65534, 65534)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": "/tmp",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    hidden, needed = _closed_to_others()
    done = subprocess.run(
        [
            *("unshare", "--mount", "sh", "-c", OPEN, "sh", hidden),
            *(sys.executable, "-c", GRADES, str(ROOT), str(home), str(kind == "WarmKernel")),
        ],
        env=environment | {"NEEDED": needed, "KEPT": str(kept)},
        capture_output=True,
        text=True,
        cwd="/",
        timeout=200,
    )
    if "unshare" in done.stderr and done.returncode:
        pytest.skip(f"no mount namespace here: {done.stderr}")
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith("[65534, 0, 0, '1', 3.0,")
    assert done.stdout.strip().endswith(kind)


def _closed_to_others() -> tuple[str, str]:
    """The topmost folder on the way to Python or the course that others can't enter, and what
    is needed below it."""
    paths = {os.path.realpath(path) for path in (sys.base_prefix, sys.prefix, ROOT)}
    closed = {
        str(parent)
        for path in paths
        for parent in Path(path).parents
        if not parent.stat().st_mode & 0o001
    }
    if not closed:
        return "", ""
    hidden = min(closed, key=len)
    return hidden, " ".join(sorted(p for p in paths if Path(p).is_relative_to(hidden)))
