"""Short training: what it learns, repeats, leaves out and leaves as it was."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.data import VOID
from course_utils.reference.short_training import Centre, fit_scenes, one_thread
from course_utils.reference.unet import UNet


def bright_squares(number=8, size=16):
    """Images whose object is brighter than the ground."""
    draw = torch.Generator().manual_seed(0)
    images = 0.3 + 0.05 * torch.rand(number, 3, size, size, generator=draw)
    labels = torch.zeros(number, size, size, dtype=torch.uint8)
    for i, corner in enumerate(torch.randint(1, size - 7, (number,), generator=draw).tolist()):
        images[i, :, corner : corner + 6, corner : corner + 6] += 0.5
        labels[i, corner : corner + 6, corner : corner + 6] = 1
    return images, labels


def layer(seed=0, outputs=2):
    torch.manual_seed(seed)
    return nn.Conv2d(3, outputs, 1)


def weights(network):
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach()


def test_a_unet_learns_what_is_brighter():
    images, labels = bright_squares()
    torch.manual_seed(0)
    network = nn.Sequential(Centre(), UNet(3, 2, width=4, depth=2, padded=True))
    fit_scenes(network, images, labels, seed=0, steps=60)
    assert (network(images).argmax(dim=1) == labels).float().mean() > 0.97


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    images, labels = bright_squares()
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.5), nn.Conv2d(4, 2, 1))
        torch.rand(len(found))  # whatever was drawn before
        found.append(weights(fit_scenes(network, images, labels, seed=seed, steps=3, batch=2)))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_one_step_is_adams_on_the_weighted_cross_entropy_without_void():
    images, labels = bright_squares(number=2)
    labels[:, :, :5] = VOID
    weight = torch.tensor([1.0, 7.0])
    expected = layer()
    descent = torch.optim.Adam(expected.parameters(), lr=0.02)
    F.cross_entropy(expected(images)[..., 5:], labels[..., 5:].long(), weight=weight).backward()
    descent.step()
    actual = fit_scenes(
        layer(), images, labels, seed=3, steps=1, learning_rate=0.02, weight=weight
    )
    torch.testing.assert_close(weights(actual), weights(expected).detach())


def rates(monkeypatch, steps, **options):
    """The learning rate of every step."""
    images, labels = bright_squares(number=2)
    seen, step = [], torch.optim.Adam.step

    def noting(self, *arguments):
        seen.append(self.param_groups[0]["lr"])
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.Adam, "step", noting)
    fit_scenes(layer(), images, labels, seed=0, steps=steps, learning_rate=2.0, **options)
    return seen


@pytest.mark.parametrize("steps", [1, 2, 9, 40])
def test_the_rate_rises_for_a_tenth_of_the_steps_and_falls_to_zero(monkeypatch, steps):
    seen = rates(monkeypatch, steps)
    assert len(seen) == steps
    top = seen.index(max(seen))
    assert max(seen) == 2
    assert top == max(1, steps // 10) - 1
    assert seen[:top] == sorted(seen[:top])
    assert seen[top:] == sorted(seen[top:], reverse=True)
    assert min(seen) > 0
    if steps == 40:
        assert seen[-1] < 0.01


def test_the_rate_stays_when_asked_to(monkeypatch):
    assert rates(monkeypatch, 5, falling=False) == [2.0] * 5


def test_void_teaches_nothing():
    images, labels = bright_squares()
    untouched = weights(layer())
    trained = fit_scenes(layer(), images, torch.full_like(labels, VOID), seed=0, steps=3)
    assert torch.equal(weights(trained), untouched)


def test_comes_back_in_evaluation_mode_having_trained_in_the_other():
    images, labels = bright_squares(number=2)
    network = nn.Sequential(nn.BatchNorm2d(3), layer()).eval()
    assert not fit_scenes(network, images, labels, seed=0, steps=1).training
    assert network[0].num_batches_tracked == 1


def test_threads_are_as_many_as_before():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        within = one_thread()
        within.__enter__()
        assert torch.get_num_threads() == 1
        within.__exit__(*[None] * 3)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_images_and_labels_that_do_not_match_are_refused():
    images, labels = bright_squares(number=2)
    for wrong in (labels[:1], labels[:, 1:], labels[:, None]):
        with pytest.raises(ValueError, match="equal N, H and W"):
            fit_scenes(layer(), images, wrong, seed=0, steps=1)


def test_the_mean_colour_is_taken_from_each_image_alone():
    images = torch.rand(2, 3, 4, 5)
    light = torch.tensor([0.3, -0.2])[:, None, None, None]
    centre = Centre()
    torch.testing.assert_close(centre(images + light), centre(images))
    assert centre(images).mean((2, 3)).abs().max() < 1e-6
