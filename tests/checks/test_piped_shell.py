"""A command through a pipe: what it says, how it ended, and that an interrupt ends it."""

import os
import signal
import threading
import time

import pytest

from course_utils.checks import piped_shell
from course_utils.checks.piped_shell import load_ipython_extension, run


def test_what_it_says_comes_in_order_and_the_exit_code_with_it(capsys):
    assert run("echo out; echo err >&2; exit 5") == 5
    assert capsys.readouterr().out == "out\nerr\n"


def test_bytes_that_are_no_text_do_not_stop_it(capsys):
    assert run(r"printf '\377\n'") == 0
    assert capsys.readouterr().out == "\ufffd\n"


def test_an_interrupt_ends_the_command_and_what_it_started(tmp_path):
    mark = tmp_path / "pid"
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        run(f"sleep 600 & echo $! > {mark}; wait")
    started = int(mark.read_text())
    end = time.monotonic() + 30
    while time.monotonic() < end:
        state = _state(started)
        if state in ("", "Z"):
            return
        time.sleep(0.05)
    raise AssertionError(f"The command's child lives on: {state}")


def _state(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(") ", 1)[1][0]
    except OSError:
        return ""


class Shell:
    system = None


def test_where_there_are_terminals_nothing_is_replaced(monkeypatch):
    shell = Shell()
    monkeypatch.setattr(piped_shell, "_has_terminals", lambda: True)
    load_ipython_extension(shell)
    assert shell.system is None
