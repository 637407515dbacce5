"""A mirror on loopback whose answers have no end, or lead to nowhere."""

from __future__ import annotations

import socket
import socketserver
import time

from tests.support.file_server import InThread

ENDLESS = {
    "continue": b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n",
    "trickle": b" ",
    "trailer": b"A: " + b"b" * 1000 + b"\r\n",
}


class EndlessServer(InThread):
    """Gives the manifest as it is (but for ``trickle``), and everything else in its own way.

    Args:
        kind: of ENDLESS, or where it redirects to.
    """

    def __init__(self, files: dict[str, bytes], kind: str) -> None:
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    server.answer(self.request, files, kind)
                except OSError:
                    """The client has hung up, as it shall."""

        tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        tcp.daemon_threads = True
        super().__init__(tcp)

    def answer(self, connection: socket.socket, files: dict[str, bytes], kind: str) -> None:
        """One request."""
        path = connection.recv(9999).decode().split()[1]
        if kind not in ENDLESS:
            connection.sendall(
                f"HTTP/1.1 302 Found\r\nLocation: {kind}\r\nContent-Length: 0\r\n\r\n".encode()
            )
            return
        if path.startswith("/manifest") and kind != "trickle":
            content = files[path]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
            return
        if kind == "trickle":
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        if kind == "trailer":
            length = len(next(content for name, content in files.items() if name.endswith(".tar")))
            head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n"
            connection.sendall(head.encode() + b"1\r\nx\r\n0\r\n")
        while not self._closing.is_set():
            connection.sendall(ENDLESS[kind])
            time.sleep(0.05)
