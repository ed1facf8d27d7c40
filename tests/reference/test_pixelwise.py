"""The small network of the lectures' experiments, and its training."""

import pytest
import torch
from torch.nn import functional as F

from course_utils.data import VOID
from course_utils.reference.pixelwise import fit_pixelwise, small_network


def bright_squares(number=8, size=24):
    """Images whose object is brighter than the ground."""
    draw = torch.Generator().manual_seed(0)
    images = 0.3 + 0.05 * torch.rand(number, 3, size, size, generator=draw)
    truth = torch.zeros(number, size, size, dtype=torch.uint8)
    for i, corner in enumerate(torch.randint(2, size - 10, (number,), generator=draw).tolist()):
        images[i, :, corner : corner + 8, corner : corner + 8] += 0.5
        truth[i, corner : corner + 8, corner : corner + 8] = 1
    return images, truth


def weights(network):
    return torch.nn.utils.parameters_to_vector(network.parameters())


def test_it_keeps_the_size_and_gives_a_score_for_each_class():
    assert small_network(5)(torch.rand(2, 3, 20, 30)).shape == (2, 5, 20, 30)


def test_a_pixel_sees_fifteen_by_fifteen():
    torch.manual_seed(0)
    layers = small_network(2)[1:]  # the mean that is subtracted first sees the whole image
    images = torch.rand(1, 3, 41, 41, requires_grad=True)
    layers(images)[0, 0, 20, 20].backward()
    rows = images.grad.abs().sum((0, 1, 3)).nonzero()
    assert (rows.min(), rows.max()) == (13, 27)


def test_brightness_added_to_the_whole_image_changes_nothing():
    network, images = small_network(2), torch.rand(1, 3, 16, 16) / 2
    assert torch.allclose(network(images + 0.25), network(images), atol=1e-5)


def test_it_learns_what_is_brighter():
    images, truth = bright_squares()
    answer = fit_pixelwise(images, truth, 2, seed=0)(images).argmax(dim=1)
    assert (answer == truth).float().mean() > 0.97


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    images, truth = bright_squares()
    first, again, other = (
        weights(fit_pixelwise(images, truth, 2, seed=seed, steps=3)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_void_teaches_nothing():
    images, truth = bright_squares()
    torch.manual_seed(5)
    untouched = weights(small_network(2))
    void = torch.full_like(truth, VOID)
    assert torch.equal(weights(fit_pixelwise(images, void, 2, seed=5, steps=3)), untouched)


def test_one_step_is_adams_on_the_weighted_cross_entropy():
    images, truth = bright_squares(number=2)
    weight = torch.tensor([1.0, 7.0])
    torch.manual_seed(3)
    expected = small_network(2)
    descent = torch.optim.Adam(expected.parameters(), lr=0.02)
    F.cross_entropy(expected(images), truth.long(), weight=weight).backward()
    descent.step()
    actual = fit_pixelwise(images, truth, 2, seed=3, steps=1, learning_rate=0.02, weight=weight)
    assert weights(actual).tolist() == pytest.approx(weights(expected).tolist(), abs=1e-5)


def test_void_beside_labels_is_left_out():
    images, truth = bright_squares(number=2)
    truth[:, :, :5] = VOID
    torch.manual_seed(3)
    expected = small_network(2)
    descent = torch.optim.Adam(expected.parameters(), lr=0.01)
    F.cross_entropy(expected(images)[..., 5:], truth[..., 5:].long()).backward()
    descent.step()
    actual = fit_pixelwise(images, truth, 2, seed=3, steps=1)
    assert weights(actual).tolist() == pytest.approx(weights(expected).tolist(), abs=1e-5)


def test_training_leaves_the_number_of_threads_as_it_was(monkeypatch):
    images, truth = bright_squares(number=2)
    during = []
    monkeypatch.setattr(F, "cross_entropy", _noting_threads(F.cross_entropy, during))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fit_pixelwise(images, truth, 2, seed=0, steps=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert during == [1]


def _noting_threads(function, during):
    def noting(*arguments, **options):
        during.append(torch.get_num_threads())
        return function(*arguments, **options)

    return noting
