"""What tests share: one thread, real material where it is at hand, a small drawn tree."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from course_utils.teaching.programs import find_own_programs_first

REPOSITORY = Path(__file__).parents[1]

# `make test` tries the same examples each time, so that it fails for a change and not by
# chance; `make test-all` looks for new ones.
settings.register_profile("repeatable", derandomize=True, database=None)
if not os.environ.get("COURSE_TEST_ALL"):
    settings.load_profile("repeatable")


def pytest_collection_modifyitems(items):
    """Skip what grades, with the reason, where this machine can't make a sandbox."""
    grading = [item for item in items if item.get_closest_marker("needs_sandbox")]
    if not grading:
        return
    from course_utils.teaching.sandbox.bubblewrap import SandboxUnavailable, require

    try:
        require()
    except SandboxUnavailable as error:
        for item in grading:
            item.add_marker(pytest.mark.skip(reason=str(error)))


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Tests run side by side; each with its own threads would slow them all down.

    The same for the programs that they start.
    """
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(autouse=True, scope="session")
def _programs_of_this_environment():
    """As in an activated environment: stock nbgrader looks for alembic in PATH."""
    find_own_programs_first()


@pytest.fixture(scope="session")
def voc_sample() -> Path:
    """A folder with real photographs and masks in VOC's layout, as VOCSegmentation takes it."""
    return _shared("voc_sample")


@pytest.fixture(scope="session")
def imagenet_net() -> Path:
    """The weights of a SqueezeNet 1.0 trained on ImageNet, a .pth file."""
    return _shared("imagenet_net") / "squeezenet1_0.pth"


@pytest.fixture(scope="session")
def shapes_tree(tmp_path_factory) -> Path:
    """A small ShapesVOC: 12 scenes to train on, 8 to validate, 64 x 80. Read it only."""
    from course_utils.data.shapes_voc import make_shapes_voc

    root = tmp_path_factory.mktemp("shapes_voc")
    return make_shapes_voc(root, train=12, val=8, size=(64, 80), seed=3)


def _shared(name: str) -> Path:
    for place in (REPOSITORY, REPOSITORY.parent):
        if (place / "shared" / name).is_dir():
            return place / "shared" / name
    pytest.skip(f"{name} is not at hand")
