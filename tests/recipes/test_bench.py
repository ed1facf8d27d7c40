"""The benchmark against torchvision: what it does on a GPU, done small on the CPU."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import bench_recipes
from course_utils.recipes.pictures import load_pictures

pytestmark = pytest.mark.slow  # two ResNet-50 on a CPU


def test_without_a_gpu_the_table_says_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (row,) = bench_recipes.run()
    assert row.value == "not measured"
    assert row.detail == "no GPU was at hand"


def test_speed_and_jaccard_are_of_both_ways(shapes_tree, monkeypatch):
    monkeypatch.setattr(bench_recipes, "SMALL", 64)
    speed = bench_recipes._speed("cpu", bench_recipes._random_batch(2, 64), rounds=1)
    ratio = float(speed[0].value.rstrip("×"))
    ours, theirs = map(float, speed[1].value.split(" against "))
    assert ratio == pytest.approx(ours / theirs, rel=0.02)
    pictures = load_pictures("shapes", root=shapes_tree)
    (row,) = bench_recipes._reached("cpu", pictures, steps=1, batch=2)
    assert all(0 <= float(part) <= 100 for part in row.value.rstrip(" %").split(" against "))


@pytest.mark.parametrize("way", ["_ours", "_theirs"])
def test_both_ways_learn(way):
    """The loss of a batch after some steps on it is below that before."""
    network, step, _placement = getattr(bench_recipes, way)("cpu", 21, 1000)
    images, truth = bench_recipes._random_batch(2, 64)
    truth[:] = 4
    answers = network if way == "_ours" else bench_recipes._Out(network)

    def loss():
        network.train()
        with torch.no_grad():
            return float(torch.nn.functional.cross_entropy(answers(images), truth))

    before = loss()
    for _step in range(3):
        step(images, truth)
    assert loss() < before
