"""A short run on the small drawn tree: narrow networks, 64-pixel crops, two images a step."""

from dataclasses import replace

import pytest
import torch

from course_utils.recipes import run as running
from course_utils.recipes.run import Settings

SHORT = {
    "data": "shapes", "backbone": "vgg16", "weights": "none", "width": 4, "size": 64,
    "batch": 2, "iterations": 4, "learning_rate": 0.02, "seed": 1, "device": "cpu",
    "precision": "float32", "workers": 0, "evaluate_every": 0, "checkpoint_every": 2,
}  # fmt: skip


@pytest.fixture
def settings(shapes_tree, tmp_path):
    """Settings of a run into a folder of its own; changed by keywords."""
    first = Settings(recipe="fcn8s", root=shapes_tree, out=tmp_path / "run", **SHORT)

    def of(**changes):
        return replace(first, **changes)

    return of


@pytest.fixture
def cut_off(monkeypatch):
    """Runs as though the machine went away: nothing is done after so many steps."""

    class Gone(BaseException):
        pass

    def run_until(settings, steps, **options):
        ordinary = running.Training.step

        def step(self, images, truth):
            if self.step_number == steps:
                raise Gone
            return ordinary(self, images, truth)

        with monkeypatch.context() as patch:
            patch.setattr(running.Training, "step", step)
            with pytest.raises(Gone):
                running.run(settings, quiet=True, **options)

    return run_until


@pytest.fixture
def checkpoint_of():
    return lambda folder: torch.load(folder / "checkpoint.pt", weights_only=True)
