"""A run from its settings to its folder: every recipe, cut off and resumed, told in a table."""

import json
import math
import os
import signal

import pytest
import torch
from safetensors.torch import load_file

from course_utils.recipes import run as running
from course_utils.recipes.networks import start_from
from course_utils.recipes.registry import RECIPES
from course_utils.recipes.run import Impossible, Stopped, run


def backbone_of(name):
    return next(iter(RECIPES[name].backbones), "")


def assert_same(one, other, where=""):
    """Bit for bit, through dicts and lists."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            assert_same(one[name], other[name], f"{where}.{name}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for number, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{where}[{number}]")
    else:
        assert one == other, where


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_and_tells_what_it_reached(settings, name, capsys, monkeypatch):
    """The loss on the training images falls: on a fixed batch, before and after."""
    losses = []
    ordinary = running.Training.step

    def one_batch(self, images, truth):
        if not hasattr(self, "batch"):
            self.batch = images, truth
        losses.append(float(ordinary(self, *self.batch)))
        return torch.tensor(losses[-1])

    monkeypatch.setattr(running.Training, "step", one_batch)
    chosen = settings(recipe=name, backbone=backbone_of(name), iterations=12)
    result = run(chosen, quiet=True)
    assert losses[-1] < 0.9 * losses[0]
    table = capsys.readouterr().out
    for quoted in RECIPES[name].quoted:
        assert f"{quoted.mean_jaccard:.1f}" in table
        assert quoted.source in table
    assert f"{result['measured']['pixel_accuracy']:.1f}" in table
    kept = json.loads((chosen.out / "result.json").read_text())
    assert kept == json.loads(json.dumps(result))
    assert (kept["steps"], kept["data"]["val images"], kept["device"]) == (12, 8, "CPU")
    assert len(kept["measured"]["jaccard"]) == 7


@pytest.mark.parametrize("name", ["fcn8s", "unet", "context"])
@pytest.mark.parametrize("steps", [2, 3])
def test_a_run_that_was_cut_off_ends_bit_for_bit(
    settings, cut_off, checkpoint_of, tmp_path, name, steps
):
    """U-Net has batch normalisation, the others dropout; step 3 lies behind a checkpoint."""
    options = {"recipe": name, "backbone": backbone_of(name), "iterations": 5}
    whole = settings(out=tmp_path / "whole", **options)
    run(whole, quiet=True)
    cut = settings(out=tmp_path / "cut", **options)
    cut_off(cut, steps)
    assert checkpoint_of(cut.out)["training"]["step_number"] == 2
    run(cut, resume=True, quiet=True)
    assert_same(checkpoint_of(whole.out)["training"], checkpoint_of(cut.out)["training"])
    assert_same(load_file(whole.out / "weights.safetensors"),
                load_file(cut.out / "weights.safetensors"))  # fmt: skip


def test_workers_change_nothing(settings, checkpoint_of, tmp_path):
    for workers in (0, 2):
        run(settings(out=tmp_path / str(workers), workers=workers), quiet=True)
    alone, helped = (checkpoint_of(tmp_path / each)["training"] for each in ("0", "2"))
    assert_same(alone, helped)


def test_another_seed_ends_elsewhere(settings, checkpoint_of, tmp_path):
    for seed in (1, 2):
        run(settings(out=tmp_path / str(seed), seed=seed), quiet=True)
    one, two = (checkpoint_of(tmp_path / each)["training"]["network"] for each in ("1", "2"))
    assert not torch.equal(one["scores.32.weight"], two["scores.32.weight"])


def test_an_interrupted_run_is_kept_and_goes_on(settings, checkpoint_of, tmp_path, monkeypatch):
    ordinary, before = running.Training.step, signal.getsignal(signal.SIGINT)

    def step(self, images, truth):
        loss = ordinary(self, images, truth)
        if self.step_number == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return loss

    cut = settings(out=tmp_path / "cut")
    with monkeypatch.context() as patch:
        patch.setattr(running.Training, "step", step)
        with pytest.raises(Stopped, match="behind step 1"):
            run(cut, quiet=True)
    assert signal.getsignal(signal.SIGINT) is before
    run(cut, resume=True, quiet=True)
    whole = settings(out=tmp_path / "whole")
    run(whole, quiet=True)
    assert_same(checkpoint_of(whole.out)["training"], checkpoint_of(cut.out)["training"])


def test_a_finished_run_resumed_measures_again_and_trains_no_more(settings, checkpoint_of):
    chosen = settings()
    first = run(chosen, quiet=True)
    again = run(chosen, resume=True, quiet=True)
    assert again["measured"] == first["measured"]
    assert again["steps"] == first["steps"] == 4


def test_a_run_is_not_overwritten_and_its_settings_are_held_to(settings, capsys):
    run(settings(), quiet=True)
    with pytest.raises(Impossible, match="--resume"):
        run(settings(), quiet=True)
    with pytest.raises(Impossible, match="seed = 1, now it is 7"):
        run(settings(seed=7), resume=True, quiet=True)
    run(settings(workers=1, evaluate_every=1), resume=True, quiet=True)


def test_without_a_checkpoint_resume_says_so_and_begins(settings, capsys):
    assert run(settings(), resume=True, quiet=True)["steps"] == 4
    assert "No checkpoint in" in capsys.readouterr().err


def test_it_is_measured_on_the_way(settings, capsys):
    result = run(settings(iterations=13, evaluate_every=1), quiet=True)
    assert [one["step"] for one in result["measured on the way"]] == [6, 12]  # 12 images
    assert "Step 6: pixel accuracy" in capsys.readouterr().err


def test_8s_starts_with_the_answers_of_16s(settings, tmp_path):
    coarse = settings(recipe="fcn16s", out=tmp_path / "16s")
    measured = run(coarse, quiet=True)["measured"]
    fine = settings(out=tmp_path / "8s", start=coarse.out, iterations=1, learning_rate=1e-12)
    result = run(fine, quiet=True)
    assert result["measured"] == measured
    assert result["settings"]["start"] == str(coarse.out)


def test_who_starts_from_a_run_needs_no_weights_of_imagenet(settings, tmp_path, monkeypatch):
    def unavailable(weights):
        raise AssertionError

    coarse = settings(recipe="fcn16s", out=tmp_path / "16s")
    run(coarse, quiet=True)
    monkeypatch.setattr(running, "load_weights", unavailable)
    run(settings(weights="imagenet", start=coarse.out), quiet=True)


def test_weights_of_another_network_are_no_start(settings, tmp_path):
    other = settings(recipe="front-end", out=tmp_path / "front")
    run(other, quiet=True)
    with pytest.raises(ValueError, match="FCN can start from"):
        run(settings(start=other.out), quiet=True)
    with pytest.raises(Impossible, match="No weights to start from"):
        run(settings(start=tmp_path / "nowhere"), quiet=True)
    net = RECIPES["context"].build(7, backbone="vgg16", width=8, weights=None)
    with pytest.raises(ValueError, match="of this width"):
        start_from(net, load_file(other.out / "weights.safetensors"))


def test_a_loss_that_is_no_number_stops_the_run(settings):
    with pytest.raises(FloatingPointError, match="finite loss"):
        run(settings(learning_rate=1e12, iterations=20), quiet=True)


def test_real_photographs_of_unequal_sizes(settings, voc_sample, tmp_path):
    """Train and val are the same seven; measured in their own sizes."""
    root = tmp_path / "voc"
    folder = root / "VOCdevkit" / "VOC2012"
    theirs = voc_sample / "VOCdevkit" / "VOC2012"
    folder.mkdir(parents=True)
    for part in ("JPEGImages", "SegmentationClass"):
        (folder / part).symlink_to(theirs / part)
    lists = folder / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    names = (theirs / "ImageSets" / "Segmentation" / "val.txt").read_text()
    for image_set in ("train", "val"):
        (lists / f"{image_set}.txt").write_text(names)
    result = run(settings(data="voc", root=root, size=96), quiet=True)
    assert len(result["measured"]["jaccard"]) == 21
    assert 0 <= result["measured"]["mean_jaccard"] <= 100
    absent = [v for v in result["measured"]["jaccard"].values() if v is None]
    assert absent
    assert not any(isinstance(v, float) and math.isnan(v) for v in absent)
