"""A course without notebooks, hand-ins and archives, forged where need be."""

import io
import json
import struct
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from nbgrader.api import Gradebook

from course_utils.teaching import config
from course_utils.teaching.collect.roster import Roster, read_roster
from course_utils.teaching.collect.run import collect

NAME = "metrics_and_loss"
COURSE = """
[course]
repository = "someone/small"
branch = "main"
languages = ["en"]
[course.title]
en = "Small course"
[assignments.metrics_and_loss]
lectures = []
[assignments.metrics_and_loss.title]
en = "Metrics and loss"
[assignments.metrics_and_loss.points]
jaccard = 3
essay = 4
[assignments.unet]
lectures = []
[assignments.unet.title]
en = "U-Net"
[assignments.unet.points]
double_conv = 3
essay = 4
"""
ROSTER = """id,last_name,first_name,email,moodle_id
ivanova,Иванова,Анна,anna@example.org,123456
petrov,Петров,Пётр,,
yuliev,Юльев,Юрий,,
sidorov1,Сидоров,Иван,,
sidorov2,Сидоров,Иван,,
"""


def notebook(answer="1", exercise="jaccard", **metadata) -> bytes:
    """A hand-in whose answer makes it unlike others."""
    cell = {
        "cell_type": "code",
        "source": f"answer = {answer!r}",
        "metadata": {"nbgrader": {"grade_id": exercise}},
        "outputs": [],
        "execution_count": None,
    }
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]}
    return json.dumps(content, ensure_ascii=False).encode()


def plain(answer="1") -> bytes:
    """A notebook that says nothing of its assignment."""
    return notebook(answer, exercise="")


def pack(path: Path, files, day=1) -> Path:
    """A zip of (name, bytes) or (name, bytes, day of May 2024) at noon."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data, *when in files:
            info = zipfile.ZipInfo(name, (2024, 5, when[0] if when else day, 12, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def zip_bytes(files) -> bytes:
    """The same in memory."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return held.getvalue()


def tar_bytes(entries, mode: str = "w:gz") -> bytes:
    """A tar of TarInfo and bytes, gzipped if not told otherwise."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return held.getvalue()


def without_utf8_mark(path: Path, name: str, data: bytes, encoding: str) -> Path:
    """A zip whose one name is in that encoding, without the mark that says UTF-8."""
    raw = name.encode(encoding)
    stand_in = "x" * len(raw)
    packed = zip_bytes([(stand_in, data)])
    path.write_bytes(packed.replace(stand_in.encode(), raw))
    return path


def patched(data: bytes, signature: bytes, offset: int, form: str, value) -> bytes:
    """The zip with one field changed in every header of that signature."""
    changed, place = bytearray(data), -1
    while (place := data.find(signature, place + 1)) >= 0:
        struct.pack_into(form, changed, place + offset, value)
    return bytes(changed)


@cache
def empty_gradebook() -> bytes:
    """A gradebook without anybody: to make one takes nbgrader seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gradebook.db")
        Gradebook(f"sqlite:///{path}").close()
        return path.read_bytes()


class Class:
    """A course's folder to collect in."""

    def __init__(self, root: Path, roster: str | None = ROSTER) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        (root / "course.toml").write_text(COURSE, encoding="utf-8")
        (root / "gradebook.db").write_bytes(empty_gradebook())
        self.roster = Roster()
        if roster is not None:
            (root / "roster.csv").write_text(roster, encoding="utf-8")
            self.roster = read_roster(root / "roster.csv")

    def collect(self, *files, **options):
        course = config.load(self.root)
        return collect(course, NAME, files, self.roster, **options)

    def submitted(self, student: str) -> bytes | None:
        path = self.root / "submitted" / student / NAME / f"{NAME}.ipynb"
        return path.read_bytes() if path.is_file() else None

    def timestamp(self, student: str) -> str | None:
        path = self.root / "submitted" / student / NAME / "timestamp.txt"
        return path.read_text() if path.is_file() else None

    def tries(self, student: str) -> list[bytes]:
        folder = self.root / "downloaded" / NAME / "tries" / student
        return sorted(path.read_bytes() for path in folder.glob("*.ipynb"))

    def files(self) -> dict[str, bytes]:
        """Everything that collecting wrote, the gradebook's bytes aside."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for folder in ("submitted", "downloaded")
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file()
        }


def states(found) -> dict[str, str]:
    """source without the download's name -> state."""
    return {item.source.partition("/")[2] or item.source: item.state for item in found.items}


def reasons(found) -> dict[str, str]:
    return {item.source.partition("/")[2] or item.source: item.reason for item in found.items}
