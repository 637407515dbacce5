"""How a broker is reached that has several addresses, such as the nodes of a cluster under one name."""

from __future__ import annotations

import random
import socket


def connect_to_any(host: str, port: int, timeout_s: float) -> socket.socket:
    """Connect to one of the addresses, in random order; the family that the system prefers comes first.

    Thus the clients of a cluster spread over its nodes, and do not stay with one that takes connections and
    then does not answer.

    Raises:
        OSError: the name has no address, or none of them answers within ``timeout_s``.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    preferred = [family for family, *_ in found]
    random.shuffle(found)
    found.sort(key=lambda each: preferred.index(each[0]))
    failed: OSError = OSError(f"{host} has no address")
    for *_, address in found:
        try:
            return socket.create_connection((str(address[0]), port), timeout_s)
        except OSError as error:
            failed = error
    raise failed
