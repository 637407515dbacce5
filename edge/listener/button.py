"""What a Linux input device tells of its keys (``<linux/input.h>``). Pure: bytes come in, presses go out.

Read with the standard library: evdev comes as source only and would need a compiler on the device.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

EVENT = struct.Struct("@llHHi")
"""``struct input_event``: seconds, microseconds, type, code, value; 24 bytes on 64-bit machines."""
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
UP, DOWN, REPEAT = 0, 1, 2


class ButtonEvents:
    """Decodes a device's bytes into presses and releases of the key.

    Args:
        key: code of the key that counts; None: every key.
    """

    def __init__(self, key: int | None = None) -> None:
        self._key = key
        self._rest = b""
        self._held: set[int] = set()

    @property
    def held(self) -> bool:
        return bool(self._held)

    def feed(self, data: bytes) -> Iterator[bool]:
        """Changes that these bytes tell: True, it went down; False, it is up again."""
        self._rest += data
        whole = len(self._rest) // EVENT.size * EVENT.size
        events, self._rest = self._rest[:whole], self._rest[whole:]
        for _, _, kind, code, value in EVENT.iter_unpack(events):
            was_held = self.held
            if kind == EV_SYN and code == SYN_DROPPED:
                self._held.clear()  # the kernel lost events: nobody knows what is held
            elif kind == EV_KEY and self._key in (None, code) and value == DOWN:
                self._held.add(code)
            elif kind == EV_KEY and value == UP:
                self._held.discard(code)
            if self.held != was_held:
                yield self.held

    def lost(self) -> bool:
        """The device is gone. True: its key was down, and counts as up from now on."""
        was_held = self.held
        self._held.clear()
        self._rest = b""
        return was_held
