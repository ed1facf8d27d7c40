"""The ledger keeps every attempt, whatever happens to the program."""

import os
import signal
import subprocess
import sys

from course_utils.teaching.grading.ledger import Ledger


def test_an_attempt_goes_from_begun_to_recorded(tmp_path):
    with Ledger(tmp_path / "deep" / "ledger.db").closing() as ledger:
        first = ledger.begin("anna", "d1")
        assert ledger.latest()["anna"].stage == "begun"
        ledger.judged(first, "crashed", "why", 1.5)
        assert (ledger.latest()["anna"].state, ledger.latest()["anna"].reason) == (
            "crashed",
            "why",
        )
        ledger.recorded(first)
        second = ledger.begin("anna", "d2")
        assert ledger.latest()["anna"].id == second
        assert [attempt.stage for attempt in ledger.attempts("anna")] == ["recorded", "begun"]


def test_only_what_was_under_way_is_lost(tmp_path):
    with Ledger(tmp_path / "ledger.db").closing() as ledger:
        for student in ("anna", "oleg", "vera"):
            ledger.begin(student, "d")
        ledger.judged(2, "graded", "", 1)
        ledger.judged(3, "graded", "", 1)
        ledger.recorded(3)
        assert ledger.lose_begun() == 1
        stages = {student: last.stage for student, last in ledger.latest().items()}
        assert stages == {"anna": "lost", "oleg": "judged", "vera": "recorded"}


def test_what_was_said_survives_a_kill(tmp_path):
    code = (
        "import sys, pathlib, time\n"
        "from course_utils.teaching.grading.ledger import Ledger\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]))\n"
        "for number in range(10**6):\n"
        "    ledger.judged(ledger.begin(str(number), 'd'), 'graded', '', 1)\n"
        "    print(number, flush=True)\n"
    )
    path = tmp_path / "ledger.db"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        for _line in range(20):
            said = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
    with Ledger(path).closing() as ledger:
        latest = ledger.latest()
    assert all(latest[str(number)].stage == "judged" for number in range(said + 1))
