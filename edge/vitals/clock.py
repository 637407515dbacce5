"""Is the clock set by a time server?"""

from __future__ import annotations

import ctypes
import sys

STATUS_OFFSET = 40
"""Of ``status`` in the kernel's ``struct timex`` (64-bit Linux)."""
STA_UNSYNC = 0x40


def clock_synchronized() -> bool | None:
    """None: the system does not tell (another system, or a sandbox without ``adjtimex``)."""
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return None
    timex = ctypes.create_string_buffer(256)  # all zero: mode 0, which only reads
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    status = int.from_bytes(timex.raw[STATUS_OFFSET : STATUS_OFFSET + 4], sys.byteorder)
    return not status & STA_UNSYNC
