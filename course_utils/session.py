"""What a notebook's first cell asks for: language, device, data.

    session.start("ru")

says in one plain line each which of them are in use, what is missing and what is done about it.
"""

import importlib.util
import os
from dataclasses import dataclass

import torch

from course_utils import __version__, claims, i18n, weather
from course_utils.i18n import _

__all__ = ["Session", "current", "in_colab", "start"]


@dataclass(frozen=True)
class Session:
    """The choices of this notebook. data: "shapes" (built in) or "voc2012" (downloaded)."""

    language: str
    device: torch.device
    data: str


_current: Session | None = None


def start(language: str, *, device: str | None = None, data: str | None = None) -> Session:
    """Choose language, device and data for this notebook and say what was chosen.

    device: "cpu", "cuda" or None for the best there is.
    data: "shapes", "voc2012" or None for the environment variable COURSE_DATA, else "shapes".
        VOC 2012 is downloaded here, on first use (2 GB; see `data.voc2012` for mirrors and
        for Google Drive).
    What can't be had (a GPU, the network, a folder to write in, ipywidgets) is said in one
    sentence each, and something else is used in its place. From the next cell on a claim that
    fails is a sentence too (see `claims`).
    Raises ValueError for an unknown language or data set, or a name that is no device's.
    """
    global _current
    i18n.set_language(language)
    data = data or os.environ.get("COURSE_DATA") or "shapes"
    if data not in ("shapes", "voc2012"):
        raise ValueError(f'Expected data "shapes" or "voc2012", got {data!r}.')
    found, no_device = weather.device_and_warning(device)
    missing = [weather.warn_of_a_killed_kernel(), no_device, weather.keep_data_somewhere()]
    if data == "voc2012":
        missing.append(weather.keep_downloads_somewhere(in_colab()))
        if no_data := _without_voc2012():
            data = "shapes"
            missing.append(no_data)
    missing.append(weather.widgets())
    _current = Session(language, found, data)
    print(_report(_current))
    for sentence in filter(None, missing):
        print(sentence)
    claims.begin()
    return _current


def current() -> Session:
    """The session in use; a default one, silently, where `start` was not called."""
    return _current or Session(i18n.language(), weather.device_and_warning(None)[0], "shapes")


def in_colab() -> bool:
    """Whether this is a Google Colab runtime."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def _without_voc2012() -> str | None:
    """A sentence where VOC 2012 is neither here nor can be downloaded."""
    from course_utils.data.downloads import Unavailable
    from course_utils.data.voc2012 import voc2012_root

    try:
        voc2012_root()
    except Unavailable as error:
        return str(error)
    return None


def _report(session: Session) -> str:
    names = {
        "shapes": _("ShapesVOC, drawn on this machine"),
        "voc2012": _("PASCAL VOC 2012"),
    }
    lines = [
        _("course_utils {version}, language: English").format(version=__version__),
        _("Device: {device}").format(device=_device_name(session.device)),
        _("Data: {data}").format(data=names[session.data]),
    ]
    if session.device.type == "cpu" and in_colab():
        lines.append(
            _("No GPU here: all runs, slower. Runtime > Change runtime type > GPU helps.")
        )
    return "\n".join(lines)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return _("CPU, {number} threads").format(number=torch.get_num_threads())
