"""One emulated Colab for all tests, here and in tests/road."""

from dataclasses import replace

import pytest

from course_utils.teaching import notebooks
from course_utils.teaching.config import load
from course_utils.teaching.publish.edition import edition
from tests.colab import emulation
from tests.teaching.small_course import REPOSITORY


@pytest.fixture(scope="session")
def student_edition():
    """The files that `course publish --tag emulated` would write."""
    return edition(load(REPOSITORY), tag=emulation.TAG)


@pytest.fixture
def machine(tmp_path_factory, student_edition):
    """As the last user has left it, who may be another test."""
    folder = emulation.shared_folder(tmp_path_factory)
    with emulation.machine(folder, load(REPOSITORY), student_edition) as machine:
        yield machine


@pytest.fixture
def colab(machine):
    """As a fresh runtime: without the course."""
    return machine.without_the_course()


@pytest.fixture
def set_up(machine):
    """As a runtime in which the set-up cell has been run, by this test or an earlier one."""
    course = replace(load(REPOSITORY), tag=emulation.TAG)
    return machine.with_the_course(notebooks.setup_cell(course, "en"))
