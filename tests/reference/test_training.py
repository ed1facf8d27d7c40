"""The training loop: against a loop written out, and by cutting it off."""

import math
import os
import random
import re
import signal

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from course_utils import i18n
from course_utils.reference import training
from course_utils.reference.placement import Placement
from course_utils.reference.training import fit, seed_everything

PLAIN = Placement.choose("cpu", "float32", channels_last=False)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(),
        nn.Linear(4 * 16, 3),
    )  # fmt: skip


def samples(number=20, seed=1):
    draw = torch.Generator().manual_seed(seed)
    images = torch.randn(number, 3, 6, 6, generator=draw)
    return TensorDataset(images, torch.randint(3, (number,), generator=draw))


def loader(**options):
    return DataLoader(samples(), **{"batch_size": 8, "shuffle": True, **options})


def run(model=None, batches=None, *, optimizer=None, **options):
    """Three quiet epochs in plain float32; returns the model and its history."""
    model = model or network()
    options = {"epochs": 3, "placement": PLAIN, "quiet": True, **options}
    optimizer = optimizer or torch.optim.AdamW(model.parameters(), lr=1e-2)
    batches = loader() if batches is None else batches
    return model, fit(model, batches, F.cross_entropy, optimizer, **options)


def assert_same_weights(model, other):
    expected = other.state_dict()
    for name, value in model.state_dict().items():
        assert torch.equal(value, expected[name]), name


def weights_differ(model, other):
    return not torch.equal(model[0].weight, other[0].weight)


def counted(*measures):
    """An evaluation that gives these accuracies, one an epoch."""
    left = iter(measures)
    return lambda model: {"accuracy": next(left)}


# what one epoch does


def test_training_equals_the_loop_written_out():
    batches = [tuple(samples(8, seed).tensors) for seed in (1, 2)]
    torch.manual_seed(0)
    expected = nn.Sequential(nn.Flatten(), nn.Linear(108, 3))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(108, 3))
    optimizer = torch.optim.SGD(expected.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _epoch in range(2):
        for images, labels in batches:
            loss = F.cross_entropy(expected(images), labels)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    _, history = run(model, batches, epochs=2, optimizer=sgd)
    assert_same_weights(model, expected)
    assert [record["epoch"] for record in history.epochs] == [1, 2]
    assert [record["loss"] for record in history.epochs] == pytest.approx(
        [sum(losses[:2]) / 2, sum(losses[2:]) / 2]
    )


def test_the_loss_of_an_epoch_is_the_mean_over_samples_not_over_batches():
    images = torch.zeros(3, 1)
    batches = [(images[:2], torch.tensor([1.0, 1.0])), (images[:1], torch.tensor([4.0]))]
    model = nn.Linear(1, 1)
    frozen = torch.optim.SGD(model.parameters(), lr=0.0)
    history = fit(model, batches, lambda _outputs, targets: targets.mean() + 0 * _outputs.sum(),
                  frozen, epochs=1, placement=PLAIN, quiet=True)  # fmt: skip
    assert history.epochs == [{"epoch": 1, "loss": 2.0}]


def test_every_epoch_trains_in_training_mode_though_evaluation_left_another():
    modes = []
    model = network()
    model.register_forward_hook(lambda module, *_: modes.append(module.training))
    run(model.eval(), epochs=2, evaluate=lambda net: net.eval() and {})
    assert modes == [True] * 6


def test_the_scheduler_steps_once_an_epoch():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    rates = []
    run(
        model,
        optimizer=optimizer,
        scheduler=torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5),
        evaluate=lambda _: rates.append(optimizer.param_groups[0]["lr"]) or {},
    )
    assert rates == [0.5, 0.25, 0.125]


def test_measures_of_every_epoch_are_in_the_history():
    _, history = run(evaluate=counted(0.1, 0.2, 0.3))
    assert [record["accuracy"] for record in history.epochs] == [0.1, 0.2, 0.3]
    assert not history.interrupted


# the seed


def test_the_same_seed_gives_the_same_weights_whatever_was_drawn_before():
    first, _ = run(seed=7)
    torch.rand(5), random.random(), np.random.random()
    second, _ = run(network(), seed=7)
    assert_same_weights(first, second)


def test_the_default_seed_is_zero():
    assert_same_weights(run()[0], run(seed=0)[0])


def test_another_seed_gives_other_weights():
    assert weights_differ(run(seed=7)[0], run(seed=8)[0])


