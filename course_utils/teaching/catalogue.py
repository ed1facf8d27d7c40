"""Messages."""

from pathlib import Path


def update(root: Path) -> dict[Path, bytes]:
    return {}


def check(root: Path) -> list[str]:
    return []
