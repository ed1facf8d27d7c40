"""The curves of a run: for TensorBoard, or as a CSV file where it is not installed."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from course_utils.i18n import _

__all__ = ["CsvLog", "RunLog", "open_log"]


class RunLog(Protocol):
    """Takes values, and at the end is closed."""

    def write(self, step: int, values: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


def open_log(folder: Path, start: int) -> tuple[RunLog, str]:
    """A log in `folder` that goes on behind step `start`; a sentence on where it is.

    What a run that was cut off had written beyond that step is taken out.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        path = folder / "log.csv"
        sentence = _(
            "TensorBoard is not installed (pip install tensorboard): the curves go to {path}."
        )
        return CsvLog(path, start), sentence.format(path=path)
    logs = folder / "tensorboard"
    writer = SummaryWriter(str(logs), purge_step=start + 1 if start else None)
    sentence = _("The curves: tensorboard --logdir {folder}")
    return _TensorBoard(writer), sentence.format(folder=logs)


class CsvLog:
    """Rows step, name, value; on the disk after every write."""

    def __init__(self, path: Path, start: int):
        old = []
        if start and path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                old = [r for r in list(csv.reader(file))[1:] if len(r) == 3 and r[0].isdigit()]
        fresh = path.with_suffix(".new")
        with fresh.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(["step", "name", "value"])
            csv.writer(file).writerows(row for row in old if int(row[0]) <= start)
        os.replace(fresh, path)
        self._file = path.open("a", newline="", encoding="utf-8")

    def write(self, step: int, values: Mapping[str, float]) -> None:
        csv.writer(self._file).writerows([step, name, value] for name, value in values.items())
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class _TensorBoard:
    def __init__(self, writer):
        self._writer = writer

    def write(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
