"""``shuttle-guide run NAME`` that can be made to hang, for the test of the watchdog.

Usage: wedge.py run NAME. SIGUSR1 blocks the event loop; SIGUSR2 makes the next write to the device block.
"""

from __future__ import annotations

import signal
import sys
import threading
import time

from edge.cli.main import main
from edge.speaker.output import NullOutput

for_ever = threading.Event()
device_hangs = threading.Event()
write = NullOutput.write


def write_or_hang(self, block, *, idle=False):  # type: ignore[no-untyped-def]
    if device_hangs.is_set():
        for_ever.wait()
    return write(self, block, idle=idle)


NullOutput.write = write_or_hang  # type: ignore[method-assign]
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))
signal.signal(signal.SIGUSR2, lambda *_: device_hangs.set())
sys.exit(main())
