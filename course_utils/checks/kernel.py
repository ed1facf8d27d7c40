"""The part of a hidden test that runs in the student's kernel: probes and replies.

    ipykernel_launcher --InteractiveShellApp.extra_extensions=course_utils.checks.kernel

As an extension of IPython it sees to threads and processes that are started before a test.
A reply is only data. Whatever the student's code did to this interpreter, the judge
(`grading.judge`, in another process) compares the data with the right answer.
"""

import base64
from typing import Any

from course_utils.checks.exercise import resolve
from course_utils.checks.probing import Caller, Observation, Trouble, probe_cases
from course_utils.checks.standing_still import adopt_orphans
from course_utils.checks.surroundings import steady
from course_utils.checks.watch import follow_threads
from course_utils.checks.wire import decode, encode

__all__ = ["MIME", "answer", "load_ipython_extension", "reply"]

MIME = "application/vnd.course.answers"


def load_ipython_extension(_shell: Any) -> None:
    """Have the threads that cells start watched while a test runs, and find the processes."""
    follow_threads()
    adopt_orphans()


def answer(request: str | None, namespace: dict[str, Any]) -> None:
    """Probe the function asked for and publish the reply as display data.

    request: base64 of `grading.make_request`; None where its bytes are the first buffer of the
    message that runs this. namespace: the notebook's names.
    """
    from IPython import get_ipython
    from IPython.display import publish_display_data

    if request is None:
        asked = bytes(get_ipython().kernel.get_parent("shell")["buffers"][0])
    else:
        asked = base64.b64decode(request)
    data = base64.b64encode(reply(asked, namespace)).decode()
    publish_display_data({MIME: data})


def reply(request: bytes, namespace: dict[str, Any]) -> bytes:
    """The bytes that answer a request: the nonce and one observation a case."""
    with steady():
        asked = decode(request)
        found = _observations(asked, namespace)
        return encode(
            {"nonce": asked["nonce"], "observations": [item.as_plain() for item in found]}
        )


def _observations(asked: dict[str, Any], namespace: dict[str, Any]) -> list[Observation]:
    cases = [(case["inputs"], case["strided"]) for case in asked["cases"]]
    if asked["function"] not in namespace:
        return [Observation(trouble=Trouble("missing")) for _case in cases]
    function = namespace[asked["function"]]
    caller = Caller(function, watched=asked["watched"], seconds=asked["seconds"])
    return probe_cases(resolve(asked["probe"]), caller, cases)
