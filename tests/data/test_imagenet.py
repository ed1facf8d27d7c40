"""Weights of torchvision's networks from a server on this machine; here they are random."""

import hashlib
import io
import re
from types import SimpleNamespace

import pytest
import torch
from torchvision import models

from course_utils import i18n
from course_utils.data import cache, downloads
from course_utils.data.downloads import Unavailable
from course_utils.data.imagenet import load_weights, remote_file
from course_utils.reference.pretrained import load_pretrained
from tests.data.local_server import Served, serving


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("COURSE_MIRRORS", raising=False)
    monkeypatch.setattr(downloads, "PAUSE", 0.0)
    with i18n.speaking("en"):
        yield


@pytest.fixture
def checkpoints(tmp_path):
    return tmp_path / "torch" / "hub" / "checkpoints"


STATE = {"bias": torch.arange(5000.0)}


def saved(state=STATE):
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def like_torchvision(url, data, name="net"):
    """A member of an enum of torchvision's, as far as it matters."""
    digest = hashlib.sha256(data).hexdigest()[:8]
    size = float(f"{len(data) / 2**20:.3f}")
    return SimpleNamespace(url=f"{url}/{name}-{digest}.pth", meta={"_file_size": size})


def test_weights_come_once_through_a_cut_and_lie_where_torch_hub_looks(checkpoints):
    data = saved()
    with serving({}) as server:
        weights = like_torchvision(server.url(""), data)
        name = weights.url.rsplit("/", 1)[1]
        server.files[f"/{name}"] = Served(data, cuts=[10_000])
        for _ in range(2):
            found = load_weights(weights, progress=False)
            assert torch.equal(found["bias"], STATE["bias"])
        hub = torch.hub.load_state_dict_from_url(weights.url, check_hash=True)
        assert torch.equal(hub["bias"], STATE["bias"])
        assert len(server.asked) == 2  # the second one for the rest
    assert (checkpoints / name).read_bytes() == data


def test_damaged_weights_are_fetched_again(checkpoints):
    data = saved()
    with serving({}) as server:
        weights = like_torchvision(server.url(""), data)
        name = weights.url.rsplit("/", 1)[1]
        server.files[f"/{name}"] = Served(data)
        load_weights(weights, progress=False)
        (checkpoints / name).write_bytes(data[:-1] + b"?")
        load_weights(weights, progress=False)
    assert (checkpoints / name).read_bytes() == data


def test_weights_of_ones_own_are_taken_where_their_digest_lies_beside_them(checkpoints):
    own = saved({"bias": torch.ones(5000)})
    checkpoints.mkdir(parents=True)
    with serving({}) as server:
        weights = like_torchvision(server.url(""), saved())
        name = weights.url.rsplit("/", 1)[1]
        (checkpoints / name).write_bytes(own)
        with pytest.raises(Unavailable, match="status 404"):
            load_weights(weights, progress=False)
        digest = hashlib.sha256(own).hexdigest()
        (checkpoints / f"{name}.sha256").write_text(f"{digest}\n")
        assert load_weights(weights, progress=False)["bias"].sum() == 5000


def test_what_could_run_code_is_not_loaded(checkpoints):
    data = saved({"bias": SimpleNamespace()})
    with serving({}) as server:
        weights = like_torchvision(server.url(""), data)
        server.files["/" + weights.url.rsplit("/", 1)[1]] = Served(data)
        with pytest.raises(Exception, match=r"(?i)weights.only"):
            load_weights(weights, progress=False)


def test_ones_own_mirror_is_asked_before_torchvisions(tmp_path, monkeypatch):
    data = saved()
    weights = like_torchvision("http://nowhere.invalid", data)
    (tmp_path / weights.url.rsplit("/", 1)[1]).write_bytes(data)
    monkeypatch.setenv("COURSE_MIRRORS", str(tmp_path))
    assert torch.equal(load_weights(weights, progress=False)["bias"], STATE["bias"])


def test_google_drive_keeps_them_for_the_next_runtime(tmp_path, monkeypatch, checkpoints):
    drive = tmp_path / "drive" / "MyDrive" / "course_utils"
    drive.mkdir(parents=True)
    monkeypatch.setattr(cache, "_DRIVE", tmp_path / "drive")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "local"))
    monkeypatch.delenv("COURSE_DATA_DIR")
    data = saved()
    with serving({}) as server:
        weights = like_torchvision(server.url(""), data)
        name = weights.url.rsplit("/", 1)[1]
        server.files[f"/{name}"] = Served(data)
        load_weights(weights, progress=False)
        assert [path.name for path in drive.iterdir()] == [name]
        (checkpoints / name).unlink()
        load_weights(weights, progress=False)
    assert len(server.asked) == 1
    assert [path.name for path in checkpoints.iterdir() if path.name[0] != "."] == [name]


@pytest.mark.parametrize("network", ["alexnet", "vgg16", "resnet18", "squeezenet1_0"])
def test_the_address_is_torchvisions_and_the_digest_that_of_its_name(network):
    weights = models.get_model_weights(network).DEFAULT
    file = remote_file(weights)
    assert file.urls == (weights.url,)
    assert re.search(rf"-{file.sha256}\.pth$", weights.url)
    assert len(file.sha256) == 8
    numbers = sum(p.numel() for p in models.get_model(network).parameters())
    assert file.may_have(4 * numbers)  # float32, and a little around them


@pytest.mark.parametrize("name", ["net.pth", "net-v2.pth", "net-resnet18.pth"])
def test_a_name_without_a_digest_is_an_error(name):
    weights = SimpleNamespace(url=f"https://nowhere.invalid/{name}", meta={"_file_size": 1.0})
    with pytest.raises(ValueError, match=r"ends in -DIGEST\.pth"):
        remote_file(weights)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_load_pretrained_says_why_and_the_built_in_network_stands_in(
    language, monkeypatch, capsys
):
    weights = like_torchvision("http://nowhere.invalid", b"")
    weights = SimpleNamespace(url=weights.url, meta={"_file_size": 233.087, "categories": []})
    monkeypatch.setattr(
        models, "get_model_weights", lambda network: SimpleNamespace(DEFAULT=weights)
    )
    with i18n.speaking(language):
        assert load_pretrained("voc2012", "alexnet").name == "SmallNet"
    said = capsys.readouterr().err
    words = {"ru": "нет сети", "en": "no network"}
    assert "AlexNet" in said
    assert f"nowhere.invalid: {'' if language == 'en' else 'адрес'}" in said
    assert words[language] in said
