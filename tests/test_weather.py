"""Bad weather: each thing that is missing is said in one sentence, and the session goes on."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from course_utils import i18n, session, weather
from course_utils.data import scenes, voc2012

NOWHERE = "http://nowhere.invalid/VOCtrainval_11-May-2012.tar"


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """A cache of its own, no notebook, no wishes of the person who tests; then English."""
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "cache"))
    for name in ("JPY_SESSION_NAME", "COURSE_DATA", "COURSE_MIRRORS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(session, "_current", None)
    with i18n.speaking("en"):
        yield


def said(capsys):
    """What stands below the three lines of a session in good weather."""
    return capsys.readouterr().out.splitlines()[3:]


def test_in_good_weather_three_lines_are_said(capsys):
    found = session.start("en", device="cpu")
    assert capsys.readouterr().out.splitlines() == [
        "course_utils 0.1.0, language: English",
        f"Device: CPU, {torch.get_num_threads()} threads",
        "Data: ShapesVOC, drawn on this machine",
    ]
    assert session.current() is found


def test_in_bad_weather_a_russian_session_speaks_russian(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(importlib.metadata, "version", missing)
    session.start("ru", device="cuda")
    lines = said(capsys)
    assert len(lines) == 2
    assert all(any("а" <= letter <= "я" for letter in line.lower()) for line in lines)


def test_without_cuda_the_cpu_is_used_and_it_is_said(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert session.start("en", device="cuda").device.type == "cpu"
    (sentence,) = said(capsys)
    assert "CPU" in sentence


def test_a_device_that_is_no_device_is_an_error():
    with pytest.raises(ValueError, match="'gpu'"):
        session.start("en", device="gpu")


@pytest.mark.parametrize("wish", ["argument", "environment"])
def test_without_a_network_the_built_in_data_are_used(capsys, monkeypatch, wish):
    monkeypatch.setattr(voc2012, "ARCHIVE", replace(voc2012.ARCHIVE, urls=(NOWHERE,)))
    if wish == "environment":
        monkeypatch.setenv("COURSE_DATA", "voc2012")
        found = session.start("en", device="cpu")
    else:
        found = session.start("en", device="cpu", data="voc2012")
    assert found.data == "shapes"
    (sentence,) = said(capsys)
    assert "nowhere.invalid: no such address" in sentence


def test_voc_that_is_here_is_used(capsys, tmp_path, shapes_tree):
    shutil.copytree(shapes_tree, tmp_path / "cache" / "voc2012")
    assert session.start("en", device="cpu", data="voc2012").data == "voc2012"
    assert said(capsys) == []


def missing(name):
    raise importlib.metadata.PackageNotFoundError(name)


@pytest.mark.parametrize(
    ("version", "words"),
    [("7.6.5", "7.6.5 is older"), ("6.0", "6.0 is older"), (None, "is not installed")],
)
def test_an_ipywidgets_that_moves_nothing_is_named(capsys, monkeypatch, version, words):
    answer = missing if version is None else lambda name: version
    monkeypatch.setattr(importlib.metadata, "version", answer)
    session.start("en", device="cpu")
    (sentence,) = said(capsys)
    assert words in sentence
    assert "pip install" in sentence


@pytest.mark.parametrize("version", ["7.7.0", "7.7.1", "8.1.5", "10.0a1"])
def test_an_ipywidgets_that_moves_pictures_is_not_mentioned(capsys, monkeypatch, version):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    session.start("en", device="cpu")
    assert said(capsys) == []


def test_a_folder_that_cannot_be_written_is_replaced_for_this_kernel(
    capsys, monkeypatch, tmp_path
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "file" / "cache"))
    session.start("en", device="cpu")
    (sentence,) = said(capsys)
    assert str(tmp_path / "file" / "cache") in sentence
    assert len(scenes.load_scenes("val", 1, size=32).images) == 1


KERNEL = "from course_utils import session; session.start('en', device='cpu'); "
KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
FORKED = "import os\nif not os.fork(): raise SystemExit\nos.wait(); " + KILLED


def kernel(notebook, code="", capsys=None):
    """What a kernel of this notebook says at the start, below the usual three lines."""
    environment = {**os.environ, "JPY_SESSION_NAME": notebook}
    done = subprocess.run(
        [sys.executable, "-c", KERNEL + code], env=environment, capture_output=True, text=True
    )
    return done.stdout.splitlines()[3:]


@pytest.mark.parametrize("end", [KILLED, FORKED])
def test_after_a_killed_kernel_the_next_one_says_so_once(end):
    assert kernel("a.ipynb", end) == []
    (sentence,) = kernel("a.ipynb")
    assert "killed" in sentence
    assert kernel("a.ipynb") == []


def test_a_kernel_that_ended_or_is_another_notebook_s_is_not_mourned():
    assert kernel("a.ipynb") == []
    assert kernel("a.ipynb", KILLED) == []
    assert kernel("b.ipynb") == []


def test_a_kernel_that_still_lives_is_not_called_killed(monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "a.ipynb")
    assert weather.warn_of_a_killed_kernel() is None
    assert kernel("a.ipynb") == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"process": "x"}'])
def test_a_mark_that_makes_no_sense_is_no_kernel(monkeypatch, content):
    monkeypatch.setenv("JPY_SESSION_NAME", "a.ipynb")
    weather.warn_of_a_killed_kernel()
    (mark,) = weather.cache_folder().glob("kernels/*.json")
    mark.write_text(content)
    assert weather.warn_of_a_killed_kernel() is None
    assert json.loads(mark.read_text()) == {"process": os.getpid()}
