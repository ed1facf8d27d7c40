"""Machines that lack what others have: a class earns the planted marks on each.

What a machine lacks is taken away, not patched. Conditions share a run; where a mark is wrong
each is tried alone, and those are named that spoil it by themselves.
"""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from course_utils.teaching.sandbox import programs
from tests.bare.ordinary import NOBODY, as_nobody
from tests.bare.planted import MARKS, NAME, course, marks
from tests.bare.without import without
from tests.without_sandbox import why_none

pytestmark = pytest.mark.slow  # workers with torch, kernels

_OWN_MOUNTS = ("unshare", *(() if os.geteuid() == 0 else ("--map-root-user",)), "--mount")
_NO_SHM = 'mount -t tmpfs -o ro,mode=755 none /dev/shm && exec "$@"'
_NO_NAMESPACES = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'


@dataclass(frozen=True)
class Condition:
    """What a machine lacks. hidden: programs; unset, set: environment variables.

    before: words of a command that runs another without it; options: of `course grade`.
    """

    name: str
    hidden: tuple[str, ...] = ()
    wheel: bool = True
    unset: tuple[str, ...] = ()
    set: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


NO_BWRAP = Condition("no bwrap", ("bwrap",), wheel=False, options=("--no-sandbox",))
PIPS_BWRAP = Condition("no bwrap but pip's", ("bwrap",))
NO_NAMESPACES = Condition(
    "no user namespaces",
    before=("unshare", "--map-root-user", "sh", "-c", _NO_NAMESPACES, "sh"),
    options=("--no-sandbox",),
)
NO_SHM = Condition("no /dev/shm", before=(*_OWN_MOUNTS, "sh", "-c", _NO_SHM, "sh"))
ONE_CORE = Condition("one core", before=("taskset", "--cpu-list", "0"))
NO_HOME = Condition("HOME unset", unset=("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"))
_LOCALE = ("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "PYTHONIOENCODING", "PYTHONUTF8")
POSIX = Condition("LC_ALL=POSIX", unset=_LOCALE, set={"LC_ALL": "POSIX"})
ASCII = Condition(
    "LC_ALL=C and Python told to believe it",
    unset=_LOCALE,
    set={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
)


def test_nothing_of_all_that(class_folder, tmp_path):
    lacking = (NO_BWRAP, NO_SHM, NO_NAMESPACES, ONE_CORE, NO_HOME, ASCII)
    _earn_the_planted_marks(lacking, class_folder, tmp_path)


def test_pips_bwrap_alone(class_folder, tmp_path):
    _earn_the_planted_marks((PIPS_BWRAP, NO_SHM, NO_HOME, POSIX), class_folder, tmp_path)


def test_a_kernel_called_python3_of_another_python(class_folder, tmp_path):
    folder = tmp_path / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True)
    argv = '["/bin/false", "-m", "ipykernel_launcher", "-f", "{connection_file}"]'
    (folder / "kernel.json").write_text(
        f'{{"argv": {argv}, "display_name": "mine", "language": "python"}}'
    )
    theirs = Condition("their kernel", set={"JUPYTER_PATH": str(tmp_path / "jupyter")})
    _earn_the_planted_marks((theirs, ONE_CORE), class_folder, tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs all other tests")
def test_an_ordinary_user(class_folder):
    with tempfile.TemporaryDirectory(dir="/tmp") as place:  # pytest's own are root's alone
        folder = Path(place)
        kept, root = folder / "kept", folder / "course"
        kept.mkdir()
        for path in (folder, kept):
            path.chmod(0o755)
        shutil.copytree(class_folder, root)
        for path in (root, *root.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        nobody = Condition("an ordinary user", before=as_nobody(kept))
        said = _graded_on((nobody, PIPS_BWRAP, NO_HOME, ASCII), root)
        assert not said, said


def _earn_the_planted_marks(lacking: Sequence[Condition], root: Path, place: Path) -> None:
    here = [condition for condition in lacking if _can_be_made(condition)]
    if len(here) < len(lacking):
        missing = ", ".join(c.name for c in lacking if c not in here)
        warnings.warn(f"Not to be had on this machine: {missing}", stacklevel=2)
    together = _graded_on(here, shutil.copytree(root, place / "all"))
    if not together:
        return
    alone = {
        condition.name: _graded_on([condition], shutil.copytree(root, place / f"{number}"))
        for number, condition in enumerate(here)
    }
    names = [name for name, said in alone.items() if said]
    pytest.fail(f"Wrong with {', '.join(names) or 'all of these together'}:\n{together}")


def _graded_on(lacking: Sequence[Condition], root: Path) -> str:
    """What went wrong; empty where the class earned what was planted."""
    wheel = all(condition.wheel for condition in lacking)
    hidden = {name for condition in lacking for name in condition.hidden}
    with without(*hidden, wheel=wheel) as environment:
        for condition in lacking:
            for name in condition.unset:
                environment.pop(name, None)
            environment.update(condition.set)
        options = {option for condition in lacking for option in condition.options}
        done = course(
            *(root, "grade", NAME, *(options or _needed())),
            environment=environment,
            before=[word for condition in lacking for word in condition.before],
        )
    found = marks(root)
    if (done.returncode, found) == (0, MARKS):
        return ""
    return f"exit {done.returncode}, {found}\n{done.stdout}\n{done.stderr}"


def _needed() -> tuple[str, ...]:
    return ("--no-sandbox",) if why_none() else ()


def _can_be_made(condition: Condition) -> bool:
    if condition is PIPS_BWRAP:
        return programs._by_pip() is not None and not why_none()
    return subprocess.run([*condition.before, "true"], capture_output=True).returncode == 0
