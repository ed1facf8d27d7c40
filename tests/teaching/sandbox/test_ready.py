"""A kernel is asked as soon as it listens, and is ready as soon as it has answered."""

import asyncio
import queue
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_utils.teaching.sandbox import provisioner
from course_utils.teaching.sandbox.channels import Budget, counting_client
from course_utils.teaching.sandbox.namespace import _ended_within


async def never() -> None:
    raise AssertionError("killed")


CLIENT = counting_client(Budget(10**6, never))


class Channel:
    """Gives the messages in their order; "nothing" where none comes in time."""

    def __init__(self, *messages):
        self.messages = list(messages)

    async def get_msg(self, timeout):
        message = self.messages.pop(0) if self.messages else "nothing"
        if message == "nothing":
            raise queue.Empty
        return message


def status(state, asked):
    return {"parent_header": {"msg_id": asked}, "content": {"execution_state": state}}


def answer(asked):
    return {"parent_header": {"msg_id": asked}, "content": {}}


def client(shell, iopub, *, alive=True):
    """A client with these messages to come, whose questions are "1", "2" and so on."""
    asked, handled = [], []

    async def is_alive():
        return alive

    made = SimpleNamespace(
        asked=asked,
        handled=handled,
        shell_channel=Channel(*shell),
        iopub_channel=Channel(*iopub),
        kernel_info=lambda: asked.append(str(len(asked) + 1)) or asked[-1],
        _async_is_alive=is_alive,
        _handle_kernel_info_reply=handled.append,
    )
    made._answers = partial(CLIENT._answers, made)
    return made


def wait(made, timeout=60):
    asyncio.run(CLIENT.wait_for_ready(made, timeout=timeout))


def test_a_kernel_that_answers_is_asked_once_and_nothing_is_left_to_read():
    starting = {"parent_header": {}, "content": {"execution_state": "starting"}}
    iopub = [starting, status("busy", "1"), status("idle", "1"), "later"]
    made = client([answer("1")], iopub)
    wait(made)
    assert made.asked == ["1"]
    assert made.handled == [answer("1")]
    assert made.iopub_channel.messages == ["later"]


def test_a_kernel_whose_first_words_were_missed_is_asked_again():
    shell = [answer("1"), answer("2")]
    iopub = ["nothing", status("idle", "1"), status("busy", "2"), status("idle", "2")]
    made = client(shell, iopub)
    wait(made)
    assert made.asked == ["1", "2"]
    assert made.handled == [answer("2")]


def test_a_late_answer_to_an_earlier_question_does_not_count():
    iopub = [status("idle", "1"), status("idle", "2")]
    made = client(["nothing", answer("1"), answer("2")], iopub)
    wait(made)
    assert made.asked == ["1", "2"]
    assert made.handled == [answer("2")]


def test_a_dead_kernel_is_not_waited_for():
    with pytest.raises(RuntimeError, match="Kernel died"):
        wait(client(["nothing"], [], alive=False))


def test_a_silent_kernel_is_given_up():
    with pytest.raises(RuntimeError, match="didn't respond"):
        wait(client(["nothing"], []), timeout=-1)


@pytest.mark.needs_sandbox
def test_a_started_kernel_has_all_its_sockets(start, monkeypatch):
    seen = []
    real = provisioner.SandboxProvisioner._until_it_listens

    async def note(self):
        await real(self)
        ports = [getattr(self.parent, f"{name}_port") for name in provisioner._SOCKETS]
        seen.extend(Path(f"{self.parent.ip}-{port}").is_socket() for port in ports)

    monkeypatch.setattr(provisioner.SandboxProvisioner, "_until_it_listens", note)
    kernel = start()
    assert seen == [True] * 5
    assert kernel.run("print(1)") == "1\n"


def test_a_kernel_that_ends_or_never_listens_is_not_waited_for(monkeypatch, tmp_path):
    manager = SimpleNamespace(
        ip=str(tmp_path / "none"),
        **dict.fromkeys((f"{name}_port" for name in provisioner._SOCKETS), 1),
    )
    polls = []

    async def poll():
        polls.append(1)
        return None if len(polls) < 3 else 1

    nothing = SimpleNamespace(reach=lambda path: False)
    started = SimpleNamespace(parent=manager, poll=poll, _sockets=nothing)
    asyncio.run(provisioner.SandboxProvisioner._until_it_listens(started))
    assert len(polls) == 3
    monkeypatch.setattr(provisioner, "_SECONDS_TO_LISTEN", -1)
    polls.clear()
    asyncio.run(provisioner.SandboxProvisioner._until_it_listens(started))
    assert len(polls) == 1


def test_a_process_is_waited_for_no_longer_than_it_lives():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert not _ended_within(process, 0.05)
        process.stdin.close()
        assert _ended_within(process, 60)
        process.wait()
        assert _ended_within(process, 60)  # it has been waited for, nobody has its number
