"""One line of a GPIO chip, read through the kernel's character device (user API v2, since Linux 5.10).

Only its level is asked for, now and then: who waits for seconds of "off" needs neither edges nor debouncing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Callable

REQUEST = struct.Struct("=64I 32s Q I 20x 240x I I 20x i")
"""``struct gpio_v2_line_request``: offsets, consumer, flags, number of attributes, number of lines, size of
the event buffer, descriptor."""
VALUES = struct.Struct("=Q Q")
"""``struct gpio_v2_line_values``: bits, mask."""
GET_LINE = 0xC250B407
GET_VALUES = 0xC010B40E
ACTIVE_LOW, INPUT = 1 << 1, 1 << 2
CONSUMER = b"shuttle-guide-power"

Ioctl = Callable[[int, int, bytearray], int]
"""``fcntl.ioctl``."""


class GpioLine:
    """An input, asked for when it is first read, and again where the kernel took it away.

    Args:
        chip: such as ``/dev/gpiochip0``.
        offset: of the line in the chip.
        active_low: it is active when the wire is low.
        ioctl: what asks the kernel.
    """

    def __init__(
        self, chip: str, offset: int, *, active_low: bool = False, ioctl: Ioctl = fcntl.ioctl
    ) -> None:
        self._chip, self._offset = chip, offset
        self._flags = INPUT | (ACTIVE_LOW if active_low else 0)
        self._ioctl = ioctl
        self._line: int | None = None

    def is_active(self) -> bool:
        """Raises OSError: the chip is absent, or somebody else has the line, …"""
        if self._line is None:
            self._line = self._request()
        asked = bytearray(VALUES.pack(0, 1))
        try:
            self._ioctl(self._line, GET_VALUES, asked)
        except OSError:
            self.close()
            raise
        return bool(VALUES.unpack(asked)[0] & 1)

    def close(self) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):
                os.close(self._line)
            self._line = None

    def _request(self) -> int:
        asked = bytearray(REQUEST.pack(self._offset, *[0] * 63, CONSUMER, self._flags, 0, 1, 0, -1))
        chip = os.open(self._chip, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._ioctl(chip, GET_LINE, asked)
        finally:
            os.close(chip)
        return int(REQUEST.unpack(asked)[-1])
