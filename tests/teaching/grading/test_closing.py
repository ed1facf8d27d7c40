"""A cluster that can't be closed costs nobody the marks that are there."""

import pytest

from course_utils.teaching.grading import cluster


class Stubborn:
    def close(self):
        raise AssertionError("can only join a started process")


def test_a_cluster_that_does_not_close_is_reported_and_no_more(caplog):
    with cluster._closed_in_any_case(Stubborn()) as found:
        assert isinstance(found, Stubborn)
    assert "did not close" in caplog.text


def test_what_went_wrong_inside_is_still_told():
    with pytest.raises(ValueError, match="ours"), cluster._closed_in_any_case(Stubborn()):
        raise ValueError("ours")
