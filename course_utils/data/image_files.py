"""VOC's image files: errors name the file, what it should hold, and the cure."""

from pathlib import Path

from PIL import Image

__all__ = ["open_labels", "open_picture"]

_LAYER = "It has a transparent layer: save it without one."
_DEPTH = (
    "A pixel of it is no single byte: save the labels with 8 bits a pixel, "
    'Image.fromarray(labels.astype("uint8")).save(path).'
)
_COLOURS = "A mask saved in colours has lost its labels: save it with a palette."


def open_picture(path: str | Path) -> Image.Image:
    """The picture of a file, in RGB.

    Raises OSError where there is no file to read, ValueError where it holds no whole image.
    """
    return _loaded(path).convert("RGB")


def open_labels(path: str | Path) -> Image.Image:
    """A mask whose pixels are labels of one byte: with VOC's palette, or in grey.

    Raises what `open_picture` raises, and ValueError for an image of another mode.
    """
    image = _loaded(path)
    if image.mode not in ("P", "L"):
        raise ValueError(
            f"Expected labels in mode P or L, got mode {image.mode} in {path}. "
            f"{_cure(image.mode)}"
        )
    return image


def _loaded(path: str | Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises for damaged data
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's own: no such file, no right to read it
        what = "no image of a known kind"
        if not isinstance(error, Image.UnidentifiedImageError):
            what = str(error)
        raise ValueError(
            f"Expected a whole image, got {path}: {what}. Download or unpack the file again."
        ) from error
    return image


def _cure(mode: str) -> str:
    if mode in ("LA", "PA", "La"):
        return _LAYER
    return _DEPTH if mode[0] in "1IF" else _COLOURS
