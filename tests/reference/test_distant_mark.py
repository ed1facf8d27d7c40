"""The task of the distant mark: what stands in a window, who can solve it."""

import pytest
import torch

from course_utils.reference.distant_mark import (
    accuracy_by_distance,
    fit_on_marks,
    marks,
    window_network,
)


def test_a_window_holds_one_mark_of_its_class_at_its_distance():
    distances = torch.tensor([1, 3, 7, 7, 2])
    windows, classes = marks(distances, 7, torch.Generator().manual_seed(0))
    assert windows.shape == (5, 1, 15, 15)
    for window, label, distance in zip(windows[:, 0], classes, distances, strict=True):
        (where,) = (window.abs() > 0.6).nonzero()
        assert window[tuple(where)] == 2 * label - 1
        assert sorted((where - 7).abs().tolist()) == [0, distance]


def test_marks_fall_on_all_four_sides_and_both_classes():
    windows, classes = marks(torch.full((64,), 2), 2, torch.Generator().manual_seed(0))
    places = {tuple((window > 0.6).nonzero()[0].tolist()) for window in windows.abs()[:, 0]}
    assert places == {(0, 2), (4, 2), (2, 0), (2, 4)}
    assert 20 < classes.sum() < 44


def test_networks_differ_in_dilation_only():
    shapes = {
        tuple(tuple(p.shape) for p in window_network(dilations).parameters())
        for dilations in ((1, 1), (2, 2), (1, 4))
    }
    assert len(shapes) == 1


def test_what_is_seen_is_learnt_and_what_is_not_is_guessed():
    network = fit_on_marks((2, 2), reach=4, seed=0)
    shares = accuracy_by_distance(network, (2, 2), reach=4)
    assert min(shares[1::2]) > 0.9
    assert max(shares[0::2]) < 0.65


def test_a_window_smaller_than_the_field_is_refused():
    with pytest.raises(ValueError, match="reach"):
        fit_on_marks((4, 4), reach=7, seed=0, steps=1)
