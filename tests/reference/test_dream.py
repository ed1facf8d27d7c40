"""Dreams: one step by hand, octaves, limits, and errors."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.reference.dream import dream

PLAIN = {"octaves": 1, "jitter": 0, "limits": None}


def small(dtype=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Tanh(), nn.Dropout(0.5),
        nn.Conv2d(4, 5, 3), nn.Flatten(),
    ).to(dtype)  # fmt: skip


def photographs(n=2, height=12, width=10, dtype=torch.float64):
    return torch.rand(n, 3, height, width, generator=torch.Generator().manual_seed(0)).to(dtype)


def ascent(model, x, steps, step, filters=slice(None)):
    """Normalised ascent on the norm, one photograph after another."""
    model.eval()
    ends = []
    for picture in x:
        for _ in range(steps):
            picture = picture.detach().requires_grad_()
            model[:5](picture[None])[:, filters].square().sum().sqrt().backward()
            picture = picture.detach() + step * picture.grad / picture.grad.abs().mean()
        ends.append(picture)
    return torch.stack(ends)


@pytest.mark.parametrize("filters", [None, [1], [4, 0]])
def test_one_octave_is_normalised_ascent_on_the_norm(filters):
    x = photographs()
    result = dream(small(), x, "4", filters=filters, steps=3, step=0.02, **PLAIN)
    expected = ascent(small(), x, 3, 0.02, slice(None) if filters is None else filters)
    assert torch.allclose(result.pictures, expected)
    maps = small().eval()[:5](x)
    maps = maps if filters is None else maps[:, filters]
    assert [each.shape for each in result.norms] == [(3, 2)]
    assert torch.allclose(result.norms[0][0], maps.square().sum(dim=(1, 2, 3)).sqrt())


def test_a_step_moves_pixels_by_its_size_on_average():
    x = photographs()
    moved = dream(small(), x, "4", steps=1, step=0.03, **PLAIN).pictures - x
    assert torch.allclose(moved.abs().mean(dim=(1, 2, 3)), torch.tensor(0.03).double())


def test_octaves_carry_what_was_added_over_to_the_next_size():
    x = photographs(1, 15, 13)
    result = dream(
        small(), x, "4", octaves=3, scale=1.5, steps=2, step=0.02, jitter=0, limits=None
    )
    detail = torch.zeros(1, 3, 1, 1).double()
    for size in [(7, 6), (10, 9), (15, 13)]:
        base = F.interpolate(x, size, mode="bilinear", antialias=True)
        start = base + F.interpolate(detail, size, mode="bilinear", antialias=True)
        detail = ascent(small(), start, 2, 0.02) - base
    assert torch.allclose(result.pictures, x + detail)
    assert [each.shape for each in result.norms] == [(2, 1)] * 3


def test_the_norm_rises():
    result = dream(small(), photographs(), "4", steps=8, **PLAIN)
    assert (result.norms[0].diff(dim=0) > 0).all()


def test_each_photograph_dreams_alone():
    options = {"octaves": 2, "steps": 2, "step": 0.02}
    together = dream(small(), photographs(), "4", **options).pictures
    for i in range(2):
        alone = dream(small(), photographs()[i : i + 1], "4", **options).pictures
        assert torch.allclose(together[i : i + 1], alone)


def test_pixels_stay_inside_the_limits():
    result = dream(small(), photographs(), "4", octaves=2, step=0.5).pictures
    assert result.min() == 0
    assert result.max() == 1
    narrow = dream(small(), photographs(), "4", octaves=2, step=0.5, limits=(0.2, 0.6)).pictures
    assert narrow.min() == 0.2
    assert narrow.max() == 0.6


def test_jitter_depends_on_the_seed_and_moves_the_gradient_back():
    def run(seed, jitter=2):
        options = {"octaves": 1, "steps": 1, "limits": None, "seed": seed, "jitter": jitter}
        return dream(small(), photographs(1), "4", **options).pictures

    x, model = photographs(1), small()
    state = torch.random.get_rng_state()
    pictures = [run(seed) for seed in range(40)]
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(pictures[0], run(0))
    expected = {}
    for down in range(-2, 3):
        for right in range(-2, 3):
            moved = x.roll((down, right), dims=(2, 3))
            step = ascent(model, moved, 1, 1.5 / 255) - moved
            expected[down, right] = x + step.roll((-down, -right), dims=(2, 3))
    moves = set()
    for each in pictures:
        (move,) = [move for move, end in expected.items() if torch.allclose(each, end)]
        moves.add(move)
    assert {down for down, _ in moves} == {right for _, right in moves} == {-2, -1, 0, 1, 2}


def test_the_model_and_the_photographs_are_left_as_they_were_found():
    model, x = small().train(), photographs()
    model[1].eval()
    before, kept = {k: v.clone() for k, v in model.state_dict().items()}, x.clone()
    with torch.no_grad():
        dream(model, x, "4", octaves=2, steps=2)
    with pytest.raises(ValueError, match="got 'conv9'"):
        dream(model, x, "conv9")
    assert [each.training for each in model] == [True, False, True, True, True, True]
    assert not any(each._forward_hooks for each in model.modules())
    assert all(torch.equal(number, before[name]) for name, number in model.state_dict().items())
    assert all(number.grad is None for number in model.parameters())
    assert torch.equal(x, kept)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pictures_have_the_photographs_dtype_and_no_graph(dtype):
    x = photographs(1, dtype=dtype).permute(0, 1, 3, 2).requires_grad_()
    result = dream(small(dtype), x, "4", octaves=1, steps=2)
    assert result.pictures.dtype == result.norms[0].dtype == dtype
    assert result.pictures.shape == x.shape
    assert not result.pictures.requires_grad
    assert not result.norms[0].requires_grad


def test_autocast_dreams_in_half_precision():
    x = photographs(dtype=torch.float32)
    exact, half = (
        dream(small(torch.float32), x, "4", steps=2, autocast=each, **PLAIN)
        for each in (None, torch.bfloat16)
    )
    assert half.pictures.dtype == half.norms[0].dtype == torch.float32
    with torch.no_grad():
        maps = small(torch.float32).eval()[:5](x)
    assert torch.allclose(exact.norms[0][0], maps.square().sum(dim=(1, 2, 3)).sqrt(), rtol=1e-5)
    assert not torch.allclose(half.norms[0], exact.norms[0], rtol=1e-5)
    assert torch.allclose(half.norms[0], exact.norms[0], rtol=0.02)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_gpu_dreams_the_same():
    here = dream(small(), photographs(), "4", octaves=2, steps=2).pictures
    there = dream(small().cuda(), photographs(), "4", octaves=2, steps=2).pictures
    assert torch.allclose(here, there.cpu(), atol=1e-6)


def test_the_bar_is_shown_on_request_only(capsys):
    dream(small(), photographs(), "4", octaves=2, steps=3)
    assert capsys.readouterr().err == ""
    dream(small(), photographs(), "4", octaves=2, steps=3, progress=True)
    assert "0/6" in capsys.readouterr().err


def test_the_papers_settings_are_the_default():
    default = dream(small(), photographs(1, 40, 30), "4")
    said = dream(
        small(), photographs(1, 40, 30), "4", octaves=4, scale=1.4, steps=10, step=1.5 / 255,
        jitter=32, limits=(0, 1), seed=0,
    )  # fmt: skip
    assert torch.equal(default.pictures, said.pictures)


# Bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"octaves": 0}, "octaves=0"),
        ({"steps": 0}, "steps=0"),
        ({"scale": 1.0}, "scale=1.0"),
        ({"octaves": 9, "scale": 3.0}, r"\(12, 10\) shrinks to \(0, 0\)"),
        ({"filters": [0, 5]}, r"filters of '4' in 0\.\.4, got \[5\]"),
        ({"filters": [-1]}, r"in 0\.\.4, got \[-1\]"),
        ({"filters": []}, "got none"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        dream(small(), photographs(), "4", **{"octaves": 1, **options})


@pytest.mark.parametrize(
    "wrong", [torch.zeros(3, 9, 9), torch.zeros(1, 3, 9, 9, dtype=torch.uint8)]
)
def test_photographs_that_are_not_floating_batches_are_refused(wrong):
    with pytest.raises(ValueError, match=r"floating photographs \(N, C, H, W\), got"):
        dream(small(), wrong, "4")


def test_a_layer_that_one_photograph_does_not_excite_is_refused():
    model = nn.Sequential(nn.Conv2d(3, 1, 1), nn.ReLU())
    nn.init.ones_(model[0].weight)
    nn.init.constant_(model[0].bias, -1.0)
    x = photographs(dtype=torch.float32)
    assert dream(model, x, "1", octaves=1).pictures.shape == x.shape
    x[1] = 0
    with pytest.raises(ValueError, match="'1' to answer to every photograph"):
        dream(model, x, "1", octaves=1)
