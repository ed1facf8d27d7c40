"""The harness of the benchmarks: ratios, a topic's own section, memory of a fresh process."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import bench_against
from benchmarks.harness import ROOT, Result, faster, in_fresh_process, interleaved, price
from benchmarks.other_tree import REVISION, checked_out
from benchmarks.results import put_section, section


def test_the_ways_run_in_turn_and_the_warm_up_is_not_counted():
    order = []
    ways = [lambda: order.append("a"), lambda: order.append("b")]
    seconds = interleaved(ways, rounds=3, warmup=1, before=lambda: order.append("-"))
    assert "".join(order) == "-a-b" * 4
    assert [len(taken) for taken in seconds] == [3, 3]
    assert all(second >= 0 for taken in seconds for second in taken)


def test_the_value_is_the_median_of_the_rounds_ratios():
    ours, theirs = [1.0, 2.0, 1.0], [3.0, 10.0, 4.0]
    quick = faster("x", ours, theirs, target=4)
    assert (quick.value, quick.target, quick.met) == ("4×", "at least 4×", True)
    assert quick.detail == "1e+03 ms against 4e+03 ms"
    dear = price("x", theirs, ours, target=3.5)
    assert (dear.value, dear.target, dear.met) == ("4×", "at most 3.5×", False)
    assert faster("x", [1.0], [2.0]).met is None


def test_a_topic_replaces_its_own_section_alone(tmp_path):
    path = tmp_path / "RESULTS.md"
    told = {"command": "make", "seconds": 1.0, "load": 0.5}
    put_section(path, "zebra", section("zebra", "Z", [Result("old z", "1×")], **told))
    put_section(path, "ant", section("ant", "A", [Result("an a", "2×", met=False)], **told))
    before = path.read_text()
    put_section(path, "zebra", section("zebra", "Z", [Result("new z", "3×")], **told))
    after = path.read_text()
    assert before.split("## zebra")[0] == after.split("## zebra")[0]
    assert "| an a | 2× |  |  | **missed** |  |" in after
    assert "new z" in after
    assert "old z" not in after
    assert after.index("## ant") < after.index("## zebra")
    assert after.count("# What was measured") == 1


def test_a_fresh_process_gives_its_own_peak_and_its_answer():
    small = in_fresh_process("answer = 1 + 1")
    large = in_fresh_process("held = b'x' * 200_000_000")
    assert small["answer"] == 2
    assert 190 < large["peak_mb"] - small["peak_mb"] < 260
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        in_fresh_process("1 / 0")


# Starts a program of its own, which computes for half a second when its parent has ended.
LEAVES_WORK = r"""
import subprocess, sys
code = "import time\nwhile time.process_time() < 0.5: pass"
subprocess.Popen([sys.executable, "-c", code])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="how Linux counts")
def test_what_a_program_leaves_behind_is_counted_too():
    code = f"""
import sys
from pathlib import Path
from benchmarks.bench_against import cost
(answer, _wall), _said = cost([sys.executable, "-c", {LEAVES_WORK!r}], Path("/"))
"""
    assert in_fresh_process(code)["answer"] >= 0.5


def test_without_a_revision_nothing_is_compared(monkeypatch):
    monkeypatch.delenv(REVISION, raising=False)
    assert bench_against.run() == []


def test_a_revision_that_is_none_is_named():
    with pytest.raises(RuntimeError, match="no-such-revision"), checked_out("no-such-revision"):
        pass


@pytest.mark.slow
def test_another_revision_has_its_own_package_and_leaves_nothing():
    def package(python):
        code = "import course_utils; print(course_utils.__file__)"
        command = [python, "-c", code]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
        return Path(done.stdout.strip()).parents[1]

    with checked_out("HEAD") as tree:
        assert package(tree.python) == tree.root != ROOT
        assert package(sys.executable) == ROOT
    assert not tree.root.parent.exists()
