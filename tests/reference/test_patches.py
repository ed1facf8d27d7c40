"""Best patches, against storing every response and looking through all of them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader

from course_utils.reference.patches import cut_patches, top_patches
from course_utils.reference.receptive_field import Box, Geometry

POINT = Geometry((1, 1), (1, 1), (0, 0))


class Given(nn.Module):
    """Answers with its input: what the test says the responses are."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Identity()

    def forward(self, x):
        return self.layer(x)


def sort_everything(batches, count, above):
    """The rules, slowly: keep every response of every image, then sort with plain Python."""
    images = [image.numpy() for batch in batches for image in batch]
    result = []
    for f in range(len(images[0])):
        maps = [image[f] for image in images]
        everything = np.concatenate([each.ravel() for each in maps])
        rows = []
        for number, each in enumerate(maps):
            value = max(each.ravel())
            place = min((i, j) for i, j in np.ndindex(each.shape) if each[i, j] == value)
            rows.append((-value, number, place))
        dead = len(everything) > 1 and len(set(everything.tolist())) == 1
        kept = [] if dead else [each for each in sorted(rows) if -each[0] > above]
        result.append([(-value, number, place) for value, number, place in kept[:count]])
    return result


@st.composite
def responses(draw):
    filters = draw(st.integers(1, 3))
    values = draw(st.lists(st.integers(-2, 3), min_size=1, max_size=4, unique=True))
    pick, batches = st.sampled_from([float(v) for v in values]), []
    for _ in range(draw(st.integers(1, 4))):
        shape = (
            draw(st.integers(1, 3)),
            filters,
            draw(st.integers(1, 3)),
            draw(st.integers(1, 3)),
        )
        size = int(np.prod(shape))
        numbers = draw(st.lists(pick, min_size=size, max_size=size))
        batches.append(torch.tensor(numbers, dtype=torch.float64).reshape(shape))
    return batches


@settings(max_examples=150, deadline=None)
@given(responses(), st.integers(1, 5), st.sampled_from([0.0, 1.0, -float("inf")]))
def test_one_pass_equals_storing_every_response(batches, count, above):
    found = top_patches(Given(), batches, "layer", count=count, above=above)
    simple = [[(p.value, p.image, p.unit) for p in patches] for patches in found]
    assert simple == sort_everything(batches, count, above)
    sizes = [tuple(image.shape[1:]) for batch in batches for image in batch]
    assert all(p.image_size == sizes[p.image] for patches in found for p in patches)