@pytest.mark.parametrize(
    "options",
    [
        {"generator": torch.Generator()},
        {"shuffle": None, "sampler": RandomSampler(samples(), generator=torch.Generator())},
    ],
)
def test_a_generator_of_the_loader_or_its_sampler_follows_the_seed_too(options):
    batches = loader(**options)
    first, _ = run(batches=batches)
    next(iter(batches))
    assert_same_weights(first, run(batches=batches)[0])


def test_epochs_differ_in_order_and_runs_do_not():
    def orders(seed):
        seen = []
        numbers = TensorDataset(torch.arange(12.0)[:, None], torch.zeros(12, 1))
        model = nn.Linear(1, 1)
        model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].flatten()))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        fit(model, DataLoader(numbers, 12, shuffle=True), F.mse_loss, optimizer, epochs=2,
            seed=seed, placement=PLAIN, quiet=True)  # fmt: skip
        return [order.tolist() for order in seen]

    assert orders(3) == orders(3)
    assert orders(3)[0] != orders(3)[1]
    assert orders(3) != orders(4)


def test_seeding_reaches_every_source_of_random_numbers():
    def draw():
        return random.random(), np.random.random(), torch.rand(()).item()

    seed_everything(2**40 + 2**32 + 5)
    first = draw()
    seed_everything(2**40 + 2**32 + 5)
    assert draw() == first
    for other in (6, 2**40 + 2**32 + 5 + 64):
        seed_everything(other)
        assert all(new != old for new, old in zip(draw(), first, strict=True))


def test_transforms_that_draw_from_random_and_numpy_follow_the_seed():
    class Noisy(TensorDataset):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return image + random.random() + np.random.random(), label

    def train():
        return run(batches=DataLoader(Noisy(*samples().tensors), 8, shuffle=True))[0]

    assert_same_weights(train(), train())


# the best weights


def test_the_weights_of_the_best_epoch_are_kept():
    model, history = run(evaluate=counted(0.2, 0.9, 0.5), best="accuracy")
    assert history.best_epoch == 2
    assert_same_weights(model, run(epochs=2)[0])


def test_without_best_the_last_weights_are_kept():
    model, history = run(evaluate=counted(0.2, 0.9, 0.5))
    assert history.best_epoch is None
    assert_same_weights(model, run(epochs=3)[0])


@pytest.mark.parametrize(
    ("measures", "best"),
    [
        ((0.5, 0.5, 0.5), 1),
        ((math.nan, 0.1, 0.05), 2),
        ((0.3, math.nan, 0.2), 1),
        ((math.nan, math.nan, math.nan), None),
        ((-3.0, -2.0, -1.0), 3),
    ],
)
def test_the_earlier_epoch_wins_a_tie_and_nan_never_wins(measures, best):
    assert run(evaluate=counted(*measures), best="accuracy")[1].best_epoch == best


def test_best_names_a_measure_that_there_is():
    with pytest.raises(ValueError, match="'jaccard'; there are epoch, loss, accuracy"):
        run(evaluate=counted(1.0), best="jaccard")
    with pytest.raises(ValueError, match="'jaccard', got None"):
        run(best="jaccard")


# errors and interrupts


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_at_its_step_with_the_weights_before_it(wrong):
    model = nn.Sequential(nn.Linear(1, 1))
    good = (torch.ones(2, 1), torch.zeros(2, 1))
    batches = [good, good, (torch.full((2, 1), wrong), torch.zeros(2, 1)), good]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(FloatingPointError, match=r"epoch 1, step 3.*smaller learning rate"):
        fit(model, batches, F.mse_loss, optimizer, epochs=2, placement=PLAIN, quiet=True)
    assert model[0].weight.isfinite().all()


def interrupting(batches, at):
    """Batches that meet Ctrl+C before batch number `at`, counted over all epochs."""
    count = 0

    class Batches(list):
        def __iter__(self):
            nonlocal count
            for batch in super().__iter__():
                count += 1
                if count == at:
                    raise KeyboardInterrupt
                yield batch

    return Batches(batches)


def test_an_interrupt_keeps_what_was_trained_and_returns_the_history():
    batches = list(DataLoader(samples(), 8))
    model, history = run(batches=interrupting(batches, at=3 + 2), epochs=9)
    assert history.interrupted
    assert len(history.epochs) == 1
    assert weights_differ(model, run(batches=batches, epochs=1)[0])


def test_an_interrupt_before_the_first_epoch_ends_keeps_the_steps_made():
    batches = list(DataLoader(samples(), 8))
    model, history = run(batches=interrupting(batches, at=2))
    assert (history.interrupted, history.epochs) == (True, [])
    assert weights_differ(model, network())


