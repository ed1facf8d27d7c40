"""The released course of attackers and honest students, made once."""

import pytest

from tests.once import made_once
from tests.teaching.attacks.its_course import attacked_notebook
from tests.teaching.conftest import release


@pytest.fixture(scope="session")
def attacked_course(tmp_path_factory):
    """The folder of the released course. Read it only."""
    return made_once(
        tmp_path_factory, "attacked_course", lambda root: release(root, attacked_notebook())
    )
