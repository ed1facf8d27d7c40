"""Where this machine can make no sandbox, what grades is graded without one.

Only what tests the sandbox itself is skipped there: it bears the marker `needs_sandbox`, as
do tests/teaching/sandbox and, of the attacks, those whose `needs_sandbox` is set. The list:

    python -m pytest --collect-only -q -m needs_sandbox tests
"""

from functools import cache

from course_utils.teaching.sandbox.bubblewrap import SandboxUnavailable, require

__all__ = ["SETTINGS", "grade_options", "settings", "why_none"]

SETTINGS = """
c.Judge.sandbox = False
c.KernelProvisionerFactory.default_provisioner_name = "local-provisioner"
"""


@cache
def why_none() -> str:
    """Why there can be no sandbox here, in the words of who would make it; "" if it can be."""
    try:
        require()
    except SandboxUnavailable as error:
        return str(error)
    return ""


def grade_options() -> list[str]:
    """What `course grade` takes beside its other words."""
    return ["--no-sandbox"] if why_none() else []


def settings() -> str:
    """What nbgrader_config.py of a test's course takes beside its own lines."""
    return SETTINGS if why_none() else ""
