"""``python -m edge.power NOTE``: has systemd power the machine off when the ignition was off for a while.

What it goes by is a GPIO line where one is named and can be read, else the note of ``ingest``
(``edge/ignition_note.py``). systemd stops the guide then: the speaker fades what it says and leaves, which is
how systemd knows that it has faded, and what does not leave in time is killed.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from edge import sd_notify
from edge.ignition_note import Ignition, read_ignition
from edge.power.gpio_line import GpioLine
from edge.power.hold import Hold

POLL_S = 0.25
POWER_OFF = signal.SIGRTMIN + 4
"""What systemd(1) takes for "start poweroff.target". A signal of root's needs no capability and no bus."""
FIRST_HOLD_S = 600.0
"""At least, where a wire was not "on" yet: broken or the wrong way round, it leaves somebody time to come."""
SECONDS = re.compile(r"[0-9]{1,5}")
LINE = re.compile(r"(/dev/[A-Za-z0-9._-]{1,64}):([0-9]{1,5})(:active-low)?")


class Wanted(NamedTuple):
    """The settings (``/etc/shuttle-guide/power.env``)."""

    hold_s: float
    line: GpioLine | None


def settings(environment: Mapping[str, str]) -> Wanted:
    """Raises ValueError with one line."""
    hold, line = environment.get("IGNITION_HOLD_S", ""), environment.get("IGNITION_LINE", "")
    if not SECONDS.fullmatch(hold):
        raise ValueError(f"IGNITION_HOLD_S: expected seconds as a whole number, got {hold!r}")
    if not line:
        return Wanted(float(hold), None)
    if (named := LINE.fullmatch(line)) is None:
        raise ValueError(f"IGNITION_LINE: expected /dev/gpiochipN:LINE[:active-low], got {line!r}")
    return Wanted(float(hold), GpioLine(named[1], int(named[2]), active_low=bool(named[3])))


class Watch:
    """Follows the ignition, one reading after the other.

    Args:
        note: the file that ``ingest`` writes.
        tell: one line for the journal, as sd-daemon(3) has it: its level in front.
    """

    def __init__(self, wanted: Wanted, note: Path, tell: Callable[[str], None]) -> None:
        self._line, self._note, self._tell = wanted.line, note, tell
        self._hold = Hold(wanted.hold_s)
        self._was: Ignition | None = None
        self._trouble = ""
        self._wire_was_on = False
        self._is_doubtful = False
        """What was read last comes of a wire that was never "on"."""

    def step(self, now_mono: float) -> tuple[str, bool]:
        """What to say in one line, and whether the hold is over."""
        ignition = self._read()
        left_s = self._hold.left_s(ignition, now_mono, at_least_s=FIRST_HOLD_S if self._is_doubtful else 0)
        if ignition != self._was:
            if left_s:
                doubt = "; the line was never on yet: is it active-low?" if self._is_doubtful else ""
                self._tell(f"<5>ignition off: power off in {left_s:.0f} s unless it is on again{doubt}")
            elif ignition == "on" and self._was == "off":
                self._tell("<5>ignition on again: not powering off")
            self._was = ignition
        status = f"ignition {ignition or 'unknown'}"
        if left_s is not None:
            status += f": power off in {left_s:.0f} s"
        if self._trouble:
            status += f"; {self._trouble}"
        return status, left_s == 0

    def _read(self) -> Ignition | None:
        if self._line is not None:
            try:
                active = self._line.is_active()
            except OSError as error:
                trouble = f"the line cannot be read ({error.strerror}), the vehicle's messages count"
            else:
                self._trouble = ""
                self._wire_was_on |= active
                self._is_doubtful = not self._wire_was_on
                return "on" if active else "off"
            if trouble != self._trouble:
                self._tell(f"<3>{trouble}")
                self._trouble = trouble
        self._is_doubtful = False  # messages count from an "on" of this boot on
        return read_ignition(self._note)


def main() -> int:
    """Watch the ignition until the machine goes down."""
    try:
        wanted = settings(os.environ)
    except ValueError as error:
        _tell(f"<2>{error}; correct /etc/shuttle-guide/power.env")
        sd_notify.refuse(str(error))
        return os.EX_CONFIG
    watch = Watch(wanted, Path(sys.argv[1]), _tell)
    asked = False
    while True:
        status, over = watch.step(time.monotonic())
        if over and not asked:
            _tell("<5>ignition off for long enough: powering off")
            os.kill(1, POWER_OFF)
            asked = True
        asked = asked and over
        sd_notify.notify(*sd_notify.health(status, ready=True, working=True))
        time.sleep(POLL_S)


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