def trained_looking():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 5, 5, stride=2, padding=2), nn.BatchNorm2d(5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(5, 4, 3, padding=1), nn.Flatten(), nn.LazyLinear(2),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch_size", [1, 3, 7])
def test_a_network_over_a_loader_gives_the_stored_maxima(dtype, batch_size):
    model = trained_looking().to(dtype).eval()
    images = torch.randn(7, 3, 24, 20, dtype=dtype)
    labels = torch.arange(7)
    loader = DataLoader(list(zip(images, labels, strict=True)), batch_size=batch_size)
    found = top_patches(model, loader, "4", count=3, above=-float("inf"))
    with torch.no_grad():
        maps = model[:5](images)
    for f, patches in enumerate(found):
        values, numbers = maps[:, f].amax(dim=(1, 2)).sort(descending=True)
        assert [p.image for p in patches] == numbers[:3].tolist()
        assert [p.value for p in patches] == pytest.approx(values[:3].tolist(), rel=1e-5)
        for p in patches:
            assert maps[p.image, f][p.unit].item() == pytest.approx(p.value, rel=1e-5)


def test_the_windows_pixels_alone_give_the_response():
    """The response is recomputed from the cut pixels, zeros where the border cut them off."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(2, 6, (5, 3), (2, 1), (2, 1)), nn.ReLU())
    images = torch.randn(8, 2, 9, 7)
    found, clipped = top_patches(model, [images[:5], images[5:]], "1", count=4), 0
    for f, patches in enumerate(found):
        assert patches
        for p, pixels in zip(patches, cut_patches(images, patches, fill=0.0), strict=True):
            assert pixels.shape == (2, 5, 3)
            value = (pixels * model[0].weight[f]).sum() + model[0].bias[f]
            assert value.item() == pytest.approx(p.value, rel=1e-5)
            clipped += sum(p.clipped) > 0
    assert clipped


def test_the_border_says_how_much_it_cut_off():
    geometry = Geometry((4, 6), (1, 1), (-1, -2))
    maps = torch.zeros(1, 1, 3, 5)
    maps[0, 0, 0, 1] = 1
    (patches,) = top_patches(Given(), [maps], "layer", geometry=geometry)
    (patch,) = patches
    assert patch.window == Box(0, 0, 3, 5)
    assert patch.unclipped == Box(-1, -1, 3, 5)
    assert patch.clipped == Box(top=1, left=1, bottom=0, right=0)
    image = torch.arange(15).reshape(1, 3, 5)
    assert torch.equal(cut_patches([image], patches)[0], image)
    filled = cut_patches([(image, "label")], patches, fill=-7)[0]
    assert filled.shape == (1, 4, 6)
    assert torch.equal(filled[:, 1:, 1:], image)
    assert (filled[:, 0] == -7).all()
    assert (filled[:, :, 0] == -7).all()
    maps = torch.zeros(1, 1, 3, 5)
    maps[0, 0, 2, 4] = 1
    (patches,) = top_patches(Given(), [maps], "layer", geometry=geometry)
    assert patches[0].clipped == Box(top=0, left=0, bottom=2, right=3)
    assert cut_patches([image], patches, fill=0)[0].shape == (1, 4, 6)
    assert torch.equal(cut_patches([image], patches)[0], image[:, 1:, 2:])


def test_images_of_several_sizes_keep_their_own_windows():
    batches = [torch.rand(2, 1, 4, 4), torch.rand(1, 1, 6, 3), torch.rand(1, 1, 5, 9)]
    (patches,) = top_patches(Given(), batches, "layer", geometry=POINT)
    assert {p.image: p.image_size for p in patches} == {
        0: (4, 4),
        1: (4, 4),
        2: (6, 3),
        3: (5, 9),
    }
    images = [image for batch in batches for image in batch]
    pieces = cut_patches(images, patches)
    assert [piece.item() for piece in pieces] == [p.value for p in patches]


def test_nine_patches_of_what_relu_lets_through_are_the_default():
    maps = torch.cat((torch.arange(1.0, 13), torch.tensor([0.0]))).reshape(13, 1, 1, 1)
    (patches,) = top_patches(Given(), [maps], "layer")
    assert [p.value for p in patches] == [12, 11, 10, 9, 8, 7, 6, 5, 4]
    (patches,) = top_patches(Given(), [maps[:2] * 0 - 1, maps[12:]], "layer")
    assert patches == []


def test_dead_filters_have_no_patches():
    maps = torch.zeros(2, 4, 2, 2)
    maps[:, 1] = 3.0  # says the same of every place
    maps[:, 2] = -1.0
    maps[1, 3, 0, 1] = 2.0
    found = top_patches(Given(), [maps[:1], maps[1:]], "layer")
    assert [len(each) for each in found] == [0, 0, 0, 1]
    assert [len(each) for each in top_patches(Given(), [maps[:1, :, :1, :1]], "layer")] == [
        0,
        1,
        0,
        0,
    ]
    (one_flat_map,) = top_patches(Given(), [torch.ones(1, 1, 2, 2)], "layer")
    assert one_flat_map == []
    later = top_patches(Given(), [maps[:1], maps[1:] + 1], "layer", count=1)
    assert [[p.value for p in each] for each in later] == [[1.0], [4.0], [], [3.0]]


def test_the_model_is_left_as_it_was_found_even_after_an_error():
    model = trained_looking().train()
    model[1].eval()
    model(torch.randn(2, 3, 8, 8))
    before = {name: number.clone() for name, number in model.state_dict().items()}
    for images in (torch.randn(2, 3, 8, 8), torch.randn(2, 7, 8, 8)):
        try:
            top_patches(model, [images], "4")
        except RuntimeError:
            assert images.shape[1] == 7
        assert [each.training for each in model] == [True, False, True, True, True, True, True]
        assert not any(each._forward_hooks for each in model.modules())
        assert all(
            torch.equal(number, before[name]) for name, number in model.state_dict().items()
        )
        assert all(number.grad is None for number in model.parameters())


def test_responses_are_those_of_eval_mode_without_a_graph():
    model = nn.Sequential(nn.Dropout(0.9), nn.Conv2d(1, 1, 1)).train()
    images = torch.rand(3, 1, 4, 4)
    graphs = []
    model[1].register_forward_hook(lambda _m, _i, output: graphs.append(output.requires_grad))
    first, second = (top_patches(model, [images], "1", above=-9) for _ in range(2))
    assert first == second
    assert graphs == [False, False]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_gives_half_precision_responses(dtype):
    torch.manual_seed(0)
    model, images = nn.Sequential(nn.Conv2d(1, 3, 3)), torch.randn(4, 1, 8, 8)
    exact = top_patches(model, [images], "0", count=4, above=-99)
    rounded = top_patches(model, [images], "0", count=4, above=-99, autocast=dtype)
    values = [[p.value for p in each] for each in rounded]
    kept = [
        torch.tensor(values).to(each).tolist() == values for each in (dtype, torch.bfloat16)
    ]
    assert kept == [True, dtype == torch.bfloat16]
    assert values != [[p.value for p in each] for each in exact]
    assert np.allclose(
        values, [[p.value for p in each] for each in exact], rtol=0.05, atol=0.05
    )


def test_non_contiguous_images_are_taken():
    images = torch.randint(-8, 9, (4, 6, 5, 3)).float().permute(0, 3, 1, 2)
    model = nn.Sequential(nn.Conv2d(3, 2, 3, bias=False))
    with torch.no_grad():
        model[0].weight.mul_(50).round_()  # whole numbers: sums are exact in any order
    assert top_patches(model, [images], "0") == top_patches(model, [images.contiguous()], "0")


def test_the_bar_is_shown_on_request_only(capsys):
    batches = [torch.rand(1, 1, 2, 2)] * 3
    top_patches(Given(), batches, "layer")
    assert capsys.readouterr().err == ""
    top_patches(Given(), batches, "layer", progress=True)
    assert "layer" in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_gpu_finds_the_same_patches():
    torch.manual_seed(0)
    model, images = nn.Sequential(nn.Conv2d(1, 3, 3)).double(), torch.randn(9, 1, 8, 8).double()
    here = top_patches(model, images.split(2), "0")
    there = top_patches(model.cuda(), images.split(2), "0")
    assert [[p.unit for p in each] for each in here] == [
        [p.unit for p in each] for each in there
    ]


# Bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (torch.zeros(2, 1, 3, 3, dtype=torch.uint8), r"got \(2, 1, 3, 3\) torch.uint8"),
        (torch.zeros(1, 3, 3), r"got \(1, 3, 3\) torch.float32"),
        (torch.zeros(0, 1, 3, 3), r"got \(0, 1, 3, 3\)"),
        ({"image": 1}, "got {'image': 1}"),
    ],
)
def test_a_batch_that_is_not_floating_images_is_refused(batch, message):
    with pytest.raises(ValueError, match=message):
        top_patches(Given(), [batch], "layer")


def test_no_image_at_all_is_refused():
    with pytest.raises(ValueError, match="got none"):
        top_patches(Given(), [], "layer")


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count):
    with pytest.raises(ValueError, match=f"got {count}"):
        top_patches(Given(), [torch.rand(1, 1, 2, 2)], "layer", count=count)
    assert top_patches(Given(), [torch.rand(1, 1, 2, 2)], "layer", count=1)


def test_units_without_a_place_are_refused():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    with pytest.raises(ValueError, match=r"out of '1', got \(3, 2\)"):
        top_patches(model, [torch.rand(3, 1, 2, 2)], "1", geometry=POINT)


def test_the_image_with_nan_is_named():
    batches = [torch.rand(3, 2, 2, 2), torch.rand(2, 2, 2, 2)]
    batches[1][1, 1, 0, 1] = float("nan")
    with pytest.raises(ValueError, match="NaN in the maps of image 4"):
        top_patches(Given(), batches, "layer")


@pytest.mark.parametrize("shape", [(1, 3, 2), (1, 2, 3)])
def test_another_image_than_the_one_seen_is_refused(shape):
    (patches,) = top_patches(Given(), [torch.rand(1, 1, 2, 2)], "layer")
    with pytest.raises(ValueError, match=r"image 0 of \(2, 2\), as it was seen, got"):
        cut_patches([torch.rand(*shape)], patches)
