"""The command line as a stranger meets it."""

import subprocess
import sys

import pytest
import torch

from course_utils import i18n
from course_utils.data.scenes import Unavailable
from course_utils.recipes import command
from course_utils.recipes import run as running
from course_utils.recipes.command import main
from course_utils.recipes.registry import RECIPES


@pytest.fixture(autouse=True)
def _english():
    with i18n.speaking("en"):
        yield


@pytest.fixture
def told(monkeypatch):
    """Options -> the settings that the run would have got."""

    def of(*options):
        got = []
        monkeypatch.setattr(command, "run", lambda settings, resume: got.append(settings))
        assert main(options) == 0
        return got[0]

    return of


def refused(capsys, *options):
    with pytest.raises(SystemExit) as stop:
        main(options)
    assert stop.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_the_list_has_every_recipe_with_batch_steps_and_figure(capsys):
    assert main(["list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    for recipe in RECIPES.values():
        line = lines[recipe.name]
        assert f" {recipe.batch} " in line
        assert f" {recipe.iterations} " in line
        assert all(str(quoted.mean_jaccard) in line for quoted in recipe.quoted)


def test_a_real_command_trains_resumes_and_prints_the_table(shapes_tree, tmp_path, capsys):
    options = ["fcn32s", "--data", "shapes", "--root", str(shapes_tree), "--width", "2",
        "--out", str(tmp_path / "run"), "--size", "64", "--batch-size", "2", "--iterations",
        "3", "--workers", "0", "--device", "cpu", "--precision", "float32"]  # fmt: skip
    command = [sys.executable, "-m", "course_utils.recipes", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mean Jaccard" in done.stdout
    assert "59.4" in done.stdout
    assert "fcn32s (vgg16) on ShapesVOC: 12 images, 3 steps of 2 crops" in done.stderr
    assert main(options) == 1
    again = capsys.readouterr()
    assert again.out == ""
    assert again.err.strip().splitlines()[-1].startswith("There is a run in")
    assert main([*options, "--resume"]) == 0
    assert capsys.readouterr().out == done.stdout


def test_defaults_go_with_the_data(told):
    voc, drawn = told("fcn8s", "--data", "voc"), told("fcn8s", "--data", "shapes")
    assert (voc.weights, voc.width, voc.size) == ("imagenet", 64, 480)
    assert (voc.batch, voc.iterations) == (16, 10_000)
    assert (drawn.weights, drawn.width, drawn.size, drawn.batch) == ("none", 16, 128, 8)
    assert voc.out != drawn.out
    assert told("unet", "--data", "voc").weights == "none"
    resnet = told("fcn8s", "--data", "shapes", "--backbone", "resnet18")
    assert (resnet.backbone, resnet.width) == ("resnet18", 64)
    assert told("fcn8s", "--data", "shapes", "--weights", "imagenet").width == 64


def test_options_reach_the_run(told, tmp_path):
    got = told("front-end", "--iterations", "7", "--batch-size", "3", "--size", "96", "--seed",
        "5", "--workers", "0", "--out", str(tmp_path), "--device", "cpu", "--sbd")  # fmt: skip
    assert (got.iterations, got.batch, got.size, got.seed, got.workers) == (7, 3, 96, 5, 0)
    assert (got.out, got.device, got.sbd) == (tmp_path, "cpu", True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["fcn4s"], "invalid choice: 'fcn4s'"),
        (["unet", "--data", "coco"], "invalid choice: 'coco'"),
        (["unet", "--batch-size", "0"], "expected a whole number of at least 1, got '0'"),
        (["unet", "--iterations", "many"], "expected a whole number of at least 1, got 'many'"),
        (["unet", "--size", "8"], "expected at least 32 pixels, got '8'"),
        (["unet", "--learning-rate", "-1"], "expected a number above 0"),
        (["unet", "--learning-rate", "nan"], "expected a number above 0"),
        (["unet", "--device", "tpu"], "expected cpu, cuda, got 'tpu'"),
        (["unet", "--backbone", "vgg16"], "backbone of unet (none)"),
        (["front-end", "--backbone", "resnet50"], "backbone of front-end (vgg16)"),
        (["unet", "--weights", "imagenet"], "unet has no classifier inside"),
        (["fcn8s", "--width", "16"], "--width 64 with ImageNet's weights"),
        (["fcn8s", "--backbone", "resnet18", "--width", "16"], "as ResNets have"),
        (["fcn8s", "--data", "shapes", "--sbd"], "--sbd beside --data voc"),
    ],
)
def test_bad_input_is_one_clear_line(capsys, options, words):
    assert words in refused(capsys, *options)


def test_without_imagenets_weights_one_line_and_no_training(
    shapes_tree, tmp_path, capsys, monkeypatch
):
    def unavailable(weights):
        raise Unavailable("A sentence.", "no network")

    monkeypatch.setattr(running, "load_weights", unavailable)
    options = ["fcn8s", "--root", str(shapes_tree), "--out", str(tmp_path / "run")]
    assert main([*options, "--backbone", "resnet18"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    last = told.err.strip().splitlines()[-1]
    assert last == (
        "ImageNet's weights of resnet18 can't be had (no network). Without them: "
        "--weights none trains from random ones."
    )
    assert not (tmp_path / "run").exists()
    small = ["--weights", "none", "--width", "2", "--size", "32", "--iterations", "1",
             "--batch-size", "1", "--workers", "0", "--device", "cpu"]  # fmt: skip
    assert main([*options, *small]) == 0


def test_a_device_that_is_not_there_is_said(shapes_tree, tmp_path, capsys):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    options = ["unet", "--data", "shapes", "--device", "cuda", "--out", str(tmp_path / "run")]
    assert main(options) == 1
    assert 'Try "cpu"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), 1, "The network itself does not fit"),
        (KeyboardInterrupt(), 130, "what was kept last"),
        (running.Stopped("Stopped."), 130, "Stopped."),
        (FloatingPointError("Expected a finite loss"), 1, "Expected a finite loss"),
    ],
)
def test_an_end_before_time_has_a_line_and_a_code(monkeypatch, capsys, error, code, words):
    def run(settings, resume):
        raise error

    monkeypatch.setattr(command, "run", run)
    assert main(["unet", "--data", "shapes"]) == code
    assert words in capsys.readouterr().err


def test_help_speaks_the_chosen_language(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_LANGUAGE", "ru")
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "обуч" in capsys.readouterr().out
