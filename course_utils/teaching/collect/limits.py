"""How much a downloaded archive may hold. Sizes are of what comes out, whatever it declares."""

from dataclasses import dataclass, replace

__all__ = ["MIB", "Allowance", "Limits", "TooMuch"]

MIB = 2**20


class TooMuch(Exception):
    """An archive gives more than `Limits` allow. `str(error)` is the reason."""


@dataclass(frozen=True)
class Limits:
    """file, total: bytes unpacked, of one file and of one archive.

    nested, nested_entries: the same as total and entries, for an archive inside an archive.

    entries: names in one archive; ratio: unpacked to packed, judged above `ratio_from` bytes;
    directory: bytes of a zip's own list of names, which is read whole before anything else.
    """

    file: int = 64 * MIB
    total: int = 4096 * MIB
    entries: int = 20_000
    nested: int = 256 * MIB
    nested_entries: int = 1_000
    ratio: int = 200
    ratio_from: int = 8 * MIB
    directory: int = 16 * MIB

    def of_nested(self) -> "Limits":
        """The limits of an archive that a student packed."""
        return replace(self, total=self.nested, entries=self.nested_entries)


class Allowance:
    """Counts down what one archive, with the archives inside it, may still unpack."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bytes_left = limits.total
        self.entries_left = limits.entries

    def take(self, size: int) -> None:
        """Note `size` bytes unpacked. Raises TooMuch when that was more than the total."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise TooMuch(f"{self.limits.total // MIB} MB")

    def take_entry(self) -> None:
        """Note one more name. Raises TooMuch when there are too many."""
        self.entries_left -= 1
        if self.entries_left < 0:
            raise TooMuch(f"{self.limits.entries} names")
