"""What a run sees and in which order; SBD without what VOC measures on."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils.data.scenes import Unavailable
from course_utils.data.voc import VOID, image_names
from course_utils.recipes import pictures
from course_utils.recipes.pictures import load_pictures, sbd_without_val


@pytest.fixture(scope="module")
def drawn(shapes_tree):
    return load_pictures("shapes", root=shapes_tree)


def batches(drawn, start=0, stop=10, seed=0, batch=5):
    return list(drawn.batches(batch, 48, seed=seed, start=start, stop=stop, workers=0))


def test_a_run_goes_on_with_the_samples_it_would_have_had(drawn):
    whole, rest = batches(drawn), batches(drawn, start=4)
    for one, other in zip(whole[4:], rest, strict=True):
        for part, same in zip(one, other, strict=True):
            assert torch.equal(part, same)


def test_every_shuffle_shows_every_image_once():
    steps = pictures._Steps(12, 5, seed=0, start=0, stop=12)
    numbers, indices = zip(*[place for step in steps for place in step], strict=True)
    assert numbers == tuple(range(60))
    shuffles = [indices[i : i + 12] for i in range(0, 60, 12)]
    assert all(sorted(each) == list(range(12)) for each in shuffles)
    assert len(set(shuffles)) == 5


def test_a_batch_may_be_larger_than_the_set():
    steps = list(pictures._Steps(3, 8, seed=0, start=0, stop=2))
    assert [len(step) for step in steps] == [8, 8]
    assert sorted(index for _number, index in steps[0][:3]) == [0, 1, 2]


def test_an_image_is_cropped_anew_each_time_and_apart_from_torchs_numbers(drawn):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    dataset = drawn.batches(5, 48, seed=0, start=0, stop=1, workers=0).dataset
    first, second = dataset[0, 3], dataset[12, 3]
    assert not torch.equal(first[0], second[0])
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    assert torch.equal(dataset[0, 3][0], first[0])


def test_crops_have_one_size_and_void_where_nothing_is(drawn):
    for images, truth in batches(drawn, stop=4):
        assert images.shape == (5, 3, 48, 48)
        assert truth.shape == (5, 48, 48)
        assert set(truth.unique().tolist()) <= {*range(7), VOID}
    assert any((truth == VOID).any() for _images, truth in batches(drawn))


def test_validation_has_every_image_whole(drawn):
    seen = list(drawn.validation(workers=0))
    assert [tuple(images.shape) for images, _truth in seen] == [(1, 3, 64, 80)] * 8
    for (_images, truth), (_picture, mask) in zip(seen, drawn.val, strict=True):
        assert np.array_equal(truth[0].numpy(), np.array(mask))


@pytest.fixture
def sbd(shapes_tree, tmp_path):
    """An SBD of five images: one in VOC's train, two in its val (one in SBD's train)."""
    savemat = pytest.importorskip("scipy.io").savemat
    train, val = (image_names(shapes_tree, each) for each in ("train", "val"))
    lists = {"train": ["2008_000001", train[0], val[0]], "val": [val[1], "2008_000002"]}
    for folder in ("img", "cls"):
        (tmp_path / folder).mkdir()
    for image_set, names in lists.items():
        (tmp_path / f"{image_set}.txt").write_text("\n".join(names) + "\n")
        for name in names:
            labels = np.full((40, 50), 3, dtype=np.uint8)
            Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(tmp_path / f"img/{name}.jpg")
            savemat(tmp_path / f"cls/{name}.mat", {"GTcls": {"Segmentation": labels}})
    return tmp_path


def test_sbd_comes_without_what_voc_has(sbd, shapes_tree):
    more = sbd_without_val(sbd, shapes_tree)
    assert len(more) == 2
    for image, mask in more:
        assert image.size == (50, 40)
        assert set(np.unique(np.array(mask))) == {3}


def test_sbd_joins_vocs_train_and_not_its_val(sbd, shapes_tree, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    shutil.copytree(sbd, cache / "sbd", ignore=lambda *_: ["cache"])
    monkeypatch.setenv("COURSE_DATA_DIR", str(cache))
    found = load_pictures("voc", root=shapes_tree, sbd=True)
    assert (len(found.train), len(found.val)) == (12 + 2, 8)
    images, _truth = next(iter(found.batches(14, 32, seed=0, start=0, stop=1, workers=0)))
    assert images.shape == (14, 3, 32, 32)


def test_what_can_not_be_had_is_one_line(shapes_tree, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))

    def no_network(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr(pictures, "SBDataset", no_network)
    with pytest.raises(Unavailable, match=r"^SBD can't be had \(OSError: no network\)\.$"):
        load_pictures("voc", root=shapes_tree, sbd=True)

    def unavailable():
        raise Unavailable("A sentence of its own.", "no network")

    monkeypatch.setattr(pictures, "voc2012_root", unavailable)
    with pytest.raises(Unavailable, match=r"^VOC 2012 can't be had \(no network\)\.$"):
        load_pictures("voc")


def test_a_folder_without_voc_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds VOCdevkit/VOC2012"):
        load_pictures("voc", root=tmp_path)
    with pytest.raises(ValueError, match='"voc" or "shapes"'):
        load_pictures("cityscapes")
    with pytest.raises(ValueError, match="SBD beside VOC"):
        load_pictures("shapes", sbd=True)
