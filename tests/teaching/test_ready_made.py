"""What gives an exercise away is found by trying, and the kept lists hold all of it."""

import os
import time

import pytest
import torch

from course_utils.checks.banned import covers
from course_utils.checks.exercise import assignment
from course_utils.teaching import ready_made_trial
from course_utils.teaching.ready_made import found, kept_file, of_modules
from course_utils.teaching.ready_made_questions import QUESTIONS

# The likeliest; `python -m course_utils.teaching.ready_made` goes through all there are.
LIKELY = (
    *("torch.special", "torch.nn.grad", "torch._C._nn", "torch._decomp.decompositions"),
    *("scipy.special", "scipy.spatial.distance", "sklearn.metrics"),
)
KNOWN = {
    "softmax": "scipy.special.softmax",
    "cross_entropy": "torch._C._nn.cross_entropy_loss",
    "pixel_accuracy": "sklearn.metrics.accuracy_score",
    "jaccard": "scipy.spatial.distance.jaccard",
    "replicate": "torch._decomp.decompositions.adaptive_avg_pool2d",
    "upsample_bilinear": "torch._decomp.decompositions.upsample_bilinear2d",
    "up_convolution": "torch.nn.grad.conv2d_input",
    "dilated_convolution": "torch._C._nn.slow_conv_dilated2d",
}


@pytest.mark.slow
def test_the_exercises_ban_whatever_a_search_finds():
    right = found(of_modules(LIKELY))
    for exercise, known in KNOWN.items():
        assert known in right[exercise]
    for exercise, names in right.items():
        bans = assignment(QUESTIONS[exercise].assignment)[exercise].bans
        banned = [name for ban in bans for name in ban.names]
        assert [name for name in names if not covers(banned, name)] == []


@pytest.mark.parametrize("exercise", QUESTIONS)
def test_a_kept_list_is_sorted_and_banned(exercise):
    names = kept_file(QUESTIONS[exercise]).read_text(encoding="utf-8").split()
    assert names == sorted(set(names))
    bans = assignment(QUESTIONS[exercise].assignment)[exercise].bans
    assert all(any(covers(ban.names, name) for ban in bans) for name in names)


def change(scores, *_more):
    scores.zero_()


HOSTILE = {
    "ends": lambda *_a: os._exit(0),
    "crashes": lambda *_a: os.abort(),
    "hangs": lambda *_a: time.sleep(60),
    "raises": lambda *_a: 1 / 0,
    "changes": change,
    "settings": lambda *_a: torch.set_default_dtype(torch.float64),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_no_function_stops_the_search_or_spoils_it(what, monkeypatch):
    monkeypatch.setattr(ready_made_trial, "_SILENT", 3)
    candidates = {"before": torch.softmax, what: HOSTILE[what], "z.after": torch.log_softmax}
    assert found(candidates, ["softmax"]) == {"softmax": ["before", "z.after"]}


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_search_goes_on_behind_what_is_done(tmp_path, jobs):
    progress = tmp_path / "done.txt"
    candidates = {"a": torch.softmax, "b": torch.exp, "b.again": torch.exp, "c": os.abort}
    names = {"softmax": ["a"], "cross_entropy": []}
    assert found(candidates, [*names], jobs=jobs, progress=progress) == names
    assert sorted(progress.read_text().splitlines()) == ["a softmax", "b", "c"]
    candidates |= {"a": lambda *_a: 0, "d": torch.log_softmax}  # what is done is not done again
    names["softmax"].append("d")
    assert found(candidates, [*names], jobs=jobs, progress=progress) == names
    assert progress.read_text().count("\n") == 4


def test_what_functions_log_is_left_nowhere(tmp_path, monkeypatch):
    config = pytest.importorskip("torch._dynamo.config")
    monkeypatch.setattr(config, "debug_dir_root", str(tmp_path / "torch_compile_debug"))

    def logs(*_anything):
        os.makedirs(os.path.join(config.debug_dir_root, "run"))
        return torch.softmax(*_anything)

    assert found({"logs": logs}, ["softmax"]) == {"softmax": ["logs"]}
    assert not list(tmp_path.iterdir())
