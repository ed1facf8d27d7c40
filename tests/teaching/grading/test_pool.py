"""Workers: who ended one is known, and nobody else is touched."""

import os
import signal
import threading
import time
from functools import partial

import psutil
import pytest

from course_utils.teaching.grading.pool import Pool, TookTooLong, WorkerEnded

KB = 1000
HAND_INS = 40


def run(bound, code):
    """What the code finds; `bound` is what it was told once."""
    return eval(code, {"bound": bound, "killed_in_the_middle": killed_in_the_middle})


def killed_in_the_middle(_size=2**20):
    """A reply during which its process is killed: the pipe takes a fraction of it at once."""

    class Reply:
        def __reduce__(self):
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
            return bytes, (bytes(2**28),)

    return Reply()


def outcomes(pool, codes):
    return {
        key: error or result
        for key, result, error in pool.each_done((code, (code,)) for code in codes)
    }


@pytest.fixture
def pool():
    with Pool(partial(run, "told once"), jobs=2, seconds=60) as made:
        yield made


@pytest.mark.parametrize(
    "ends",
    [
        "__import__('os')._exit(0)",
        "__import__('os')._exit(1)",
        "__import__('os').kill(__import__('os').getpid(), 9)",
        "killed_in_the_middle()",
    ],
)
def test_who_ends_a_worker_is_named_and_takes_nobody_along(pool, ends):
    calls = [ends, "'first'", ends + " or 2", "'second'", "bound"]
    found = outcomes(pool, calls)
    assert found.pop("bound") == "told once"
    assert (found.pop("'first'"), found.pop("'second'")) == ("first", "second")
    assert {type(error) for error in found.values()} == {WorkerEnded}


def test_a_worker_killed_while_it_waited_costs_no_call(pool):
    (first,) = outcomes(pool, ["__import__('os').getpid()"]).values()
    os.kill(first, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first)] if psutil.pid_exists(first) else [], 20)
    assert outcomes(pool, ["1 + 1", "2 + 2"]) == {"1 + 1": 2, "2 + 2": 4}


def test_who_has_no_answer_in_time_is_ended():
    with Pool(partial(run, None), jobs=2, seconds=2) as pool:
        found = outcomes(pool, ["__import__('time').sleep(600)", "__import__('os').getpid()"])
    assert isinstance(found["__import__('time').sleep(600)"], TookTooLong)
    assert isinstance(found["__import__('os').getpid()"], int)


def test_errors_come_back_as_they_were_raised(pool):
    found = outcomes(pool, ["1 / 0", "open('/nowhere/at/all')"])
    assert isinstance(found["1 / 0"], ZeroDivisionError)
    assert isinstance(found["open('/nowhere/at/all')"], FileNotFoundError)


def test_what_can_not_be_sent_is_said(pool):
    (error,) = outcomes(pool, ["lambda: 0"]).values()
    assert isinstance(error, RuntimeError)
    assert "pickle" in str(error)


def test_calls_run_in_the_main_thread_of_few_processes_that_stay(pool):
    code = "(__import__('os').getpid(), __import__('threading').current_thread().name, {})"
    found = outcomes(pool, [code.format(number) for number in range(20)])
    assert len({process for process, _thread, _number in found.values()}) <= 2
    assert {thread for _process, thread, _number in found.values()} == {"MainThread"}


def test_nothing_is_left_of_workers_that_had_work():
    with Pool(partial(run, None), jobs=2) as pool:
        calls = ((str(n), ("__import__('time').sleep(600)",)) for n in range(2))
        main = threading.main_thread().ident
        threading.Timer(1.0, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            list(pool.each_done(calls))
        workers = [psutil.Process(worker._process.pid) for worker in pool._workers]
        place = pool._place.name
    _gone, alive = psutil.wait_procs(workers, 20)
    assert (alive, os.path.exists(place)) == ([], False)


def test_the_next_call_is_asked_for_only_when_there_is_room():
    """However large the class is, and however slowly answers are taken."""
    asked, ahead = [], []

    def given():
        for number in range(HAND_INS):
            asked.append(number)
            yield str(number), (repr(os.urandom(20 * KB)),)

    with Pool(partial(run, None), jobs=2) as pool:
        for done, _outcome in enumerate(pool.each_done(given())):
            ahead.append(len(asked) - done)
            time.sleep(0.02)
    assert len(ahead) == HAND_INS
    assert max(ahead) <= 3 * 2
