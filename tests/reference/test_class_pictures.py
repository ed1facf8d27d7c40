"""Class pictures: the closed form of a linear model, gradients, and independence."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_utils.reference.class_pictures import Normalized, class_logits, maximize_class
from course_utils.reference.picture_priors import blurred, total_variation

SIZE = (2, 3, 4)
OFF = {"lambda_": 0.0, "optimizer": "ascent"}


def linear(dtype=torch.float64, classes=5):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(24, classes)).to(dtype)
    return model, model[1].weight.detach().reshape(classes, *SIZE), model[1].bias.detach()


def bent(dtype=torch.float64):
    """A small convolutional network, with BatchNorm and dropout to catch train mode."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Tanh(), nn.Dropout(0.5),
        nn.Conv2d(4, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    ).to(dtype)  # fmt: skip


# The lecture's formula ----------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 2.0), st.floats(0.1, 0.9), st.integers(1, 12), st.integers(0, 99))
def test_ascent_on_a_linear_model_follows_its_closed_form(lambda_, share, steps, seed):
    model, weight, bias = linear()
    step, classes = share / (2 * lambda_), [3, 0, 3]
    start = torch.randn(3, *SIZE, generator=torch.Generator().manual_seed(seed)).double()
    options = {"steps": steps, "step": step, "optimizer": "ascent", "start": start}
    result = maximize_class(model, classes, SIZE, lambda_=lambda_, **options)
    optimum = weight[classes] / (2 * lambda_)
    for t in range(steps + 1):
        x = optimum + (1 - 2 * lambda_ * step) ** t * (start - optimum)
        logits = (weight[classes] * x).sum(dim=(1, 2, 3)) + bias[classes]
        assert torch.allclose(result.logits[t], logits)
        assert torch.allclose(result.penalties[t], lambda_ * x.square().sum(dim=(1, 2, 3)))
    assert torch.allclose(result.pictures, x)


@pytest.mark.parametrize("optimizer", ["adam", "ascent"])
def test_from_noise_the_picture_ends_in_the_optimum(optimizer):
    model, weight, _ = linear()
    result = maximize_class(
        model, [1, 4], SIZE, lambda_=0.5, steps=600, step=0.05, optimizer=optimizer
    )
    assert torch.allclose(result.pictures, weight[[1, 4]] / (2 * 0.5), atol=1e-4)


def test_the_first_step_is_the_gradient_by_finite_differences():
    model, lambda_, step = bent().eval(), 0.3, 0.01
    start = torch.randn(1, 2, 5, 5, dtype=torch.float64)
    result = maximize_class(
        model,
        [2],
        (2, 5, 5),
        lambda_=lambda_,
        steps=1,
        step=step,
        optimizer="ascent",
        start=start,
    )

    def objective(x):
        return (model(x)[0, 2] - lambda_ * x.square().sum()).item()

    expected, h = torch.zeros_like(start), 1e-5
    for place in range(start.numel()):
        bump = torch.zeros_like(start)
        bump.view(-1)[place] = h
        with torch.no_grad():
            expected.view(-1)[place] = (objective(start + bump) - objective(start - bump)) / (
                2 * h
            )
    assert torch.allclose((result.pictures - start) / step, expected, atol=1e-6)


def test_adam_moves_every_pixel_by_one_step_first():
    model, weight, _ = linear()
    start = torch.randn(2, *SIZE, dtype=torch.float64)
    result = maximize_class(model, [0, 1], SIZE, lambda_=0.0, steps=1, step=0.7, start=start)
    assert torch.allclose(result.pictures, start + 0.7 * weight[:2].sign(), atol=1e-4)


def test_a_larger_lambda_ends_in_a_smaller_norm_and_logit():
    ends = [
        maximize_class(bent(), [0, 1], (2, 6, 6), lambda_=each, steps=40, step=0.1)
        for each in (0.0, 0.01, 0.1)
    ]
    norms = torch.stack([each.pictures.square().sum(dim=(1, 2, 3)) for each in ends])
    logits = torch.stack([each.logits[-1] for each in ends])
    assert (norms.diff(dim=0) < 0).all()
    assert (logits.diff(dim=0) < 0).all()
    assert (ends[0].penalties == 0).all()
    assert (ends[0].logits[-1] > ends[0].logits[0]).all()


def test_the_documented_settings_are_the_default():
    default = maximize_class(bent(), [1], (2, 5, 5))
    said = maximize_class(
        bent(), [1], (2, 5, 5), lambda_=1e-4, steps=100, step=2.0, optimizer="adam", noise=1.0,
        seed=0, variation=0, blur=0, jitter=0,
    )  # fmt: skip
    assert torch.equal(default.pictures, said.pictures)
    assert torch.equal(default.logits, said.logits)


