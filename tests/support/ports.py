"""Loopback ports for servers of the tests."""

from __future__ import annotations

import itertools
import os
import random
import socket

FIRST, STEP = 10_000, 1_000
"""Below those that the kernel gives to clients, and a range for each worker of the run: between the asking
and the server's start nobody else takes the port."""
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
# Another run beside this one begins elsewhere in the range.
_numbers = itertools.count(random.randrange(STEP))


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at the moment, another one each time."""
    for number in itertools.islice(_numbers, STEP):
        port = FIRST + STEP * _WORKER + number % STEP
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"no port is free from {FIRST + STEP * _WORKER} on")
