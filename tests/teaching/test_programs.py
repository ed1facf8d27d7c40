"""Commands of this environment are found where it is not activated."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.teaching.programs import find_own_programs_first

OWN = str(Path(sys.executable).parent)


@pytest.mark.parametrize("before", ["/usr/bin:/bin", f"/usr/bin:{OWN}:/bin", ""])
def test_own_programs_come_first_and_once(before, monkeypatch):
    monkeypatch.setenv("PATH", before)
    find_own_programs_first()
    others = [folder for folder in before.split(":") if folder and folder != OWN]
    assert os.environ["PATH"].split(":") == [OWN, *others]


@pytest.mark.slow
def test_nbgrader_releases_without_the_environment_activated(tmp_path):
    root = Path(__file__).parents[2]
    for name in ("nbgrader_config.py", "course.toml"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    name = Path("solutions/metrics_and_loss/metrics_and_loss.ipynb")
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_bytes((root / name).read_bytes())
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    command = [f"{OWN}/nbgrader", "generate_assignment", "metrics_and_loss"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "assignments/ru/metrics_and_loss/metrics_and_loss.ipynb").is_file()


def test_the_tools_do_not_build_a_parser_that_no_notebook_needs():
    code = (
        "import sys, course_utils.teaching, nbformat; "
        "nbformat.validate(nbformat.v4.new_notebook()); "
        "print('rfc3987_syntax.syntax_helpers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