# Every class by itself ----------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"optimizer": "ascent", "jitter": 2, "blur": 0.5}])
def test_many_classes_at_once_equal_one_by_one(options):
    options = {"steps": 5, "step": 0.1, "blur_every": 2, "seed": 3} | options
    together = maximize_class(bent(), [2, 0, 1], (2, 5, 6), **options)
    for i, y in enumerate([2, 0, 1]):
        alone = maximize_class(bent(), [y], (2, 5, 6), **options)
        assert torch.allclose(together.pictures[i], alone.pictures[0])
        assert torch.allclose(together.logits[:, i], alone.logits[:, 0])
        assert torch.allclose(together.penalties[:, i], alone.penalties[:, 0])


def test_noise_depends_on_seed_and_class_alone():
    def first(seed, classes, **more):
        options = {"steps": 1, "step": 0.0, "seed": seed, **more}
        return maximize_class(bent(), classes, (2, 32, 32), **options).pictures

    pictures = first(0, [0, 1, 0])
    assert torch.equal(pictures, first(0, [0, 1, 0]))
    assert torch.equal(pictures[0], pictures[2])
    assert not torch.equal(pictures[0], pictures[1])
    assert not torch.equal(pictures, first(1, [0, 1, 0]))
    assert not torch.equal(pictures[1], first(1, [0])[0])  # seeds do not run into classes
    assert pictures.std().item() == pytest.approx(1, abs=0.05)
    assert abs(pictures.mean().item()) < 0.05
    assert torch.allclose(first(0, [0], noise=5.0), 5 * pictures[:1])


def test_the_global_generator_is_not_touched():
    state = torch.random.get_rng_state()
    maximize_class(bent().eval(), [0], (2, 5, 5), steps=2, jitter=1)
    assert torch.equal(torch.random.get_rng_state(), state)


# Options, off unless asked for --------------------------------------------------


def test_variation_adds_its_gradient():
    start = torch.randn(1, *SIZE, dtype=torch.float64, requires_grad=True)
    model, weight, _ = linear()
    options = {"steps": 1, "step": 0.1, "start": start, **OFF}
    result = maximize_class(model, [0], SIZE, variation=0.4, **options)
    (gradient,) = torch.autograd.grad(total_variation(start).sum(), start)
    assert torch.allclose(result.pictures, start + 0.1 * (weight[:1] - 0.4 * gradient))
    assert start.requires_grad


def test_blur_comes_after_every_few_steps():
    model, weight, _ = linear()
    start = torch.randn(1, *SIZE, dtype=torch.float64)
    options = {"step": 0.1, "start": start, "blur": 0.5, **OFF}
    x = start
    for t in range(1, 6):
        x = x + 0.1 * weight[:1]
        x = blurred(x, 0.5) if t % 2 == 0 else x
        result = maximize_class(model, [0], SIZE, steps=t, blur_every=2, **options)
        assert torch.allclose(result.pictures, x)
    always = maximize_class(model, [0], SIZE, steps=1, blur_every=1, **options)
    assert torch.allclose(always.pictures, blurred(start + 0.1 * weight[:1], 0.5))
    fourth = maximize_class(model, [0], SIZE, steps=4, **options)
    assert torch.allclose(fourth.pictures, blurred(start + 0.4 * weight[:1], 0.5))


def test_jitter_shows_the_model_a_moved_picture_and_moves_the_gradient_back():
    model, weight, bias = linear()
    start = torch.randn(1, *SIZE, dtype=torch.float64)
    options = {"steps": 1, "step": 0.1, "start": start, "jitter": 1, **OFF}
    moves = set()
    for seed in range(60):
        result = maximize_class(model, [0], SIZE, seed=seed, **options)
        gradient = (result.pictures - start)[0] / 0.1
        back = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if torch.allclose(gradient, weight[0].roll((-down, -right), dims=(1, 2)))
        ]
        assert len(back) == 1
        moves.add(back[0])
        seen = (start[0].roll(back[0], dims=(1, 2)) * weight[0]).sum() + bias[0]
        assert torch.allclose(result.logits[0, 0], seen)
        still = (result.pictures[0] * weight[0]).sum() + bias[0]
        assert torch.allclose(result.logits[1, 0], still)
    assert len(moves) == 9


