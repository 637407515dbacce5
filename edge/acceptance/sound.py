"""Plays the test signal as the speaker does, and hears it as the listener does. Neither of them may run."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time

import msgspec
import numpy as np

from edge.acceptance.ear import Opened, Recorded
from edge.acceptance.result import Result, failed, not_there
from edge.acceptance.tone import QUIET_S, judge, measure, signal
from edge.config import Settings
from edge.config.child_environment import without_secrets
from edge.doctor.sound_cards import check_sound_cards
from edge.sound.samples import Samples
from edge.speaker.output import Output, OutputError
from edge.speaker.output_factory import make_output
from edge.vitals.tree import Tree

BLOCK_S = 0.01
ANSWERS_WITHIN_S = 20.0
"""Each device, beside the length of the signal."""


class SoundError(Exception):
    """Nothing can be said about the sound; one line says why."""


class _Ear:
    """The process that hears, from its first sample on until ``heard``."""

    def __init__(self, spec: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "edge.acceptance.ear", spec],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=without_secrets(),
        )
        assert self._process.stdout is not None
        killer = threading.Timer(ANSWERS_WITHIN_S, self._process.kill)
        killer.start()
        line = self._process.stdout.readline()
        killer.cancel()
        opened = msgspec.json.decode(line, type=Opened) if line else Opened(trouble="the microphone hangs")
        self.sample_rate = opened.sample_rate
        self.trouble = opened.trouble

    def heard(self) -> tuple[Samples, float]:
        """All samples, and when the first was captured. Raises SoundError."""
        try:
            out, _ = self._process.communicate(timeout=ANSWERS_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise SoundError("the microphone hangs") from None
        line, _, samples = out.partition(b"\n")
        if not line:
            raise SoundError(f"the recording ended with status {self._process.returncode}")
        recorded = msgspec.json.decode(line, type=Recorded)
        if recorded.trouble:
            raise SoundError(recorded.trouble)
        return np.frombuffer(samples, np.float32), recorded.began_mono

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class _Mouth(threading.Thread):
    """Plays the signal once; ``sweep_mono`` is when its sweep was handed over."""

    def __init__(self, output: Output) -> None:
        super().__init__(name="mouth", daemon=True)
        self._output = output
        self.sweep_mono = np.inf
        self.trouble = ""

    def run(self) -> None:
        played = signal(self._output.sample_rate)
        block, sweep_at = (round(each * self._output.sample_rate) for each in (BLOCK_S, QUIET_S))
        try:
            self._output.open()
            for at in range(0, len(played), block):
                self._output.wait_for_room(block)
                if at >= sweep_at and self.sweep_mono == np.inf:
                    self.sweep_mono = time.monotonic()
                self._output.write(played[at : at + block])
            time.sleep(self._output.latency_s)
            self._output.close()
        except OutputError as error:
            self.trouble = str(error)

    def play(self) -> None:
        """Raises SoundError."""
        self.start()
        self.join(len(signal(100)) / 100 + ANSWERS_WITHIN_S)
        if self.is_alive():
            self._output.abort()  # nor shall the end of the process wait for it
            raise SoundError("the loudspeaker hangs")
        if self.trouble:
            raise SoundError(self.trouble)


def check_sound(settings: Settings) -> Result:
    """Have the microphone hear what is played, and judge it; takes some 10 s."""
    speaker, listener = settings.speaker, settings.listener
    if "null" in (speaker.output, listener.input):
        which = "loudspeaker (speaker.output)" if speaker.output == "null" else "microphone (listener.input)"
        return not_there("tone", f"no {which} is configured")
    try:
        mouth = _Mouth(make_output(speaker.output, speaker.sample_rate, speaker.buffer_ms / 1000))
        with contextlib.closing(_Ear(listener.input)) as ear:
            if ear.trouble:
                raise SoundError(ear.trouble)
            mouth.play()
            samples, began_mono = ear.heard()
    except (ValueError, SoundError) as error:
        held = [check.actual for check in check_sound_cards(Tree(), settings) if check.verdict != "ok"]
        advice = "; ".join(held) or "let nobody else hold it: systemctl stop shuttle-guide.target"
        return failed("tone", "heard", str(error), advice)
    heard = measure(samples, ear.sample_rate, mouth.sweep_mono - began_mono)
    figures: dict[str, float | bool] = {
        name: value if isinstance(value, bool) else round(value, 4) for name, value in heard._asdict().items()
    }
    figures |= {"playback_rate_hz": speaker.sample_rate, "capture_rate_hz": ear.sample_rate}
    cancels_itself = listener.duplex == "full" and listener.echo == "device"
    return Result(judge(heard, cancels_itself=cancels_itself), figures)
