"""What a kept run was a run of: the files that its process read of ours, by their content.

Left out is what no number comes from: the instructors' part and the engine of the checks, which
calls an exercise's cases and measures and computes nothing itself.
"""

import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import torch

from tests.conftest import REPOSITORY

__all__ = ["read_here", "unchanged"]

_PACKAGE = REPOSITORY / "course_utils"
_OURS = [REPOSITORY / "tests" / name for name in ("processors", "checks/right")]
_NO_NUMBER = (_PACKAGE / "teaching", _PACKAGE / "locale")


def read_here() -> dict[str, str]:
    """Path within the repository -> digest, of all that this process imported or may have
    read; and the version of torch."""
    imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    files = {Path(name) for name in imported if name}
    files = {path for path in files if path.is_relative_to(REPOSITORY) and _counts(path)}
    files |= set(_PACKAGE.rglob("*.pt")) | set(_PACKAGE.rglob("*.safetensors"))
    found = {str(path.relative_to(REPOSITORY)): _digest(path) for path in sorted(files)}
    return {"torch": torch.__version__} | found


def unchanged(sources: Mapping[str, str]) -> bool:
    """Whether all of it is still the same; False for a run that noted nothing."""
    now = {"torch": torch.__version__}
    return bool(sources) and all(
        digest == (now.get(name) or _digest(REPOSITORY / name))
        for name, digest in sources.items()
    )


def _counts(path: Path) -> bool:
    if path.is_relative_to(_PACKAGE):
        engine = path.parent == _PACKAGE / "checks"
        return not (engine or any(path.is_relative_to(folder) for folder in _NO_NUMBER))
    return any(path.is_relative_to(folder) for folder in _OURS)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else "gone"