def test_an_interrupt_gives_the_best_weights_where_there_are_some():
    batches = list(DataLoader(samples(), 8))
    model, history = run(
        batches=interrupting(batches, at=3 + 3 + 2),
        evaluate=counted(0.9, 0.1),
        best="accuracy",
    )
    assert history.best_epoch == 1
    assert_same_weights(model, run(batches=batches, epochs=1)[0])


def test_batches_that_were_used_up_are_an_error():
    used_up = iter([tuple(samples(4).tensors)])
    with pytest.raises(ValueError, match="none in epoch 2"):
        run(batches=used_up)


# going on after the end of a process

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("placement", [
    PLAIN,
    Placement.choose("cpu", "bfloat16"),
    Placement.choose("cpu", "float16"),
])  # fmt: skip
@pytest.mark.parametrize("stop", [1, 2, 4])
def test_a_run_that_was_cut_off_ends_bit_for_bit_as_one_that_was_not(
    tmp_path, optimizer, placement, stop
):
    def train(epochs_before_the_crash=None, checkpoint=None):
        model = network()
        steps = OPTIMIZERS[optimizer](model.parameters())
        seen = 0

        def evaluate(net):
            nonlocal seen
            seen += 1
            if seen == epochs_before_the_crash:
                raise ConnectionError("the machine went away")
            with torch.no_grad():
                return {"spread": float(net[5].weight.std())}

        history = fit(
            model, loader(), F.cross_entropy, steps, epochs=5, seed=3, evaluate=evaluate,
            scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(steps, 5), best="spread",
            placement=placement, checkpoint=checkpoint, quiet=True,
        )  # fmt: skip
        return model, steps, history

    path = tmp_path / "run.pt"
    with pytest.raises(ConnectionError):
        train(epochs_before_the_crash=stop, checkpoint=path)
    assert path.exists() == (stop > 1)
    torch.rand(3)
    model, steps, history = train(checkpoint=path)
    expected, expected_steps, expected_history = train(checkpoint=tmp_path / "whole.pt")
    assert_same_weights(model, expected)
    assert history == expected_history
    files = (torch.load(tmp_path / name, weights_only=True) for name in ("run.pt", "whole.pt"))
    torch.testing.assert_close(*files, rtol=0, atol=0)
    torch.testing.assert_close(steps.state_dict(), expected_steps.state_dict(), rtol=0, atol=0)


def test_a_process_killed_in_the_middle_of_an_epoch_goes_on_from_the_one_before(tmp_path):
    def train(name, kill_at=0):
        """In a child process; a signal that nobody can catch ends it at that batch."""
        calls = 0

        def criterion(outputs, targets):
            nonlocal calls
            calls += 1
            if calls == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return F.cross_entropy(outputs, targets)

        child = os.fork()
        if child:
            return os.waitpid(child, 0)[1]
        try:
            torch.set_num_threads(1)
            model = network()
            fit(model, loader(), criterion, torch.optim.Adam(model.parameters()), epochs=4,
                placement=PLAIN, checkpoint=tmp_path / name, quiet=True)  # fmt: skip
            os._exit(0)
        finally:
            os._exit(1)

    run(epochs=1)  # the first step imports torch's compiler: once, not in every child
    assert train("cut", kill_at=8) == signal.SIGKILL  # in epoch 3 of 3 batches each
    assert train("cut") == 0
    assert train("whole") == 0
    cut, whole = (torch.load(tmp_path / name, weights_only=True) for name in ("cut", "whole"))
    assert len(cut["epochs"]) == 4
    torch.testing.assert_close(cut, whole, rtol=0, atol=0)


