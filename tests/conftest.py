"""What tests share: one thread, real material where it is at hand, a small drawn tree.

At the end of a run, a line for each cause for which tests were skipped.
"""

import os
from collections import Counter
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from course_utils.teaching.programs import find_own_programs_first
from tests.once import FOLDER, folder_of_the_run
from tests.without_sandbox import why_none

REPOSITORY = Path(__file__).parents[1]

# `make test` tries the same examples each time, so that it fails for a change and not by
# chance; `make test-all` looks for new ones.
settings.register_profile("repeatable", derandomize=True, database=None)
if not os.environ.get("COURSE_TEST_ALL"):
    settings.load_profile("repeatable")


def pytest_collection_modifyitems(items):
    """Skip what tests the sandbox, with the reason, where this machine can't make one."""
    inside = [item for item in items if item.get_closest_marker("needs_sandbox")]
    if inside and why_none():
        for item in inside:
            item.add_marker(pytest.mark.skip(reason=why_none()))


def pytest_terminal_summary(terminalreporter):
    """One line for each cause, however many tests it cost."""
    causes = Counter(_cause(report) for report in terminalreporter.stats.get("skipped", ()))
    if causes:
        terminalreporter.section("skipped, by cause")
    for cause, number in causes.most_common():
        terminalreporter.write_line(f"{number} skipped: {cause}")


def _cause(report) -> str:
    """The reason alone: the same for each test, wherever it stands."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return " ".join(reason.removeprefix("Skipped: ").split())


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Tests run side by side; each with its own threads would slow them all down.

    The same for the programs that they start.
    """
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(autouse=True, scope="session")
def _folder(tmp_path_factory):
    """Where networks that tests train are kept for the others, see `trained_once`."""
    os.environ[FOLDER] = str(folder_of_the_run(tmp_path_factory))


@pytest.fixture(autouse=True, scope="session")
def _no_locale():
    """Commands speak the course's first language, whatever the person who tests speaks."""
    os.environ["LC_ALL"] = "C.UTF-8"
    for name in ("LANGUAGE", "COURSE_LANGUAGE"):
        os.environ.pop(name, None)


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