def test_a_step_is_drawn_anew_for_every_jitter():
    model, _, _ = linear()
    options = {"step": 1.0, "start": torch.zeros(1, *SIZE), "jitter": 1, "lambda_": 0.0}
    pictures = [
        maximize_class(model, [0], SIZE, steps=t, optimizer="ascent", **options).pictures
        for t in (1, 2, 3, 4, 5, 6)
    ]
    steps = [after - before for before, after in pairwise(pictures)]
    assert any(not torch.allclose(each, steps[0]) for each in steps)


# Left as found, everywhere ------------------------------------------------------


def test_the_model_is_left_as_it_was_found_even_after_an_error():
    model = bent().train()
    model[1].eval()
    model[0].weight.requires_grad_(False)
    before = {name: number.clone() for name, number in model.state_dict().items()}
    with torch.no_grad():
        maximize_class(model, [0], (2, 5, 5), steps=3)
    with pytest.raises(ValueError, match=r"classes in 0\.\.2"):
        maximize_class(model, [3], (2, 5, 5), steps=3)
    assert [each.training for each in model] == [True, False, True, True, True, True, True]
    assert all(torch.equal(number, before[name]) for name, number in model.state_dict().items())
    assert all(number.grad is None for number in model.parameters())
    assert [each.requires_grad for each in model.parameters()] == [False, *[True] * 5]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pictures_have_the_models_dtype_and_no_graph(dtype):
    result = maximize_class(bent(dtype), [0], (2, 5, 5), steps=2)
    assert result.pictures.dtype == result.logits.dtype == result.penalties.dtype == dtype
    assert result.pictures.shape == (1, 2, 5, 5)
    assert result.logits.shape == result.penalties.shape == (3, 1)
    assert not any(each.requires_grad for each in vars(result).values())


def test_autocast_climbs_in_half_precision_to_a_full_picture():
    options = {"steps": 3, "step": 0.1, "lambda_": 0.0}
    exact = maximize_class(bent(torch.float32), [0], (2, 6, 6), **options)
    half = maximize_class(
        bent(torch.float32), [0], (2, 6, 6), autocast=torch.bfloat16, **options
    )
    assert half.pictures.dtype == half.logits.dtype == torch.float32
    assert torch.equal(half.logits.bfloat16().float(), half.logits)
    assert not torch.equal(half.logits, exact.logits)
    assert torch.allclose(half.logits, exact.logits, atol=0.05)


