"""ImageNet weights of torchvision's networks, downloaded so that they can be trusted.

    state = load_weights(models.AlexNet_Weights.DEFAULT)

The address is torchvision's own, and so is the checksum: the digits at the end of the file's
name are the first of its SHA-256. Files lie where `torch.hub` keeps them, so that what one has
fetched the other finds. Who puts weights of his own there under that name writes their SHA-256
into a file beside them, NAME.sha256: then those are the right ones.
"""

import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import torch
from torch import Tensor

from course_utils.data.cache import drive_folder
from course_utils.data.downloads import RemoteFile, fetch

__all__ = ["LECTURE_CLASSES", "load_weights", "remote_file"]

# The classes whose pictures the lecture shows, by their numbers among the thousand.
LECTURE_CLASSES = {
    "dumbbell": 543,
    "cup": 968,
    "dalmatian": 251,
    "bell pepper": 945,
    "lemon": 951,
    "Siberian husky": 250,
}


def load_weights(weights, progress: bool = True) -> dict[str, Tensor]:
    """The numbers of a network, name -> tensor, on the CPU: for `load_state_dict`.

    weights: a member of one of torchvision's enums, such as AlexNet_Weights.DEFAULT.
    progress: show bars, to stderr, for what takes time.
    Where a folder of Google Drive keeps archives, the file is kept there as well.
    Raises Unavailable, with a sentence for the reader, where no mirror has them.
    """
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    remote = _or_ones_own(remote_file(weights), folder)
    if (kept := drive_folder()) and not (folder / remote.name).exists():
        _copy(fetch(remote, kept, progress=progress), folder / remote.name)
    path = fetch(remote, folder, progress=progress)
    return torch.load(path, map_location="cpu", weights_only=True)


def remote_file(weights) -> RemoteFile:
    """The file of torchvision's weights. Raises ValueError for a name without a digest."""
    name = Path(urlsplit(weights.url).path).name
    _stem, dash, digest = name.removesuffix(".pth").rpartition("-")
    if not dash or len(digest) < 8 or set(digest) - set("0123456789abcdef"):
        raise ValueError(f"Expected a name that ends in -DIGEST.pth, got {name}.")
    size = round(weights.meta["_file_size"] * 2**20)  # torchvision rounds it
    return RemoteFile(name, digest, size, (weights.url,), exact=False)


def _or_ones_own(remote: RemoteFile, folder: Path) -> RemoteFile:
    try:
        return replace(remote, sha256=(folder / f"{remote.name}.sha256").read_text().strip())
    except FileNotFoundError:
        return remote


def _copy(source: Path, target: Path) -> None:
    """From Drive to the disk; where the disk refuses, `fetch` will say so."""
    half = target.with_name(f"{target.name}.{os.getpid()}.copy")
    with suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, half)
        half.replace(target)
    with suppress(OSError):
        half.unlink(missing_ok=True)
