"""Hand-ins whose kernel does not speak Jupyter's protocol as it should."""

from tests.teaching.attacks.attack import ends, tries

__all__ = ["MESSAGES"]

_ANY = ("graded", "crashed", "timed_out")
# What each needs: a way to send anything on both channels.
_SPEAKS = """
import json, threading, time, zmq
kernel = get_ipython().kernel
session, parent = kernel.session, kernel.get_parent()
def iopub(kind, content, **more):
    session.send(kernel.iopub_socket, kind, content, **({"parent": parent} | more))
def change(do):
    send = session.send
    def changed(stream, msg_or_type, content=None, *a, **k):
        return send(stream, msg_or_type, do(msg_or_type, content), *a, **k)
    session.send = changed
"""


def _wrong(name, does, code, *look_at, **more):
    given = {"states": _ANY, "own_test": None, "reason": ""} | more
    return ends(name, does, _SPEAKS + code, *("interpreter", *look_at), **given)


def _replies(name, does, content, **more):
    code = f"change(lambda kind, content: {content} if kind == 'execute_reply' else content)"
    return _wrong(name, does, code, **({"own_test": None} | more))


MESSAGES = (
    _wrong(
        "key_replaced",
        "signs its messages with another key",
        'session.key = b"mine"\n',
        states=("crashed", "timed_out"),
        own_test=0,
    ),
    _wrong(
        "display_without_data",
        "shows an object without data",
        'iopub("display_data", {"odd": 1})\n',
    ),
    _wrong(
        "idle_too_early",
        "says that it is idle before it is",
        'for number in range(50): iopub("status", {"execution_state": "idle"})\n',
    ),
    _wrong(
        "never_idle",
        "never says that it is idle",
        "change(lambda kind, content: {'execution_state': 'busy'} if kind == 'status' "
        "else content)\n",
        states=("timed_out",),
        own_test=0,
    ),
    _replies("reply_without_status", "replies without a status", "{}"),
    _replies("reply_of_a_list", "replies with a list", "[1, 2]", slow=True),
    _replies(
        "reply_of_an_odd_error",
        "replies with an error whose parts are no text",
        '{"status": "error", "ename": [], "evalue": {}, "traceback": 7}',
    ),
    _replies(
        "reply_of_a_time_limit",
        "replies that it ran out of time, in the judge's own words",
        '{"status": "error", "ename": "CellTimeoutError", "evalue": "", "traceback": []}',
    ),
    _replies(
        "count_that_is_markup",
        "gives a script for the number of the cell",
        '{**content, "execution_count": "<script>alert(666)</script>"}',
    ),
    _wrong(
        "count_in_outputs",
        "gives a script for the number of a result",
        'iopub("execute_result", {"data": {"text/plain": "1"}, "metadata": {}, '
        '"execution_count": "</div><script>alert(666)</script>"})\n',
    ),
    _wrong(
        "stream_of_another_name",
        "writes to a stream whose name is markup",
        'iopub("stream", {"name": "\'><script>alert(666)</script>", "text": "x"})\n',
    ),
    _wrong(
        "stream_of_numbers",
        "writes a number, a list and nothing to its streams",
        'for text in (7, ["a", 1], None, {"a": 1}):\n'
        '    iopub("stream", {"name": "stdout", "text": text})\n',
    ),
    _wrong(
        "data_of_odd_types",
        "shows data that is no text",
        'for data in (None, [], {"image/png": 5}, {"text/html": None}, {"text/plain": {}}):\n'
        '    iopub("display_data", {"data": data, "metadata": []})\n',
    ),
    _wrong(
        "error_of_odd_types",
        "sends an error whose parts are no text",
        'iopub("error", {"ename": 1, "evalue": None, "traceback": {"a": 1}})\n',
    ),
    _wrong(
        "lists_in_lists",
        "sends lists nested a hundred thousand levels deep",
        """
deep = b"[" * 100_000 + b"]" * 100_000
header = json.dumps(session.msg_header("display_data"), default=str).encode()
parts = [header, json.dumps(parent["header"], default=str).encode(), b"{}", deep]
kernel.iopub_socket.send_multipart([b"x", b"<IDS|MSG>", session.sign(parts), *parts])
""",
    ),
    _wrong(
        "no_json",
        "sends bytes that are no message",
        """
for parts in ([b"x"], [b"<IDS|MSG>"], [b"x", b"<IDS|MSG>", b"", b"{", b"", b"", b""]):
    kernel.iopub_socket.send_multipart(parts)
""",
    ),
    _wrong(
        "unknown_message",
        "sends messages of kinds that do not exist",
        'for kind in ("comm_open", "comm_msg", "clear_output", "x", "shutdown_reply"):\n'
        "    iopub(kind, {})\n",
    ),
    _wrong(
        "display_replaced_later",
        "shows an object in its own cell, and writes a mark into it while the test runs",
        """
from IPython.display import display
handle = display("before", display_id=True)
get_ipython().events.register("post_run_cell", lambda *a: handle.update("5.0"))
""",
        own_test=2,
        states=("graded",),
    ),
    ends(
        "widgets_without_end",
        "opens widgets with a large state",
        "from comm import create_comm\nfor number in range(40):\n"
        "    create_comm(target_name='jupyter.widget', data={'state': {'x': 'y' * 10**6}},\n"
        "                metadata={'version': '2.0'})",
        states=_ANY,
        own_test=None,
        reason="",
    ),
    _wrong(
        "replies_to_others",
        "replies without end to requests that nobody made",
        """
async def forever(stream, ident, parent):
    while True:
        session.send(stream, "execute_reply", {"status": "ok"}, parent={}, ident=ident)
kernel.shell_handlers["execute_request"] = forever
""",
        states=("crashed", "timed_out"),
        own_test=0,
        slow=True,
    ),
    tries(
        "asks_for_input",
        "waits for a person at the keyboard",
        "try: input('name')\nexcept Exception as error: print(type(error))",
    ),
)
