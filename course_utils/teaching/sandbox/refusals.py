"""Why this machine can make no sandbox, and what to do: bwrap's complaints in plain words.

bwrap says at which step Linux refused; which limit that was, only the machine can tell:

    refused("bwrap: Creating new namespace failed: ...", 1, Machine.here())
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from course_utils.teaching.errors import CourseError

__all__ = ["WITHOUT", "Machine", "SandboxUnavailable", "refused"]

WITHOUT = (
    "--no-sandbox (nbgrader: --Judge.sandbox=False) grades without it: students' code then "
    "runs with all your rights."
)
_SETTINGS = (
    *("kernel.unprivileged_userns_clone", "kernel.apparmor_restrict_unprivileged_userns"),
    *(f"user.max_{kind}_namespaces" for kind in ("user", "pid", "mnt", "net", "ipc", "uts")),
)
_NET_ADMIN, _SYS_ADMIN = 12, 21  # capabilities


class SandboxUnavailable(CourseError):
    """Students' code can't be run here as it must be. Nothing has been graded."""


@dataclass(frozen=True)
class Machine:
    """What decides whether this process may make namespaces.

    settings: of `sysctl`, those that there are; capabilities: bits of the effective ones.
    filtered: whether a seccomp filter looks at system calls, as in a container.
    """

    root: bool = False
    capabilities: int = 0
    filtered: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def here(cls) -> "Machine":
        status = _read("/proc/self/status")
        capabilities = re.search(r"^CapEff:\s*(\w+)", status, re.MULTILINE)
        found = {name: _read(f"/proc/sys/{name.replace('.', '/')}") for name in _SETTINGS}
        return cls(
            root=os.geteuid() == 0,
            capabilities=int(capabilities[1], 16) if capabilities else 0,
            filtered=re.search(r"^Seccomp:\s*2", status, re.MULTILINE) is not None,
            settings={name: value.strip() for name, value in found.items() if value},
        )

    def may(self, capability: int) -> bool:
        return bool(self.capabilities >> capability & 1)

    def none_of(self) -> list[str]:
        """The settings that allow no namespace of their kind."""
        return [n for n, value in self.settings.items() if "max_" in n and value == "0"]


class _Rule(NamedTuple):
    """said: what bwrap's complaint matches; where: the machine it is the reason on."""

    said: str
    where: Callable[[Machine], object]
    sentence: str


_NEW = r"new namespace"
_IN_VAIN = r"uid map|gid map|RTM_NEW|loopback|[Ff]ailed to make|[Ff]ailed to mount"
_RULES = (  # the first that fits
    _Rule(
        r"SECCOMP",
        lambda machine: True,
        "The limit is this Linux, built without filters of system calls "
        "(CONFIG_SECCOMP_FILTER), or one around it that refuses more of them: grade elsewhere.",
    ),
    _Rule(
        r"ENOSPC|No space left",
        Machine.none_of,
        "The limit is the setting {none_of}, which is 0. Raise it: sysctl {none_of}=10000. "
        "In a container the machine around it sets it.",
    ),
    _Rule(
        r"ENOSPC|No space left",
        lambda machine: True,
        "The limit is user.max_*_namespaces, or namespaces inside namespaces, 32 at most: "
        "raise it (sysctl user.max_user_namespaces=10000), or leave what this runs inside.",
    ),
    _Rule(
        r"Resource temporarily unavailable",
        lambda machine: True,
        "The limit is the number of your processes: end some, or raise it (ulimit -u).",
    ),
    _Rule(
        r"not support user namespaces|Invalid argument",
        lambda machine: True,
        "The limit is this Linux, built without user namespaces: grade as root, or elsewhere.",
    ),
    _Rule(
        _NEW,
        lambda machine: machine.settings.get("kernel.unprivileged_userns_clone") == "0",
        "The limit is Debian's setting kernel.unprivileged_userns_clone, which is 0. Allow "
        "namespaces to ordinary users: sysctl kernel.unprivileged_userns_clone=1.",
    ),
    _Rule(
        f"{_NEW}|{_IN_VAIN}",
        lambda machine: (
            not machine.root
            and machine.settings.get("kernel.apparmor_restrict_unprivileged_userns") == "1"
        ),
        "The limit is Ubuntu's setting kernel.apparmor_restrict_unprivileged_userns, which is "
        "1. Load AppArmor's profile for bwrap (docs/grading.md), or lift the limit: "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0.",
    ),
    _Rule(
        _NEW,
        lambda machine: machine.root and not machine.may(_SYS_ADMIN),
        "The limit is this root, who lacks the capability CAP_SYS_ADMIN, as in a container. "
        "Start it with --cap-add SYS_ADMIN --cap-add NET_ADMIN "
        "--security-opt apparmor=unconfined.",
    ),
    _Rule(
        r"RTM_NEW|loopback",
        lambda machine: machine.root and not machine.may(_NET_ADMIN),
        "The limit is this root, who lacks the capability CAP_NET_ADMIN, as in a container. "
        "Start it with --cap-add NET_ADMIN.",
    ),
    _Rule(
        _NEW,
        lambda machine: machine.filtered,
        "The limit is a seccomp filter, as containers have. Start the container with "
        "--security-opt seccomp=unconfined --security-opt systempaths=unconfined "
        "(podman: unmask=ALL).",
    ),
    _Rule(
        r"mount proc",
        lambda machine: True,
        "The limit is a container's masked /proc. Start the container with "
        "--security-opt systempaths=unconfined (podman: unmask=ALL; Kubernetes: "
        "procMount: Unmasked).",
    ),
    _Rule(
        _IN_VAIN,
        lambda machine: True,
        "The limit is a security module (AppArmor or SELinux), which lets namespaces be made "
        "and nothing be done in them. Start a container with --security-opt "
        "apparmor=unconfined (SELinux: label=disable); elsewhere its log names the rule "
        "(journalctl -k).",
    ),
)
_UNKNOWN = (
    "Allow namespaces to ordinary users: sysctl kernel.unprivileged_userns_clone=1 (Debian), "
    "sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu); in a container, give "
    "it the right to mount (a user namespace and an unmasked /proc)."
)


def refused(complaint: str, code: int | None, machine: Machine) -> str:
    """The sentence for a bwrap that did not start: what it said, which limit, what to do.

    Its two processes may speak at once: a line can be a piece of one.
    """
    lines = [line for line in complaint.splitlines() if line.strip() not in ("", "bwrap:")]
    came = lines[-1:] or [f"exit code {code} and no word"]
    fitting = (
        rule.sentence.format(none_of=", ".join(machine.none_of()))
        for rule in _RULES
        if re.search(rule.said, complaint) and rule.where(machine)
    )
    return (
        f"Expected bubblewrap to make namespaces for students' code, got: {came[0]}. "
        f"{next(fitting, _UNKNOWN)} {WITHOUT}"
    )


def _read(path: str) -> str:
    """The text of a file of Linux's own; empty where it can't be read."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""
