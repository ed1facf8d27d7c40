"""Where Linux refuses a sandbox the sentence names the limit and the cure.

Each limit that can be set for one process is set; of the others bwrap's documented words are
read, as they come from machines that have them.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.teaching.sandbox.refusals import Machine, refused
from tests.without_sandbox import why_none

PROGRAM = Path(__file__).with_name("refused.py")
INSIDE = ("unshare", "--map-root-user", "--mount", "sh", "-c")  # also for an ordinary user
ALL = (1 << 41) - 1  # capabilities
NOT_PERMITTED = "bwrap: Creating new namespace failed: Operation not permitted"
NO_PERMISSIONS = (
    "bwrap: No permissions to create new namespace, likely because the kernel does not allow "
    "non-privileged user namespaces."
)
RESTRICTED = Machine(settings={"kernel.apparmor_restrict_unprivileged_userns": "1"})


def answer(*command):
    if "found none in PATH" in why_none():
        pytest.skip(why_none())
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=100, env=os.environ | {"LC_ALL": "C"}
    )
    if not done.stdout and command[0] in done.stderr:
        pytest.skip(f"this limit can't be set here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def inside(*settings):
    """The answer in a user namespace of one's own, where these commands have been run."""
    return answer(*INSIDE, " && ".join((*settings, f'exec "{sys.executable}" "{PROGRAM}"')))


def test_nothing_is_refused_without_a_reason():
    assert inside("true") in ("works\n", answer(sys.executable, str(PROGRAM)))


def test_no_user_namespace_is_left():
    said = inside("echo 0 > /proc/sys/user/max_user_namespaces")
    assert "ENOSPC" in said
    assert "The limit is the setting user.max_user_namespaces, which is 0" in said
    assert "sysctl user.max_user_namespaces=" in said


def test_a_masked_proc():
    said = inside("mount --bind /dev/null /proc/version")
    assert "The limit is a container's masked /proc" in said
    assert "systempaths=unconfined" in said


two_processors = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64"), reason="the filter is for two processors"
)


@two_processors
def test_a_linux_without_filters_of_system_calls():
    said = answer(sys.executable, str(PROGRAM), "no-seccomp")
    assert "The limit is this Linux, built without filters of system calls" in said
    assert "--no-sandbox" in said


@two_processors
def test_a_seccomp_filter():
    said = answer(sys.executable, str(PROGRAM), "seccomp")
    assert "The limit is a seccomp filter" in said
    assert "seccomp=unconfined" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="root's capabilities are root's to drop")
@pytest.mark.parametrize("capability", ["sys_admin", "net_admin"])
def test_root_without_a_capability(capability):
    drop = ("setpriv", f"--bounding-set=-{capability}")
    said = answer(*drop, sys.executable, str(PROGRAM))
    assert f"lacks the capability CAP_{capability.upper()}" in said
    assert f"--cap-add {capability.upper()}" in said


@pytest.mark.parametrize(
    ("complaint", "machine", "words"),
    [
        (
            NO_PERMISSIONS,
            Machine(settings={"kernel.unprivileged_userns_clone": "0"}),
            "sysctl kernel.unprivileged_userns_clone=1",
        ),
        (NO_PERMISSIONS, Machine(filtered=True), "The limit is a seccomp filter"),
        (NOT_PERMITTED, Machine(root=True, filtered=True), "CAP_SYS_ADMIN"),
        (NOT_PERMITTED, Machine(root=True, capabilities=ALL, filtered=True), "seccomp"),
        *(
            (words, RESTRICTED, "apparmor_restrict_unprivileged_userns=0")
            for words in (
                "bwrap: setting up uid map: Permission denied",
                "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted",
                "bwrap: Creating new namespace failed: Permission denied",
            )
        ),
        (
            "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted",
            Machine(root=True, capabilities=ALL),
            "security module",
        ),
        ("bwrap: Failed to make / slave: Permission denied", Machine(), "security module"),
        ("bwrap: Failed to mount tmpfs: Permission denied", Machine(), "label=disable"),
        (
            "bwrap: Creating new namespace failed: Resource temporarily unavailable",
            Machine(),
            "ulimit -u",
        ),
        (
            "bwrap: Creating new namespace failed, likely because the kernel does not support "
            "user namespaces.  bwrap must be installed setuid on such systems.",
            Machine(),
            "built without user namespaces",
        ),
        (
            "bwrap: Creating new namespace failed: nesting depth or "
            "/proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
            Machine(settings={"user.max_user_namespaces": "9"}),
            "32 at most",
        ),
        ("bwrap: execvp /bin/sh: No such file or directory", Machine(), "unmasked /proc"),
    ],
)
def test_documented_words_are_read(complaint, machine, words):
    said = refused(f"a warning before\n{complaint}\n", 1, machine)
    assert words in said
    assert complaint in said
    assert "--no-sandbox" in said


def test_two_processes_that_complain_at_once_are_understood():
    complaint = (
        "bwrap: bwrap: Unable to set up: prctl(PR_SET_SECCOMP) reported EINVAL.\n\nbwrap:"
    )
    assert "CONFIG_SECCOMP_FILTER" in refused(complaint, 1, Machine())


def test_a_bwrap_that_says_nothing_is_quoted_with_its_exit_code():
    assert "got: exit code -9 and no word." in refused("", -9, Machine())
