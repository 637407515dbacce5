"""Whether this machine can make sound at all."""

from __future__ import annotations

from edge.sound.portaudio import portaudio
from edge.speaker.output import OutputError


def has_sound_card() -> bool:
    """True when PortAudio's default output opens. (Devices may be listed with nothing behind.)"""
    try:
        with portaudio(OutputError) as sd, sd.RawOutputStream(channels=1):
            return True
    except OutputError:
        return False
