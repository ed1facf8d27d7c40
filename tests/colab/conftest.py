"""One emulated Colab for all tests of this folder."""

import pytest

from course_utils.teaching.config import load
from course_utils.teaching.publish.edition import edition
from tests.colab import emulation
from tests.teaching.small_course import REPOSITORY


@pytest.fixture(scope="session")
def student_edition():
    """The files that `course publish --tag emulated` would write."""
    return edition(load(REPOSITORY), tag=emulation.TAG)


@pytest.fixture(scope="session")
def machine(tmp_path_factory, student_edition):
    root = tmp_path_factory.mktemp("colab")
    return emulation.make(root, load(REPOSITORY), student_edition)


@pytest.fixture
def colab(machine):
    """The machine as a fresh runtime: without the course."""
    yield machine
    machine.forget_the_course()
