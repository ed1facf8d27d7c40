"""Shared by the tests of collecting."""

import pytest

from tests.teaching.collect.material import Class


@pytest.fixture
def classroom(tmp_path):
    """A course with a roster."""
    return Class(tmp_path / "course")


@pytest.fixture
def no_roster(tmp_path):
    """A course without one."""
    return Class(tmp_path / "course", roster=None)
