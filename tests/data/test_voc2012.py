"""VOC 2012 from the network to a lecture: a small archive of its layout goes the whole way."""

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.datasets import VOCSegmentation
from torchvision.datasets.voc import DATASET_YEAR_DICT

from course_utils import i18n, session
from course_utils.data import VOC_CLASSES, cache, downloads, voc2012, voc_statistics
from course_utils.data.scenes import Unavailable, load_scenes, voc2012_root
from course_utils.data.shapes_voc import make_shapes_voc
from course_utils.data.transforms import train_transforms
from course_utils.data.voc import VOID, image_names, read_labels, voc_folder
from course_utils.reference.losses import categorical_cross_entropy
from course_utils.reference.training import fit
from course_utils.reference.unet import UNet
from tests.data.local_server import Served, serving
from tests.notebooks.voc_like import SIZE, kinds

NAME = "VOCtrainval_11-May-2012.tar"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Drawn scenes in VOC's layout and with VOC's classes."""
    root = tmp_path_factory.mktemp("tree")
    return make_shapes_voc(root, train=6, val=6, size=SIZE, kinds=kinds(), seed=5)


@pytest.fixture(scope="module")
def archive(tree):
    """Its bytes as Oxford packs them: no compression, VOCdevkit at the top."""
    return _packed(tree)


def _packed(tree):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(tree / "VOCdevkit", "VOCdevkit")
    return file.getvalue()


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "cache"))
    for name in ("COURSE_MIRRORS", "COURSE_DATA", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(downloads, "PAUSE", 0.0)
    monkeypatch.setattr(session, "_current", None)
    with i18n.speaking("en"):
        yield


@pytest.fixture
def server(archive, monkeypatch):
    """The archive behind three mirrors, of which only the last has it; it breaks off once."""
    with _mirrors(archive, monkeypatch) as server:
        yield server


@contextmanager
def _mirrors(archive, monkeypatch):
    files = {
        f"/1/{NAME}": Served(status=503),
        f"/2/{NAME}": Served(b"<html></html>", kind="text/html"),
        f"/3/{NAME}": Served(archive, cuts=[len(archive) // 2]),
    }
    with serving(files) as server:
        small = replace(
            voc2012.ARCHIVE,
            sha256=hashlib.sha256(archive).hexdigest(),
            size=len(archive),
            urls=tuple(map(server.url, files)),
        )
        monkeypatch.setattr(voc2012, "ARCHIVE", small)
        yield server


def test_scenes_come_from_the_archive(server, tree):
    found = load_scenes("val", 4, size=96, data="voc2012")
    assert found.images.shape == (4, 3, 96, 96)
    assert found.names == ("background", *VOC_CLASSES)
    read = VOCSegmentation(found.root, year="2012", image_set="val")
    made = VOCSegmentation(tree, year="2012", image_set="val")
    assert len(read) == len(made) == 6
    for ours, theirs in zip(read, made, strict=True):
        assert np.array_equal(ours[0], theirs[0])
        assert np.array_equal(ours[1], theirs[1])
        assert ours[1].getpalette() == theirs[1].getpalette()
    assert voc_statistics(found.root, "train") == voc_statistics(tree, "train")
    assert [path for path, _headers in server.asked] == [f"/{n}/{NAME}" for n in (1, 2, 3, 3)]


def test_a_session_takes_it_and_the_next_one_finds_it(server, capsys):
    assert session.start("ru", device="cpu", data="voc2012").data == "voc2012"
    asked = len(server.asked)
    assert session.start("ru", device="cpu", data="voc2012").data == "voc2012"
    assert len(server.asked) == asked
    said = capsys.readouterr()
    assert said.out.count("Данные: PASCAL VOC 2012") == 2
    assert len(said.out.splitlines()) == 6
    assert load_scenes("train", 2, data=session.current().data).root == voc2012_root()


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_session_that_gets_none_says_what_was_tried_and_goes_on(server, capsys, language):
    server.files[f"/3/{NAME}"] = Served(status=404)
    assert session.start(language, device="cpu", data="voc2012").data == "shapes"
    (sentence,) = capsys.readouterr().out.splitlines()[3:]
    words = {
        "ru": ("VOC 2012 получить не удалось", "код", "веб-страница", "встроенные сцены"),
        "en": ("VOC 2012 can't be had", "status", "a web page", "built-in scenes"),
    }
    assert [word for word in words[language] if word not in sentence] == []
    assert sentence.count("127.0.0.1: ") == 3
    assert "503" in sentence
    assert "404" in sentence
    scenes = load_scenes("val", 1, size=32, data=session.current().data)
    assert "disc" in scenes.names


def test_google_drive_keeps_the_archive_and_the_session_says_so(
    server, tmp_path, monkeypatch, capsys
):
    drive = tmp_path / "drive" / "MyDrive" / "course_utils"
    drive.mkdir(parents=True)
    monkeypatch.setattr(cache, "_DRIVE", tmp_path / "drive")
    session.start("ru", device="cpu", data="voc2012")
    assert [path.name for path in drive.iterdir()] == [NAME]
    (sentence,) = capsys.readouterr().out.splitlines()[3:]
    assert str(drive) in sentence
    assert "Google Диск" in sentence


def test_in_colab_without_drive_it_is_said_how_to_keep_the_archive(server, monkeypatch, capsys):
    monkeypatch.setattr(session, "in_colab", lambda: True)
    session.start("en", device="cpu", data="voc2012")
    assert "make a folder course_utils in My Drive" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    "lost",
    [
        "JPEGImages/{}.jpg",
        "SegmentationClass/{}.png",
        "SegmentationObject/{}.png",
        "ImageSets/Segmentation/val.txt",
    ],
)
def test_a_tree_of_ones_own_that_lacks_a_file_is_not_taken(server, archive, tmp_path, lost):
    own = tmp_path / "cache" / "voc2012"
    own.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(own, filter="data")
    assert voc2012_root() == own
    assert server.asked == []
    folder = own / "VOCdevkit" / "VOC2012"
    name = (folder / "ImageSets" / "Segmentation" / "val.txt").read_text().split()[0]
    (folder / lost.format(name)).unlink()
    assert voc2012_root() == own
    assert (folder / lost.format(name)).is_file()
    assert server.asked


def test_the_first_mirror_and_its_file_are_torchvisions():
    known = DATASET_YEAR_DICT["2012"]
    assert voc2012.ARCHIVE.name == known["filename"] == NAME
    assert voc2012.ARCHIVE.urls[0] == known["url"]
    assert len(set(voc2012.ARCHIVE.urls)) == len(voc2012.ARCHIVE.urls) >= 4
    assert all(url.endswith(f"/{NAME}") for url in voc2012.ARCHIVE.urls)
    assert re.fullmatch("[0-9a-f]{64}", voc2012.ARCHIVE.sha256)


def test_a_session_without_voc_imports_nothing_of_downloads():
    code = (
        "import sys; from course_utils import session; session.start('en', device='cpu'); "
        "sys.exit('course_utils.data.downloads' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_unavailable_carries_its_reason(server):
    server.files[f"/3/{NAME}"] = Served(status=404)
    with pytest.raises(Unavailable) as caught:
        voc2012_root(progress=False)
    assert caught.value.reason in str(caught.value)
    assert caught.value.reason.startswith("127.0.0.1: status 503; ")


@pytest.fixture
def photographs(voc_sample, tmp_path):
    """The real photographs that have both masks, in a tree of their own with both lists."""
    root = tmp_path / "photographs"
    names = [name for name in image_names(voc_sample, "val") if name.startswith("2011")]
    theirs, folder = voc_folder(voc_sample), root / "VOCdevkit" / "VOC2012"
    lists = folder / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    for image_set in ("train", "val"):
        (lists / f"{image_set}.txt").write_text("\n".join(names) + "\n")
    parts = {"JPEGImages": "jpg", "SegmentationClass": "png", "SegmentationObject": "png"}
    for part, end in parts.items():
        (folder / part).mkdir()
        for name in names:
            shutil.copy(theirs / part / f"{name}.{end}", folder / part)
    return root


def test_real_photographs_go_from_the_network_to_a_training_step(photographs, monkeypatch):
    names = image_names(photographs, "train")
    with _mirrors(_packed(photographs), monkeypatch):
        found = load_scenes("val", len(names), size=128, data="voc2012")
    for labels, name in zip(found.labels, names, strict=True):
        whole = read_labels(voc_folder(photographs) / "SegmentationClass" / f"{name}.png")
        assert set(labels.unique().tolist()) <= set(np.unique(whole).tolist())
        assert len(labels.unique()) > 1
    assert found.images.std() > 0.1
    assert (found.objects[found.labels == 0] == 0).all()

    options = {"year": "2012", "image_set": "train", "transforms": train_transforms(64)}
    loader = torch.utils.data.DataLoader(VOCSegmentation(found.root, **options), batch_size=3)
    torch.manual_seed(0)
    images, masks = next(iter(loader))
    assert VOID in masks
    model = UNet(3, 21, width=8, depth=2, padded=True, batch_norm=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    batches = [(images, masks)]
    history = fit(model, batches, categorical_cross_entropy, optimizer, epochs=6, quiet=True)
    losses = [epoch["loss"] for epoch in history.epochs]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0] - 0.5
