"""TCP ports that processes listen on, read from Linux itself."""

import os
from pathlib import Path

__all__ = ["listening"]

_LISTEN = "0A"  # a state in /proc/net/tcp


def listening(process_id: int) -> list[str]:
    """Addresses, as /proc/net/tcp and tcp6 write them, on which the process listens.

    A sandbox's network is its own: ipykernel's pipe has a port there, which nobody reaches.
    """
    if _network(process_id) != _network(os.getpid()):
        return []
    found, own = [], _sockets(process_id)
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{process_id}/net/{name}").read_text().splitlines()[1:]
        except OSError:  # it has ended, or there is no such protocol
            continue
        for line in lines:
            fields = line.split()
            address, state, inode = fields[1], fields[3], fields[9]
            if state == _LISTEN and inode in own:
                found.append(address)
    return found


def _network(process_id: int) -> str:
    try:
        return os.readlink(f"/proc/{process_id}/ns/net")
    except OSError:
        return ""


def _sockets(process_id: int) -> set[str]:
    """Inodes of the sockets that the process holds."""
    found = set()
    try:
        for handle in Path(f"/proc/{process_id}/fd").iterdir():
            target = str(handle.readlink())
            if target.startswith("socket:["):
                found.add(target.removeprefix("socket:[").removesuffix("]"))
    except OSError:
        pass
    return found
