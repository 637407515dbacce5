"""Is the clock set by a time server? The daemon that sets it is asked: a sandbox refuses ``adjtimex``."""

from __future__ import annotations

import os
import socket
import struct

from edge.vitals.tree import Tree

TIMESYNCD_FOLDER = "/run/systemd/timesync"
"""systemd-timesyncd makes it, puts ``synchronized`` into it with its first time, removes it at its end."""

CHRONY_PORT = 323
CHRONY_ANSWERS_WITHIN_S = 0.2
# chrony's command protocol, version 6 (candm.h). "tracking" may be asked by anybody on loopback.
_VERSION, _REQUEST, _REPLY, _TRACKING, _TRACKING_REPLY = 6, 1, 2, 33, 5
_HEADER = struct.Struct(">BBxxHHI")
"""A request: version, kind of packet, command, attempt, sequence number."""
_PACKET_BYTES = 104
"""A request is as long as its reply, so that nobody can have answers amplified."""
_REPLY_KIND_AT, _REPLY_SEQUENCE_AT, _LEAP_AT = 6, 16, 54
_NOT_SYNCHRONISED = 3


def clock_synchronized(tree: Tree, *, chrony_port: int = CHRONY_PORT) -> bool | None:
    """Whether systemd-timesyncd or chrony has set the clock since the machine started.

    Returns:
        None: neither of them runs here, so nobody tells.
    """
    if tree.exists(TIMESYNCD_FOLDER):
        return tree.exists(f"{TIMESYNCD_FOLDER}/synchronized")
    return _chrony_is_synchronized(chrony_port)


def _chrony_is_synchronized(port: int) -> bool | None:
    sequence = int.from_bytes(os.urandom(4), "big")
    request = _HEADER.pack(_VERSION, _REQUEST, _TRACKING, 0, sequence)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(CHRONY_ANSWERS_WITHIN_S)
            asker.connect(("127.0.0.1", port))
            asker.send(request.ljust(_PACKET_BYTES, b"\0"))
            reply = asker.recv(1024)
    except OSError:  # nobody there, or nobody who answers in time
        return None
    if len(reply) < _PACKET_BYTES or reply[:2] != bytes([_VERSION, _REPLY]):
        return None
    (kind,) = struct.unpack_from(">H", reply, _REPLY_KIND_AT)
    (answered,) = struct.unpack_from(">I", reply, _REPLY_SEQUENCE_AT)
    (leap,) = struct.unpack_from(">H", reply, _LEAP_AT)
    if kind != _TRACKING_REPLY or answered != sequence:
        return None
    return bool(leap != _NOT_SYNCHRONISED)
