"""One emulated Colab for all tests, here and in tests/road."""

import pytest

from course_utils.teaching.config import load
from course_utils.teaching.publish.edition import edition
from tests.colab import emulation
from tests.teaching.small_course import REPOSITORY


@pytest.fixture(scope="session")
def student_edition():
    """The files that `course publish --tag emulated` would write."""
    return edition(load(REPOSITORY), tag=emulation.TAG)


@pytest.fixture
def colab(tmp_path_factory, student_edition):
    """The machine as a fresh runtime: without the course."""
    folder = emulation.shared_folder(tmp_path_factory)
    with emulation.fresh(folder, load(REPOSITORY), student_edition) as machine:
        yield machine
