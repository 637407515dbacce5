"""What a process tells systemd: the protocol of sd_notify(3), a datagram of ``NAME=value`` lines.

Written out here because a unit of ``Type=notify`` must never depend on an optional package.
"""

from __future__ import annotations

import os
import signal
import socket

EXTENSION_S = 15
"""While a start goes on: how much more time is asked for with each report."""
REFUSED_FOR_S = 20
"""How long a process whose configuration is refused waits, so that systemd starts it again no faster."""


def notify(*lines: str) -> bool:
    """Send ``STATUS=…``, ``READY=1`` and so on; False when no service manager listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        try:
            link.sendto("\n".join(lines).encode(), address)
        except OSError:
            return False
    return True


def health(status: str, *, ready: bool, working: bool) -> tuple[str, ...]:
    """The lines of one regular report.

    A start may take as long as it works on (``EXTEND_TIMEOUT_USEC``); one that hangs ends at the unit's
    ``TimeoutStartSec``. Once it is ready ``WatchdogSec`` holds.
    """
    lines = [f"STATUS={' '.join(status.split())}"]  # a line break would begin another field
    if ready:
        lines.append("READY=1")
    if working:
        lines.append("WATCHDOG=1")
        if not ready:
            lines.append(f"EXTEND_TIMEOUT_USEC={EXTENSION_S * 1_000_000}")
    return tuple(lines)


def refuse(reason: str) -> None:
    """Say why the process cannot start; where it would be started again, wait a little (a signal ends it)."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    if notify(f"STATUS={' '.join(reason.split())}"):
        signal.sigtimedwait(signals, REFUSED_FOR_S)
