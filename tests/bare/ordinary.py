"""Another user, who is not root: nobody, in a mount namespace that lets it pass to Python."""

import os
import sys
from pathlib import Path

__all__ = ["NOBODY", "as_nobody"]

NOBODY = 65534
_REPOSITORY = Path(__file__).parents[2]
# Folders that only root may enter are hidden, but for what is needed below them.
_OPEN = """
set -e
hidden=$1; kept=$2; needed=$3; shift 3
if [ -n "$hidden" ]; then
    for path in $needed; do mkdir -p "$kept$path"; mount --rbind "$path" "$kept$path"; done
    mount -t tmpfs -o mode=755 none "$hidden"
    for path in $needed; do mkdir -p "$path"; mount --rbind "$kept$path" "$path"; done
fi
exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
"""


def as_nobody(kept: Path) -> tuple[str, ...]:
    """The words before a command that root starts. kept: an empty folder, open to others."""
    paths = {os.path.realpath(path) for path in (sys.base_prefix, sys.prefix, _REPOSITORY)}
    closed = {
        str(parent)
        for path in paths
        for parent in Path(path).parents
        if not parent.stat().st_mode & 0o001
    }
    hidden = min(closed, key=len, default="")
    needed = sorted(path for path in paths if hidden and Path(path).is_relative_to(hidden))
    given = (hidden, str(kept), " ".join(needed))
    return ("unshare", "--mount", "sh", "-c", _OPEN, "sh", *given)
