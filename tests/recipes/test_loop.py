"""The loop: a batch that does not fit, the learning rate, mixed precision."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import PolynomialLR

from course_utils.data.voc import VOID
from course_utils.recipes.loop import DoesNotFit, Training
from course_utils.reference.placement import Placement

CPU = Placement.choose("cpu", "float32")


class Network(nn.Module):
    """One convolution, in a memory that holds `room` images, forward or (late) backward."""

    def __init__(self, room=100, late=False):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Conv2d(3, 5, 3, padding=1)
        self.room, self.late, self.seen = room, late, []

    def forward(self, images):
        self.seen.append(len(images))
        logits = self.layer(images)
        if len(images) > self.room:
            if not self.late:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
            logits.register_hook(_no_room)
        return logits


def _no_room(gradient):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


def batch(number=7, seed=3):
    """Images of which some have little truth and one has none."""
    draw = torch.Generator().manual_seed(seed)
    images = torch.randn(number, 3, 8, 8, generator=draw)
    truth = torch.randint(5, (number, 8, 8), generator=draw)
    truth[0, 2:] = VOID
    truth[-1] = VOID
    return images, truth


def training(network, said=None, *, iterations=10, placement=CPU, lr=0.1):
    optimizer = torch.optim.SGD(network.parameters(), lr=lr, momentum=0.9)
    say = (said if said is not None else []).append
    return Training(
        network, optimizer, iterations=iterations, seed=0, placement=placement, say=say
    )


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("room", "parts"), [(4, [4, 3]), (2, [2, 2, 2, 1]), (1, [1] * 7)])
def test_a_batch_in_parts_has_the_gradient_of_the_whole(room, parts, late):
    whole, cut = Network(), Network(room, late)
    said = []
    train_whole, train_cut = training(whole), training(cut, said)
    for _step in range(2):
        losses = [float(each.step(*batch())) for each in (train_whole, train_cut)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
        torch.testing.assert_close(cut.layer.weight.grad, whole.layer.weight.grad)
        torch.testing.assert_close(cut.layer.weight, whole.layer.weight)
    assert cut.seen[-len(parts) :] == parts
    assert whole.seen == [7, 7]
    assert len(said) == len({7, 4, 2, 1} - set(range(room + 1)))  # a line a halving, no more
    assert "the batch of a step stays 7" in said[0]


def test_the_loss_is_the_mean_over_the_labelled_pixels_of_the_batch():
    network = Network()
    images, truth = batch()
    expected = F.cross_entropy(network(images), truth, ignore_index=VOID).item()
    assert float(training(network).step(images, truth)) == pytest.approx(expected)


def test_a_batch_without_truth_changes_nothing():
    network = Network()
    before = network.layer.weight.clone()
    images, truth = batch()
    assert float(training(network).step(images, torch.full_like(truth, VOID))) == 0
    assert torch.equal(network.layer.weight, before)


def test_not_even_one_image_fits_is_said_and_no_step_is_taken():
    network = Network(room=0)
    before = network.layer.weight.clone()
    trained = training(network)
    with pytest.raises(DoesNotFit, match=r"one image of 8 x 8.*--size"):
        trained.step(*batch())
    assert torch.equal(network.layer.weight, before)
    assert trained.step_number == 0


def test_the_parts_are_remembered():
    first = training(Network(room=2))
    first.step(*batch())
    second = training(network := Network(room=2))
    second.load(first.state())
    second.step(*batch())
    assert network.seen == [2, 2, 2, 1]


def test_other_errors_are_not_taken_for_want_of_memory():
    images, truth = batch()
    with pytest.raises((RuntimeError, ValueError)):
        training(Network()).step(images, truth[:, :4])


def test_the_learning_rate_is_torchs_polynomial_one():
    trained = training(Network(), iterations=10, lr=0.3)
    weights = nn.Parameter(torch.zeros(1))
    other = torch.optim.SGD([weights], lr=0.3)
    schedule = PolynomialLR(other, total_iters=10, power=0.9)
    for step in range(10):
        assert trained.learning_rate() == schedule.get_last_lr()[0]
        assert trained.learning_rate() == pytest.approx(0.3 * (1 - step / 10) ** 0.9)
        trained.step(*batch())
        other.step()
        schedule.step()
    assert trained.learning_rate() == 0


def test_training_equals_the_loop_written_out():
    network = Network()
    trained = training(network, iterations=4)
    plain = Network()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9)
    for step in range(4):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 4) ** 0.9
        images, truth = batch(seed=step)
        optimizer.zero_grad()
        F.cross_entropy(plain(images), truth, ignore_index=VOID).backward()
        optimizer.step()
        trained.step(images, truth)
    torch.testing.assert_close(network.layer.weight, plain.layer.weight)


def test_every_step_has_random_numbers_of_its_own_and_the_same_when_repeated():
    def losses(seed, number=3):
        network = Network()
        network.layer = nn.Sequential(nn.Dropout(0.5), network.layer)
        trained = training(network, lr=0.0)
        trained.seed = seed
        return [float(trained.step(*batch())) for _step in range(number)]

    assert len(set(losses(0))) == 3
    assert losses(0) == losses(0)
    assert not set(losses(0)) & set(losses(1))


def test_bfloat16_computes_the_same_to_its_precision():
    half = training(Network(), placement=Placement.choose("cpu", "bfloat16"))
    full = training(Network())
    losses = [float(each.step(*batch())) for each in (half, full)]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert losses[0] != losses[1]
    assert half.network.layer.weight.dtype == torch.float32


def test_the_state_of_another_network_is_refused():
    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.other = nn.Conv2d(3, 5, 1)

    with pytest.raises(ValueError, match="this network"):
        training(Network()).load(training(Other()).state())
