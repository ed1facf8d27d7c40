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

from tests.bare.ordinary import as_nobody

ROOT = Path(__file__).parents[3]
GRADES = """
import os, pathlib, sys, time
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
kernel.run("for place in ('/tmp', '/hand_in', '/home/student'): os.chmod(place, 0)")
time.sleep(1)
assert kernel.run("print(7)") == "7\\n"
assert kernel.provisioner._watcher._thread.is_alive()
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
    done = subprocess.run(
        [
            *as_nobody(kept),
            *(sys.executable, "-c", GRADES, str(ROOT), str(home), str(kind == "WarmKernel")),
        ],
        env=environment,
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
