"""Can passengers be heard while the guide speaks, and who sees to it that it does not hear itself?"""

from __future__ import annotations

from typing import Literal, NamedTuple

from edge.config import ListenerSettings
from edge.listener.echo.canceller import MISSING, Canceller, WebRtcCanceller, is_installed

DuplexMode = Literal["half", "device", "software"]


class Duplex(NamedTuple):
    """What was asked for, and what is done."""

    requested: DuplexMode
    actual: DuplexMode
    reason: str = ""
    """Why they differ: one line for the operator."""

    @property
    def barge_in(self) -> bool:
        """Passengers are heard while the guide speaks."""
        return self.actual != "half"

    def __str__(self) -> str:
        if self.requested == self.actual:
            return NAMES[self.actual]
        return f"{NAMES[self.requested]} -> {NAMES[self.actual]} ({self.reason})"


NAMES: dict[DuplexMode, str] = {
    "half": "half duplex",
    "device": "full duplex (the device cancels the echo)",
    "software": "full duplex (echo cancelled in software)",
}


def choose_duplex(settings: ListenerSettings) -> Duplex:
    """Half duplex where the canceller that was asked for is not there."""
    requested: DuplexMode = "half" if settings.duplex == "half" else settings.echo
    if requested == "software" and not is_installed():
        return Duplex(requested, "half", MISSING)
    return Duplex(requested, requested)


def open_duplex(settings: ListenerSettings) -> tuple[Duplex, Canceller | None]:
    """The mode as ``choose_duplex`` has it, with the canceller where there is to be one."""
    duplex = choose_duplex(settings)
    if duplex.actual != "software":
        return duplex, None
    try:
        return duplex, WebRtcCanceller()
    except Exception as error:  # whatever its native library finds wrong with this machine
        return Duplex(duplex.requested, "half", f"livekit does not load: {error}"), None
