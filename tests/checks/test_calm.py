"""The limit of a call counts what the call computes; waiting ends by the clock on the wall."""

import io
import os
import sys
import time
from contextlib import suppress

import pytest
import torch

from course_utils import clock
from course_utils.checks.calm import descriptors_away
from course_utils.checks.probing import Caller, observe_call, probe_cases
from course_utils.clock import TimeIsUp, time_limit


def compute_for(seconds):
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass


def test_code_that_computes_too_long_is_stopped():
    with pytest.raises(TimeIsUp, match=r"0\.2 s"), time_limit(0.2):
        compute_for(60)


def test_code_that_swallows_the_first_alarm_is_stopped_all_the_same():
    stops = []

    def stubborn():
        while True:
            try:
                compute_for(60)
            except TimeIsUp:
                stops.append(1)
                if len(stops) == 3:
                    raise

    with pytest.raises(TimeIsUp), time_limit(0.1):
        stubborn()


def test_who_swallows_it_and_ends_at_once_was_too_slow_all_the_same():
    with pytest.raises(TimeIsUp), time_limit(0.1), suppress(TimeIsUp):
        compute_for(60)
    with time_limit(60):
        compute_for(0.01)


def test_a_busy_machine_fails_nobody(monkeypatch):
    """Other programs take the processor: much time passes, little is computed."""
    real = time.process_time
    start = real()
    monkeypatch.setattr(clock.time, "process_time", lambda: start + (real() - start) / 10)
    monkeypatch.setattr(clock, "_WALL", 1000)
    with time_limit(0.2):
        end = time.monotonic() + 0.6
        while time.monotonic() < end:
            pass


def test_code_that_waits_for_ever_is_stopped():
    with pytest.raises(TimeIsUp), time_limit(0.1):
        time.sleep(60)


def test_afterwards_nothing_rings():
    with time_limit(0.1):
        pass
    time.sleep(0.3)


def test_an_import_does_not_count(tmp_path, monkeypatch):
    """A library that computes as it is imported, for longer than the limit."""
    (tmp_path / "slow_library.py").write_text(
        "import time\nstart = time.process_time()\n"
        "while time.process_time() - start < 0.6:\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(clock, "_WALL", 1000)  # a machine may do much besides
    with time_limit(0.2):
        import slow_library

        compute_for(0.05)
    assert slow_library.start
    with pytest.raises(TimeIsUp), time_limit(0.2):
        compute_for(60)


def test_an_import_that_never_ends_is_stopped(tmp_path, monkeypatch):
    (tmp_path / "endless_library.py").write_text("while True:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TimeIsUp), time_limit(0.1):
        import endless_library  # noqa: F401


class Slow(io.StringIO):
    """A notebook's stream, which takes a while to empty."""

    flushed = 0

    def flush(self):
        self.flushed += 1


def test_streams_are_emptied_once_for_all_cases_of_a_check(monkeypatch):
    slow = Slow()
    monkeypatch.setattr(sys, "stdout", slow)

    def noisy(x):
        os.write(1, b"from C")
        return x

    caller = Caller(noisy, seconds=5)
    cases = [({"x": torch.ones(1)}, ()) for _case in range(10)]
    found = probe_cases(observe_call, caller, cases)
    assert [item.trouble for item in found] == [None] * 10
    assert slow.flushed == 1


def test_descriptors_are_back_after_the_outer_block(capfd):
    with descriptors_away():
        with descriptors_away():
            os.write(1, b"inner")
        os.write(1, b"outer")
    os.write(1, b"after")
    with descriptors_away():
        os.write(2, b"again")
    assert capfd.readouterr() == ("after", "")


def test_descriptors_are_back_after_an_error(capfd):
    with pytest.raises(KeyError), descriptors_away():
        raise KeyError
    os.write(1, b"after")
    assert capfd.readouterr().out == "after"
