"""A checkpoint is written whole or not at all, and read without running code."""

import os
import pickle

import pytest
import torch

from course_utils.reference.checkpoints import read_checkpoint, write_checkpoint


class Unwritable:
    def __reduce__(self):
        raise RuntimeError("the disk is full")


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "run.pt"
    state = {"weights": torch.arange(3.0), "epochs": [{"loss": 0.5}], "best": None, "seed": 3}
    write_checkpoint(str(path), state)
    read = read_checkpoint(str(path))
    assert torch.equal(read.pop("weights"), state.pop("weights"))
    assert read == state


def test_a_newer_state_takes_the_place_of_the_older_and_leaves_nothing_beside(tmp_path):
    write_checkpoint(tmp_path / "run.pt", {"epoch": 1})
    write_checkpoint(tmp_path / "run.pt", {"epoch": 2})
    assert read_checkpoint(tmp_path / "run.pt") == {"epoch": 2}
    assert os.listdir(tmp_path) == ["run.pt"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside(tmp_path):
    write_checkpoint(tmp_path / "run.pt", {"epoch": 1})
    with pytest.raises(RuntimeError, match="disk is full"):
        write_checkpoint(tmp_path / "run.pt", {"epoch": Unwritable()})
    assert read_checkpoint(tmp_path / "run.pt") == {"epoch": 1}
    assert os.listdir(tmp_path) == ["run.pt"]


def test_the_file_appears_only_when_it_is_whole_and_on_the_disk(tmp_path, monkeypatch):
    path, events = tmp_path / "run.pt", []
    fsync, replace = os.fsync, os.replace

    def on_disk(handle):
        events.append(("fsync", path.exists(), os.fstat(handle).st_size))
        fsync(handle)

    def rename(old, new):
        events.append(("rename", path.exists(), os.path.dirname(old) == str(tmp_path)))
        replace(old, new)

    monkeypatch.setattr(os, "fsync", on_disk)
    monkeypatch.setattr(os, "replace", rename)
    write_checkpoint(path, {"weights": torch.zeros(50)})
    assert events == [("fsync", False, path.stat().st_size), ("rename", False, True)]


def test_no_file_is_none(tmp_path):
    assert read_checkpoint(tmp_path / "run.pt") is None


def test_a_file_is_named_when_it_is_cut_off_or_not_a_checkpoint(tmp_path):
    path = tmp_path / "run.pt"
    write_checkpoint(path, {"weights": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"run\.pt, could not read it.*Delete the file"):
        read_checkpoint(path)
    torch.save([1, 2], path)
    with pytest.raises(ValueError, match=r"run\.pt, got list"):
        read_checkpoint(path)


def test_reading_runs_no_code_out_of_the_file(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "run.pt"
    torch.save({"epoch": Evil()}, path)
    with pytest.raises(ValueError, match="could not read it"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match="could not read it"):
        read_checkpoint(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_tensors_are_read_on_the_cpu(tmp_path):
    write_checkpoint(tmp_path / "run.pt", {"x": torch.zeros(2, device="cuda")})
    assert read_checkpoint(tmp_path / "run.pt")["x"].device.type == "cpu"
