"""Run as a program: the guide's own child for RHVoice, with tones in the place of RHVoice's engine.

What it does wrong is asked for by a word of the text, or by its first argument at the start.
"""

from __future__ import annotations

import os
import sys
import time

from bench.clouds.tones import synthesize
from edge.speaker.voices import rhvoice_child
from edge.speaker.voices.rhvoice_child import BROKEN, GO_ON, NUMBER, REFUSED, Wire

SAMPLE_RATE = 24_000
CHUNK = 2400
DIES, HANGS, REFUSES, BREAKS, SILENT, MUTES = "умирает", "виснет", "отказ", "ломается", "молчит", "немеет"
VOICES = {"anna": "ru", "irina": "ru", "slt": "en"}


class ToneEngine:
    """As ``rhvoice_child.RHVoiceEngine``."""

    def __init__(self, wire: Wire) -> None:
        if "missing" in sys.argv:
            raise OSError("libRHVoice.so.5: cannot open shared object file")
        if "hangs" in sys.argv:
            time.sleep(3600)
        if "rubbish" in sys.argv:
            os.write(1, b"v" + b"\xff" * 100)
        self._wire = wire

    def voices(self) -> dict[str, str]:
        return VOICES

    def speak(self, profile: str, text: str, rate: float) -> bytes:
        if profile not in VOICES or REFUSES in text:
            return REFUSED
        self._wire.tell(b"r", NUMBER.pack(SAMPLE_RATE))
        at = 0
        for word in text.split(" "):
            self._wire.tell(b"w", NUMBER.pack(at))
            at += len(f"{word} ".encode())
            match word.strip(",.!"):
                case str(said) if said == MUTES:
                    assert self._wire.tell(b"s", bytes(2 * CHUNK)) == GO_ON
                case str(said) if said == DIES:
                    print(f"terminate: out of memory at {text!r}", file=sys.stderr, flush=True)
                    os._exit(7)
                case str(said) if said == HANGS:
                    time.sleep(3600)
                case str(said) if said == BREAKS:
                    return BROKEN
                case str(said) if said != SILENT and self._play(
                    synthesize(f"{word} ", SAMPLE_RATE, rate).tobytes()
                ):
                    return b""
        return b""

    def _play(self, sound: bytes) -> bool:
        """Returns whether it was told to stop."""
        for begin in range(0, len(sound), 2 * CHUNK):
            if self._wire.interrupted():
                return True
            assert self._wire.tell(b"s", sound[begin : begin + 2 * CHUNK]) == GO_ON
        return False


if __name__ == "__main__":
    rhvoice_child.RHVoiceEngine = ToneEngine  # type: ignore[assignment, misc]  # stands in for the library
    frames_to = os.dup(1)
    if "rubbish" not in sys.argv:
        os.dup2(2, 1)
    sys.exit(rhvoice_child.serve(Wire(0, frames_to)))
