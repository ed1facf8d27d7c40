"""What is missing on this machine, each in one plain sentence; the notebook goes on without it.

The set-up cell of every notebook asks here: is there a network for the data, a place to keep
them, a GPU, an ipywidgets that moves pictures, a kernel that lived to its end last time?
"""

import atexit
import hashlib
import importlib.metadata
import json
import os
import re
import tempfile
from pathlib import Path

import torch

from course_utils.data.cache import cache_folder, drive_folder
from course_utils.i18n import _

__all__ = [
    "device_and_warning",
    "keep_data_somewhere",
    "keep_downloads_somewhere",
    "warn_of_a_killed_kernel",
    "widgets",
]

OLDEST_WIDGETS = (7, 7)


def device_and_warning(name: str | None) -> tuple[torch.device, str | None]:
    """The device of that name, or the best there is; a sentence where it had to be another.

    Raises ValueError for a name that is no device's.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu"), None
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(
            f'Expected the name of a device, "cpu" or "cuda", got {name!r}.'
        ) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        sentence = _("No CUDA device is here, so all runs on the CPU: the same, but slower.")
        return torch.device("cpu"), sentence
    return device, None


def widgets() -> str | None:
    """A sentence where pictures can't move, for want of ipywidgets or of a newer one."""
    try:
        version = importlib.metadata.version("ipywidgets")
    except importlib.metadata.PackageNotFoundError:
        return _(
            "ipywidgets is not installed, so pictures stand still (frames are shown instead). "
            "Mend it by `pip install ipywidgets` and a restart of the kernel."
        )
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers >= OLDEST_WIDGETS:
        return None
    return _(
        "ipywidgets {version} is older than 7.7, so pictures may stand still. "
        "Mend it by `pip install --upgrade ipywidgets` and a restart of the kernel."
    ).format(version=version)


def keep_data_somewhere() -> str | None:
    """Have a folder for data that can be written: the usual one, or a temporary one.

    Returns a sentence where it is the temporary one; it is then in COURSE_DATA_DIR.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        other = tempfile.mkdtemp(prefix="course-data-")
        os.environ["COURSE_DATA_DIR"] = other
        return _(
            "Data can't be kept in {folder} ({reason}), so they are made anew for this kernel. "
            "Set COURSE_DATA_DIR to a folder that can be written to keep them."
        ).format(folder=folder, reason=error.strerror or type(error).__name__)


def keep_downloads_somewhere(in_colab: bool) -> str | None:
    """A sentence where Google Drive keeps what is downloaded, or where it could."""
    if folder := drive_folder():
        return _(
            "Downloads are kept in {folder} on Google Drive as archives and unpacked to the "
            "disk of this machine: thousands of small files on Drive are slow."
        ).format(folder=folder)
    if not in_colab:
        return None
    return _(
        "What is downloaded is gone with this runtime. To keep it, mount Google Drive, make a "
        "folder course_utils in My Drive, and run this cell again."
    )


def warn_of_a_killed_kernel() -> str | None:
    """A sentence where the last kernel of this notebook did not live to its end.

    A kernel leaves a mark beside the data when it starts the session and takes it away when
    it ends. Jupyter tells a kernel its notebook in JPY_SESSION_NAME; without it there is no
    mark, and nothing is said.
    """
    notebook = os.environ.get("JPY_SESSION_NAME")
    if not notebook:
        return None
    name = hashlib.sha256(notebook.encode()).hexdigest()[:16]
    mark = cache_folder() / "kernels" / f"{name}.json"
    try:
        before = _process_of(mark)
        killed = before is not None and before != os.getpid() and not _lives(before)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps({"process": os.getpid()}))
    except OSError:
        return None  # no place for a mark; keep_data_somewhere has said so
    atexit.register(_take_away, mark, os.getpid())
    if not killed:
        return None
    return _(
        "The last kernel of this notebook was killed, as happens when memory runs out. "
        "Its variables are gone: run the cells again from the first one."
    )


def _process_of(mark: Path) -> int | None:
    try:
        return int(json.loads(mark.read_text())["process"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is there, and not ours
    return True


def _take_away(mark: Path, process: int) -> None:
    """Only by the kernel that left it: a forked child must not."""
    if os.getpid() == process and _process_of(mark) == process:
        mark.unlink(missing_ok=True)
