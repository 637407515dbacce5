"""A server of files, mostly on loopback, that can misbehave in all the ways in which downloads fail."""

from __future__ import annotations

import hashlib
import socketserver
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self

Fault = Literal[
    "cut",  # half of what is left, then the connection ends
    "silent",  # the headers and half, then nothing until the server is closed
    "short",  # promises less than the file has, and sends that
    "no_length",  # does not say how long it is
    "ignores_range",
    "other_part",  # a part that was not asked for
    "web_page",
    "redirect",  # to the same file under another address
    "redirect_loop",
    "slow",
    "404",
    "416",
    "503",
]


class InThread:
    """A server whose requests are answered in threads, from entering to leaving."""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        self._closing = threading.Event()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what is tested here."""


class FileServer(InThread):
    """Serves ``files`` (path → content) with ranges and ETags; ``faults`` come one a request, then none."""

    def __init__(self, files: dict[str, bytes], address: str = "127.0.0.1") -> None:
        self.files = files
        self.faults: deque[Fault] = deque()
        self.ranges: list[str | None] = []
        """The Range header of each request."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        http = _QuietServer((address, 0), Handler)
        http.daemon_threads = True
        super().__init__(http)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        fault = self.faults.popleft() if self.faults else None
        content = self.files.get(request.path.removeprefix("/moved"))
        if fault in ("404", "416", "503") or content is None:
            request.send_error(404 if content is None else int(fault or 404))
            return
        if fault in ("redirect", "redirect_loop"):
            if fault == "redirect_loop":
                self.faults.appendleft(fault)
            request.send_response(302)
            request.send_header("Location", f"/moved{request.path.removeprefix('/moved')}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if fault == "web_page":
            request.send_response(200)
            request.send_header("Content-Type", "text/html; charset=utf-8")
            request.end_headers()
            request.wfile.write(b"<html>Welcome to the Wi-Fi of the depot</html>")
            return
        self._send_file(request, content, asked, fault)

    def _send_file(
        self, request: BaseHTTPRequestHandler, content: bytes, asked: str | None, fault: Fault | None
    ) -> None:
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        start = 0
        if asked and fault != "ignores_range" and request.headers.get("If-Range", etag) == etag:
            start = int(asked.removeprefix("bytes=").rstrip("-")) + (10 if fault == "other_part" else 0)
        body = content[start:]
        if fault == "short":
            body = body[: len(body) // 2]
        request.send_response(206 if start else 200)
        request.send_header("ETag", etag)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if fault != "no_length":
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if fault in ("cut", "silent"):
            body = body[: len(body) // 2]
        for offset in range(0, len(body), 4096):
            request.wfile.write(body[offset : offset + 4096])
            if fault == "slow":
                time.sleep(0.002)
        if fault == "silent":
            request.wfile.flush()
            self._closing.wait()
