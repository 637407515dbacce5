"""PortAudio's list of devices, which it reads when it starts: what came or went since is not in it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

SOUND_CARDS = Path("/dev/snd")


class DeviceList:
    """The sound devices of this machine.

    Reading them leaks some 12 KiB in ALSA, so it is done when something changed, or after a long while.

    Args:
        look_again_s: the long while. A device that somebody else held just then may be missing from the list.
    """

    def __init__(self, look_again_s: float) -> None:
        self._look_again_s = look_again_s
        self._sound_system: tuple[object, ...] | None = None
        self._looked_mono = 0.0

    def refresh(self, sd: Any) -> None:
        """Read it again if it may be another one; no stream of this process may be open."""
        sound_system, now = _sound_system(), time.monotonic()
        if sound_system == self._sound_system and now - self._looked_mono < self._look_again_s:
            return
        while sd._initialized:
            sd._terminate()
        sd._initialize()
        self._sound_system, self._looked_mono = sound_system, now


def _sound_system() -> tuple[object, ...]:
    """What changes when a sound card or a sound server comes or goes."""
    runtime_dir = os.environ.get("XDG_RUNTIME_DIR", "")
    server = os.environ.get("PULSE_SERVER", "").removeprefix("unix:")
    places = (
        str(SOUND_CARDS),
        f"{runtime_dir}/pulse",
        f"{runtime_dir}/pulse/native",
        f"{runtime_dir}/pipewire-0",
        server,
    )
    return (*(_identity(Path(place)) for place in places if place.startswith("/")), *_owners(SOUND_CARDS))


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        status = place.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _owners(folder: Path) -> list[tuple[str, int, int, int]]:
    """Who may open what is in it. A new device is root's alone until udev has seen it: a list read before
    that would be without it."""
    try:
        states = [(node.name, node.stat()) for node in sorted(folder.iterdir())]
    except OSError:
        return []
    return [(name, state.st_mode, state.st_uid, state.st_gid) for name, state in states]
