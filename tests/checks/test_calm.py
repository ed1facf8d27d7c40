"""The limit of a call counts what the call computes; waiting ends by the clock on the wall."""

import time

import pytest

from course_utils.checks import calm
from course_utils.checks.calm import TimeIsUp, time_limit


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


def test_a_busy_machine_fails_nobody(monkeypatch):
    """Other programs take the processor: much time passes, little is computed."""
    real = time.process_time
    start = real()
    monkeypatch.setattr(calm.time, "process_time", lambda: start + (real() - start) / 10)
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
