"""Whether this machine can make sound at all."""

from __future__ import annotations


def has_sound_card() -> bool:
    """True when PortAudio's default output opens. (Devices may be listed with nothing behind.)"""
    try:
        import sounddevice
    except OSError:  # the PortAudio library is not installed
        return False
    try:
        with sounddevice.RawOutputStream(channels=1):
            return True
    except (sounddevice.PortAudioError, ValueError):
        return False
