"""What a notebook's first cell asks for: language, device, data.

    session.start("ru")

says in one plain line each which of them are in use, and what would make it faster.
"""

import importlib.util
import os
from dataclasses import dataclass

import torch

from course_utils import __version__, i18n
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
    Raises ValueError for an unknown language or data set, or a device that is not there.
    """
    global _current
    i18n.set_language(language)
    data = data or os.environ.get("COURSE_DATA", "shapes")
    if data not in ("shapes", "voc2012"):
        raise ValueError(f'Expected data "shapes" or "voc2012", got {data!r}.')
    _current = Session(language, _device(device), data)
    print(_report(_current))
    return _current


def current() -> Session:
    """The session in use; a default one, silently, where `start` was not called."""
    return _current or Session(i18n.language(), _device(None), "shapes")


def in_colab() -> bool:
    """Whether this is a Google Colab runtime."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if torch.device(name).type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"Expected a device that is there, got {name!r} without CUDA. "
            'Leave `device` out, or choose "cpu".'
        )
    return torch.device(name)


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