def test_a_start_that_is_not_contiguous_is_taken_and_kept():
    start = torch.randn(1, 5, 4, 2).permute(0, 3, 1, 2)
    before = start.clone()
    options = {"steps": 2, "step": 0.1}
    result = maximize_class(bent(), [0], (2, 5, 4), start=start, **options)
    same = maximize_class(bent(), [0], (2, 5, 4), start=start.contiguous(), **options)
    assert torch.allclose(result.pictures, same.pictures)
    assert torch.equal(start, before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_gpu_takes_the_same_first_step():
    here = maximize_class(bent(), [0, 2], (2, 6, 6), steps=1, jitter=2)
    there = maximize_class(bent().cuda(), [0, 2], (2, 6, 6), steps=1, jitter=2)
    assert there.pictures.is_cuda
    assert torch.allclose(here.pictures, there.pictures.cpu(), atol=1e-6)


def test_the_bar_is_shown_on_request_only(capsys):
    maximize_class(bent(), [0], (2, 5, 5), steps=2)
    assert capsys.readouterr().err == ""
    maximize_class(bent(), [0], (2, 5, 5), steps=2, progress=True)
    assert "0/2" in capsys.readouterr().err


def test_normalized_takes_plain_pixels():
    network = nn.Sequential(nn.Conv2d(3, 2, 1)).double()
    model = Normalized(network, mean=(0.5, 1.0, 2.0), std=(0.5, 2.0, 4.0))
    pixels = torch.tensor([1.0, 5.0, 0.0]).double().reshape(1, 3, 1, 1)
    standard = torch.tensor([1.0, 2.0, -0.5]).double().reshape(1, 3, 1, 1)
    assert torch.equal(model(pixels), network(standard))
    assert model.mean.dtype == torch.float64
    assert {"mean", "std"} <= set(model.state_dict())
    assert torch.equal(
        Normalized(nn.ReLU(), [1.0], [2.0])(torch.ones(1, 1, 1, 1) * 5),
        torch.full((1, 1, 1, 1), 2.0),
    )


def test_the_same_picture_in_other_units_needs_another_lambda():
    """x in bytes is 255 times x in 0..1, so lambda is 255 squared times smaller."""
    model, weight, _ = linear()
    bytes_model = Normalized(model, mean=(0.0, 0.0), std=(255.0, 255.0))
    options = {"steps": 400, "optimizer": "ascent"}
    ones = maximize_class(model, [0], SIZE, lambda_=0.5, step=0.1, **options)
    bytes_ = maximize_class(
        bytes_model, [0], SIZE, lambda_=0.5 / 255**2, step=0.1 * 255**2, **options
    )
    assert torch.allclose(ones.pictures, weight[:1], atol=1e-6)
    assert torch.allclose(bytes_.pictures, 255 * weight[:1], atol=1e-4)


def test_class_logits_are_those_of_each_pictures_own_class():
    model, weight, bias = linear()
    pictures = torch.randn(3, *SIZE, dtype=torch.float64)
    expected = (pictures * weight[[4, 0, 4]]).sum(dim=(1, 2, 3)) + bias[[4, 0, 4]]
    assert torch.allclose(class_logits(model, pictures, [4, 0, 4]), expected)


# Bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "sgd"}, r"out of \['adam', 'ascent'\], got 'sgd'"),
        ({"steps": 0}, "steps=0"),
        ({"blur_every": 0}, "blur_every=0"),
        ({"start": torch.zeros(1, 2, 5, 4)}, r"start \(1, 2, 5, 5\), got \(1, 2, 5, 4\)"),
        ({"start": torch.zeros(2, 2, 5, 5)}, r"start \(1, 2, 5, 5\), got \(2, 2, 5, 5\)"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        maximize_class(bent(), [0], (2, 5, 5), **options)


@pytest.mark.parametrize("wrong", [-1, 3])
def test_classes_that_are_not_there_are_named(wrong):
    with pytest.raises(ValueError, match=rf"classes in 0\.\.2, got \[{wrong}\]"):
        maximize_class(bent(), [0, wrong, 2], (2, 5, 5))
    with pytest.raises(ValueError, match="at least one class, got none"):
        maximize_class(bent(), [], (2, 5, 5))


def test_a_softmax_at_the_end_is_found_out():
    model = nn.Sequential(bent(), nn.Softmax(dim=1))
    with pytest.raises(ValueError, match="Leave the softmax out"):
        maximize_class(model, [0], (2, 5, 5))


@pytest.mark.parametrize(
    "logits", [[[0.5, 0.5], [0.5, 0.6]], [[1.5, -0.5], [0.5, 0.5]], [[0.9, 0.09], [0.5, 0.5]]]
)
def test_logits_that_only_resemble_probabilities_are_taken(logits):
    class Says(nn.Module):
        def forward(self, x):
            return torch.tensor(logits)

    answer = class_logits(Says(), torch.zeros(2, 1, 2, 2), [0, 1])
    assert torch.equal(answer, torch.tensor(logits).diagonal())


def test_a_single_logit_may_be_one():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1))
    nn.init.constant_(model[1].weight, 0.25)
    nn.init.zeros_(model[1].bias)
    assert class_logits(model, torch.ones(1, 1, 2, 2), [0]).item() == 1


def test_a_dense_prediction_is_refused():
    with pytest.raises(ValueError, match=r"logits \(N, K\), got \(1, 3, 3, 3\)"):
        maximize_class(bent()[:5], [0], (2, 5, 5))


def test_a_logit_that_does_not_see_the_picture_is_refused():
    model, _, _ = linear()
    with torch.no_grad():
        model[1].weight[2] = 0
    with pytest.raises(ValueError, match=r"classes \[2\] has gradient 0"):
        maximize_class(model, [0, 2], SIZE, steps=1)
    with torch.no_grad():
        model[1].bias.fill_(-99)
    model.append(nn.ReLU())
    with pytest.raises(ValueError, match="Leave a final ReLU or softmax out"):
        maximize_class(model, [0, 1], SIZE)

    class Deaf(nn.Module):
        def forward(self, x):
            return torch.tensor([[1.0, 2.0]])

    with pytest.raises(ValueError, match=r"classes \[1\] has gradient 0"):
        maximize_class(Deaf(), [1], SIZE)


def test_a_climb_into_infinity_is_refused():
    model, _, _ = linear()
    with pytest.raises(
        ValueError, match=r"classes \[1, 0\] left all bounds in step \d+\. Take"
    ):
        maximize_class(model, [1, 0], SIZE, lambda_=1.0, step=1e200, optimizer="ascent")
    with pytest.raises(ValueError, match="in step 1"):
        maximize_class(model, [1], SIZE, steps=1, step=float("inf"), optimizer="ascent")
