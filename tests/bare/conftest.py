"""A released course, and a class in it whose marks are known."""

import pytest

from tests.bare.planted import hand_in_class
from tests.teaching.conftest import released_course, small_course  # noqa: F401 (fixtures)


@pytest.fixture
def class_folder(small_course):  # noqa: F811
    hand_in_class(small_course)
    return small_course
