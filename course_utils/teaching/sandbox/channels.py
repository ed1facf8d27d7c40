"""How much a student's kernel may send, counted before it is read.

What a kernel prints waits in the memory of the program that grades. So a message above a size
is refused by the socket, few messages wait in it, and a kernel that sends too much in all is
killed. Linux keeps the rest waiting in the kernel's own memory, which is limited.
"""

import asyncio
import queue
import time
from collections.abc import Awaitable, Callable
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from traitlets import Type
from zmq.utils.monitor import parse_monitor_message

from course_utils.i18n import N_
from course_utils.teaching.sandbox.limits import Reason, size_in_words

__all__ = ["MESSAGE_BYTES", "SIZE", "Budget", "counting_client"]

MESSAGE_BYTES = 32 * 2**20
SIZE = "course_bytes"  # where a message carries the number of its bytes
_WAITING = 16  # messages in a socket


class Budget:
    """What one kernel may send. limit: bytes, of all messages so far; it may be raised.

    kill: called when it has sent too much, or a message that the socket refused.
    """

    def __init__(self, limit: int, kill: Callable[[], Awaitable[None]]) -> None:
        self.limit, self.spent = limit, 0
        self.reason: Reason | None = None
        self._broken = False
        self._kill = kill
        self._allowed = limit
        self._monitors: list[zmq.Socket] = []

    async def spend(self, size: int) -> bool:
        """Count a message; False where it is one too many, and the kernel is dead."""
        self.spent += size
        if self.spent <= self.limit:
            return True
        await self._end(N_("printed more than {size}"), self._allowed)
        return False

    def watch(self, socket: zmq.Socket) -> None:
        self._monitors.append(socket.get_monitor_socket(zmq.EVENT_DISCONNECTED))

    def connection_broke(self) -> bool:
        """Whether one has broken so far; the socket breaks it at a message that is too big."""
        for monitor in self._monitors:
            plain = zmq.Socket.shadow(monitor)
            while plain.poll(0):
                event = parse_monitor_message(plain.recv_multipart())
                self._broken |= event["event"] == zmq.EVENT_DISCONNECTED
        return self._broken

    async def end_for_a_message(self) -> None:
        """Kill a kernel whose connection broke while it lived."""
        await self._end(N_("printed or showed more than {size} at once"), MESSAGE_BYTES)

    def close(self) -> None:
        for monitor in self._monitors:
            monitor.close(linger=0)
        self._monitors.clear()

    async def _end(self, words: str, size: int) -> None:
        if self.reason is None:
            self.reason = Reason(words, {"size": size_in_words(size)})
        await self._kill()


def counting_client(budget: Budget) -> type[AsyncKernelClient]:
    """A class of kernel clients that count what they receive.

    Each message carries its size in bytes under the key SIZE. `shell_channel.attachment`: bytes
    that go with the code to run, as a buffer of the message, until it is None again.
    """

    class Channel(AsyncZMQSocketChannel):
        attachment: bytes | None = None

        def __init__(self, socket, session, loop=None) -> None:
            super().__init__(socket, session, loop)
            budget.watch(socket)

        def send(self, msg) -> None:
            if self.attachment is not None and msg["msg_type"] == "execute_request":
                msg["buffers"] = [self.attachment]
            super().send(msg)

        async def _recv(self, **kwargs):
            parts = await self.socket.recv_multipart(**kwargs)
            size = sum(map(len, parts))
            if not await budget.spend(size):
                del parts
                await asyncio.Event().wait()  # nbclient sees the death and cancels this
            _identities, rest = self.session.feed_identities(parts)
            return self.session.deserialize(rest) | {SIZE: size}

    class Client(AsyncKernelClient):
        shell_channel_class = Type(Channel)
        iopub_channel_class = Type(Channel)

        def _context_default(self) -> zmq.asyncio.Context:
            context = super()._context_default()
            context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES)
            context.setsockopt(zmq.RCVHWM, _WAITING)
            return context

        async def wait_for_ready(self, timeout: float | None = None) -> None:
            """Jupyter's, but iopub is listened to until the kernel says that it has answered,
            not until 0.2 s have passed without a word. Raises RuntimeError as that does."""
            end = time.monotonic() + (float("inf") if timeout is None else timeout)
            while not await self._answers(self.kernel_info()):
                if not await self._async_is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info")
                if time.monotonic() > end:
                    raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

        async def _answers(self, asked: str) -> bool:
            try:
                reply = await self.shell_channel.get_msg(timeout=1)
                while reply["parent_header"].get("msg_id") != asked:
                    reply = await self.shell_channel.get_msg(timeout=1)
                said: dict[str, Any] = {}
                while said.get("execution_state") != "idle":
                    message = await self.iopub_channel.get_msg(timeout=0.2)
                    ours = message["parent_header"].get("msg_id") == asked
                    said = message["content"] if ours else {}
            except queue.Empty:
                return False
            self._handle_kernel_info_reply(reply)
            return True

        def stop_channels(self) -> None:
            budget.close()
            super().stop_channels()

    return Client
