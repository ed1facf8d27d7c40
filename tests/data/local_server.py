"""A server on this machine that serves files well or badly, as a test asks.

with serving({"/a.tar": Served(data, cuts=[1000])}) as server:
    urlopen(server.url("/a.tar"))
server.asked          # [("/a.tar", {"Range": ...}), ...]
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Served", "serving"]


@dataclass
class Served:
    """One file, and how it is served.

    ranges: whether Range is understood, if_range: and If-Range.
    cuts: the n-th answer breaks off after so many bytes; later ones are whole.
    stalls: it does not break off there, but sends nothing more.
    declared: a Content-Length that is not the true one, 0: none at all.
    pieces, delay: bytes sent at once, and seconds after each.
    """

    data: bytes = b""
    ranges: bool = True
    if_range: bool = True
    etag: str | None = None
    modified: str | None = None
    cuts: list[int] = field(default_factory=list)
    stalls: bool = False
    declared: int | None = None
    kind: str = "application/x-tar"
    status: int = 200
    location: str | None = None
    pieces: int = 2**16
    delay: float = 0.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, files: Mapping[str, Served]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.asked, self.ended = dict(files), [], threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is what some tests are about."""


@contextmanager
def serving(files: Mapping[str, Served]) -> Iterator[_Server]:
    server = _Server(files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        served = self.server.files.get(self.path, Served(status=404))
        self.server.asked.append((self.path, dict(self.headers)))
        if served.location or served.status >= 300:
            self.send_response(served.status)
            if served.location:
                self.send_header("Location", served.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = self._start(served)
        if start is not None and start >= len(served.data):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = served.data[start or 0 :]
        self.send_response(served.status if start is None else 206)
        if start is not None:
            said = f"bytes {start}-{len(served.data) - 1}/{len(served.data)}"
            self.send_header("Content-Range", said)
        self.send_header("Content-Type", served.kind)
        if served.etag:
            self.send_header("ETag", served.etag)
        if served.modified:
            self.send_header("Last-Modified", served.modified)
        if served.declared != 0:
            self.send_header("Content-Length", str(served.declared or len(body)))
        self.end_headers()
        self._send(served, body)

    def _start(self, served: Served) -> int | None:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        wanted = self.headers.get("If-Range")
        same = not served.if_range or wanted in (None, served.etag, served.modified)
        return int(found[1]) if found and served.ranges and same else None

    def _send(self, served: Served, body: bytes) -> None:
        if served.cuts:
            body = body[: served.cuts.pop(0)]
            stalls = served.stalls
        else:
            stalls = False
        for place in range(0, len(body), served.pieces):
            self.wfile.write(body[place : place + served.pieces])
            time.sleep(served.delay)
        if stalls:
            self.server.ended.wait(60)

    def log_message(self, *arguments) -> None:
        """Tests read `asked`."""
