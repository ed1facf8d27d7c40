"""One warm process for all programs of a grader: found, lived by, done without."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from course_utils.teaching.grading import processes
from course_utils.teaching.sandbox import warm
from tests.teaching.sandbox.kernels import Kernel, until

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, os, pathlib, sys
sys.path.insert(0, sys.argv[1])
from course_utils.teaching.sandbox import warm
from tests.teaching.sandbox.kernels import Kernel
kernel = Kernel(pathlib.Path(sys.argv[2]), fork=True)
facts = kernel.facts(sys.argv[3])
own = warm._server.pid if warm._server else None
kernel.end()
print(json.dumps({"facts": facts, "own": own}))
"""


@pytest.fixture
def fork():
    """Only forked kernels are of interest here."""
    return True


def servers():
    """Warm processes that this program has started; a kernel has the same command line."""
    return {
        child.pid
        for child in psutil.Process().children()
        if any("warm_server.py" in word for word in child.cmdline())
    }


def ask(folder, code="facts = 1"):
    """What another program gets from a kernel, and the warm process that it had to start."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT), str(folder), code],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_two_programs_live_by_one_process_and_it_ends_with_the_block(tmp_path):
    before = servers()
    with warm.shared():
        (server,) = servers() - before
        folder = Path(os.environ[warm.ADDRESS]).parent
        for _program in range(2):
            assert ask(tmp_path)["own"] is None
        with warm.shared():
            assert servers() - before == {server}
        assert psutil.pid_exists(server)
    assert not psutil.pid_exists(server)
    assert not folder.exists()
    assert warm.ADDRESS not in os.environ


def test_where_the_shared_one_was_killed_a_program_starts_its_own(tmp_path):
    before = servers()
    with warm.shared():
        (server,) = servers() - before
        os.kill(server, signal.SIGKILL)
        until(lambda: psutil.Process(server).status() == psutil.STATUS_ZOMBIE)
        assert ask(tmp_path)["own"] is not None


def test_a_program_whose_shared_process_is_killed_goes_on(tmp_path):
    before = servers()
    with warm.shared():
        (server,) = servers() - before
        Kernel(tmp_path, fork=True).end()
        os.kill(server, signal.SIGKILL)
        kernel = Kernel(tmp_path, fork=True)
        try:
            assert kernel.run("print(2)") == "2\n"
        finally:
            kernel.end()


def test_the_socket_is_out_of_a_kernels_sight(tmp_path):
    code = """
import os
path = {path!r}
facts = [os.path.exists(path), os.path.exists(os.path.dirname(path)), {name!r} in os.environ]
"""
    with warm.shared():
        code = code.format(path=os.environ[warm.ADDRESS], name=warm.ADDRESS)
        assert ask(tmp_path, code)["facts"] == [False, False, False]


def test_kernels_have_the_libraries_that_were_asked_for(tmp_path):
    code = "import sys\nfacts = 'mailbox' in sys.modules"
    with warm.shared():
        assert not ask(tmp_path, code)["facts"]
    with warm.shared(["no_such_library", "mailbox"]):
        assert ask(tmp_path, code)["facts"]


def test_libraries_are_those_that_a_hand_in_names(tmp_path):
    folder = tmp_path / "submitted" / "a" / "fcn"
    folder.mkdir(parents=True)
    assert processes._named(tmp_path, "fcn") == []
    (folder / "fcn.ipynb").write_text("from torch import nn")
    (folder / "strange.ipynb").symlink_to("/dev/zero")
    assert processes._named(tmp_path, "fcn") == []
    (folder / "fcn.ipynb").write_text("import torchvision.models as m")
    assert "torchvision.models" in processes._named(tmp_path, "fcn")
    assert processes._named(tmp_path, "unet") == []
