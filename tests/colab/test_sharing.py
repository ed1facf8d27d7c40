"""The emulated Colab is made once in a run and used by one at a time."""

import threading
import time

import pytest

from tests.colab import emulation


@pytest.fixture
def made(monkeypatch):
    """What was done with a machine that is none, in order."""
    steps = []

    def make(root, _course, _files):
        steps.append("made")
        root.mkdir()
        time.sleep(0.05)

    monkeypatch.setattr(emulation, "make", make)
    monkeypatch.setattr(emulation.Colab, "as_after_a_restart", lambda self: self)
    return steps


def test_made_once_and_used_in_turn(made, tmp_path):
    def use():
        with emulation.machine(tmp_path, None, {}) as colab:
            made.append("in")
            time.sleep(0.02)
            made.append("out")
            assert colab.root == tmp_path / "colab"

    workers = [threading.Thread(target=use) for _worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert made == ["made", *["in", "out"] * 4]


def test_one_that_was_cut_off_is_made_anew(made, tmp_path):
    (tmp_path / "colab" / "half").mkdir(parents=True)
    with emulation.machine(tmp_path, None, {}):
        assert not (tmp_path / "colab" / "half").exists()


def test_where_none_can_be_had_nobody_tries_again(monkeypatch, tmp_path):
    tries = []

    def make(*_anything):
        tries.append(1)
        pytest.skip("no IPython 7.34 here")

    monkeypatch.setattr(emulation, "make", make)
    for _user in range(2):
        with pytest.raises(pytest.skip.Exception, match=r"7\.34"):
            emulation.machine(tmp_path, None, {}).__enter__()
    assert tries == [1]
