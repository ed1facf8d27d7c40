"""The curves: TensorBoard's files, or a CSV where it is not installed."""

import csv
import sys

import pytest

from course_utils.recipes.run_log import CsvLog, open_log


def rows(path):
    with path.open(newline="") as file:
        return [(int(r["step"]), r["name"], float(r["value"])) for r in csv.DictReader(file)]


def test_without_tensorboard_a_csv_and_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    log, sentence = open_log(tmp_path, 0)
    log.write(20, {"loss": 1.5, "learning rate": 0.1})
    assert rows(tmp_path / "log.csv") == [(20, "loss", 1.5), (20, "learning rate", 0.1)]
    log.close()
    assert "TensorBoard is not installed" in sentence
    assert str(tmp_path / "log.csv") in sentence


def test_what_was_written_behind_the_checkpoint_goes(tmp_path):
    path = tmp_path / "log.csv"
    log = CsvLog(path, 0)
    for step in (20, 40, 60):
        log.write(step, {"loss": float(step)})
    log.close()
    with path.open("a") as file:
        file.write("80,lo")  # cut off in the middle of a row
    log = CsvLog(path, 40)
    log.write(60, {"loss": 0.5})
    log.close()
    assert rows(path) == [(20, "loss", 20.0), (40, "loss", 40.0), (60, "loss", 0.5)]
    CsvLog(path, 0).close()
    assert rows(path) == []


def test_tensorboard_reads_the_curves(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log, sentence = open_log(tmp_path, 0)
    for step in (20, 40, 60):
        log.write(step, {"loss": float(step)})
    log.close()
    log, _sentence = open_log(tmp_path, 40)
    log.write(60, {"loss": 0.5})
    log.close()
    read = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(e.step, e.value) for e in read.Scalars("loss")] == [(20, 20), (40, 40), (60, 0.5)]
    assert "tensorboard --logdir" in sentence
