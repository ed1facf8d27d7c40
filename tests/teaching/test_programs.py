"""Commands of this environment are found where it is not activated, and can always speak."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.teaching.programs import (
    find_own_programs_first,
    require_one_package,
    unused_package,
)

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


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, "Ж".encode()),
        ({"PYTHONIOENCODING": "ascii"}, "Ж".encode()),
        ({"PYTHONIOENCODING": "koi8-r"}, "Ж".encode("koi8-r")),
        ({"PYTHONIOENCODING": "latin-1"}, rb"\u0416"),
    ],
)
def test_a_letter_is_written_whatever_the_locale(settings, written):
    start = (
        "import sys; from course_utils.teaching.programs import write_every_letter as w; w()"
    )
    for stream in ("stdout", "stderr"):
        done = subprocess.run(
            [sys.executable, "-c", f"{start}; print(chr(0x416), file=sys.{stream})"],
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert (done.returncode, done.stdout.strip()) == (0, written)


def test_only_another_package_in_the_folder_is_named(tmp_path):
    assert unused_package(tmp_path) is None
    assert unused_package(Path(__file__).parents[2]) is None
    (tmp_path / "course_utils").mkdir()
    assert unused_package(tmp_path) is None
    (tmp_path / "course_utils" / "__init__.py").touch()
    assert str(tmp_path / "course_utils") in unused_package(tmp_path)


def test_this_package_is_the_one_that_kernels_import():
    require_one_package()
