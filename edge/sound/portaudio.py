"""PortAudio as speaker and listener use it: imported late, and with one line for whatever goes wrong."""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def portaudio(failure: type[Exception]) -> Iterator[Any]:
    """The module ``sounddevice``, whose errors inside the ``with`` become a ``failure``."""
    try:
        import sounddevice
    except OSError as error:  # the wrapper is there, the library is not
        raise failure("PortAudio is not installed: install libportaudio2") from error
    except Exception as error:
        raise failure(f"PortAudio does not start: {error}") from error
    try:
        yield sounddevice
    except (
        sounddevice.PortAudioError,
        ValueError,
    ) as error:  # the latter: the name fits no device, or several
        raise failure(" ".join(str(error).split())) from error


def require_device(sd: Any, failure: type[Exception]) -> None:
    """Raises ``failure`` when there is not even one."""
    if not len(sd.query_devices()):
        raise failure("this machine has no audio device, or its sound server does not run")


def leave_hanging_device(failure: type[Exception]) -> None:
    """Keep PortAudio from waiting for a device that hangs, at the end of the process."""
    with portaudio(failure) as sd:
        atexit.unregister(sd._exit_handler)