def test_the_file_keeps_each_part_by_its_name(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    run(model, optimizer=optimizer, scheduler=scheduler, checkpoint=tmp_path / "run.pt")
    state = torch.load(tmp_path / "run.pt", weights_only=True)
    assert list(state["model"]) == list(model.state_dict())
    assert state["optimizer"] == optimizer.state_dict()
    assert state["scheduler"] == scheduler.state_dict()
    assert state["scaler"] == {}
    assert (state["seed"], len(state["epochs"]), state["best_epoch"]) == (0, 3, None)
    assert state["best_weights"] is None


def test_with_all_epochs_done_the_result_is_loaded_and_nothing_trained(tmp_path):
    path = tmp_path / "run.pt"
    model, history = run(checkpoint=path, evaluate=counted(0.1, 0.9, 0.3), best="accuracy")
    again, loaded = run(network(seed=5), checkpoint=path, evaluate=counted(), best="accuracy")
    assert_same_weights(again, model)
    assert loaded == history


def test_more_epochs_than_before_go_on_from_the_last_weights_not_from_the_best(tmp_path):
    path = tmp_path / "run.pt"
    run(epochs=2, checkpoint=path, evaluate=counted(0.9, 0.1), best="accuracy")
    model, history = run(epochs=3, checkpoint=path, evaluate=counted(0.95), best="accuracy")
    assert history.best_epoch == 3
    assert_same_weights(model, run(epochs=3)[0])


def test_a_checkpoint_of_another_seed_or_network_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    run(checkpoint=path, seed=1)
    with pytest.raises(ValueError, match=r"seed 2 in .*got seed 1\. Delete"):
        run(checkpoint=path, seed=2)
    with pytest.raises(ValueError, match="this network and optimizer"):
        run(nn.Sequential(nn.Flatten(), nn.Linear(108, 3)), checkpoint=path, seed=1)


# what is seen


def test_quiet_shows_nothing_and_otherwise_a_bar_goes_to_stderr(capfd):
    run()
    assert capfd.readouterr() == ("", "")
    run(quiet=False)
    out, err = capfd.readouterr()
    assert out == ""
    assert "Epoch 3 of 3" in err
    assert "9/9" in err
    assert "loss " in err
    assert err.endswith("\n")  # the bar is closed: what is printed next has its own line


def test_by_default_a_bar_is_shown(capfd):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fit(model, loader(), F.cross_entropy, optimizer, epochs=1, placement=PLAIN)
    assert "Epoch 1 of 1" in capfd.readouterr().err


def test_a_resumed_bar_starts_where_the_epochs_done_end(tmp_path, capfd):
    run(epochs=2, checkpoint=tmp_path / "run.pt")
    run(epochs=4, checkpoint=tmp_path / "run.pt", quiet=False)
    err = capfd.readouterr().err
    assert " 6/12" in err
    assert "12/12" in err
    assert " 0/12" not in err


def test_batches_without_a_length_have_a_bar_too(capfd):
    class Endless:
        def __iter__(self):
            yield tuple(samples(4).tensors)

    run(batches=Endless(), quiet=False)
    err = capfd.readouterr().err
    steps = re.findall(r"(\d+)step \[", err)  # not the "686.24step/s" behind it
    assert max(map(int, steps)) == 3


def test_the_bar_speaks_the_language_in_use(monkeypatch, capfd):
    monkeypatch.setattr(training, "_", lambda message: f"<{message}>")
    with i18n.speaking("ru"):
        run(quiet=False, epochs=1)
    assert "<Epoch 1 of 1>" in capfd.readouterr().err


# precision and kernels


def test_bfloat16_and_float16_learn_what_float32_learns():
    batches = [tuple(samples(20).tensors)]

    def final_loss(precision):
        model = network()
        model[3] = nn.Identity()
        placement = Placement.choose("cpu", precision)
        _, history = run(model, batches, epochs=30, placement=placement)
        return history.epochs[-1]["loss"]

    losses = [final_loss(precision) for precision in ("float32", "bfloat16", "float16")]
    assert losses == pytest.approx([losses[0]] * 3, abs=0.03)
    assert losses[0] < 0.4


def test_the_model_is_put_where_the_placement_says():
    model, _ = run(placement=Placement.choose("cpu", "float32"), epochs=1)
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert not model[0].weight.is_contiguous()


def test_weights_stay_float32_while_activations_are_not():
    model, dtypes = network(), []
    model.register_forward_hook(lambda _m, _i, output: dtypes.append(output.dtype))
    run(model, placement=Placement.choose("cpu", "bfloat16"), epochs=1)
    assert set(dtypes) == {torch.bfloat16}
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_cudas_settings_are_repeatable_inside_and_put_back_after(monkeypatch):
    inside = []
    cudnn = torch.backends.cudnn
    monkeypatch.setattr(cudnn, "benchmark", True)

    def criterion(outputs, targets):
        inside.append((cudnn.deterministic, cudnn.benchmark))
        return F.cross_entropy(outputs, targets)

    model = network()
    fit(model, loader(), criterion, torch.optim.SGD(model.parameters()), epochs=1,
        placement=PLAIN, quiet=True)  # fmt: skip
    assert set(inside) == {(True, False)}
    assert (cudnn.deterministic, cudnn.benchmark) == (False, True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_on_cuda_it_learns_and_the_same_seed_gives_the_same_weights(precision, tmp_path):
    placement = Placement.choose("cuda", precision)
    first, history = run(placement=placement, epochs=8, checkpoint=tmp_path / "run.pt")
    assert first[0].weight.is_cuda
    assert history.epochs[-1]["loss"] < history.epochs[0]["loss"]
    assert_same_weights(first, run(placement=placement, epochs=8)[0])
