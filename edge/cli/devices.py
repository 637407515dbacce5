"""``shuttle-guide devices``: microphones and outputs by the names that settings take; try one."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time

import msgspec
from rich.live import Live

from edge.cli.show import console, show_lines
from edge.config import Settings
from edge.desk.conversation_screen import level_line
from edge.listener.input import InputEnded
from edge.listener.input_factory import make_input
from edge.listener.level import FLOOR_DBFS, LevelMeter
from edge.operator_error import OperatorError
from edge.sound.resample import Resampler
from edge.sound.samples import from_int16, to_int16
from edge.sound.sound_devices import SoundDevice, read_sound_devices
from edge.speaker.chime import RATE as CHIME_RATE
from edge.speaker.chime import chime
from edge.speaker.output import OutputError
from edge.speaker.output_factory import make_output
from edge.vitals.tree import Tree

TITLES = {
    "capture": "microphones: listener.input, desk.input",
    "playback": "outputs: speaker.output",
}
BLOCK_S = 0.02
REFRESH_S = 0.1
METERED_S = 5.0
"""Where there is no terminal to be looked at until Ctrl-C."""


def devices(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: told, heard or played; 1: it cannot be, with the reason."""
    try:
        if options.level is not None:
            return _meter(options.level or settings.listener.input, options.seconds)
        if options.tone is not None:
            return _play(options.tone or settings.speaker.output, settings)
    except (ValueError, OutputError) as error:
        raise OperatorError(str(error)) from error
    found = read_sound_devices(Tree())
    if options.as_json:
        print(json.dumps(msgspec.to_builtins(found), ensure_ascii=False))
    else:
        _show(found)
    return 0


def _show(found: list[SoundDevice]) -> None:
    for direction, title in TITLES.items():
        console.print(title, highlight=False)
        rows = [each for each in found if each.direction == direction]
        show_lines(("*" if each.is_default else " ", _told(each)) for each in rows)
        if not rows:
            console.print("  none", highlight=False)
    console.print(
        "* what `default` is; try one: --level [NAME], --tone [NAME]", highlight=False, markup=False
    )


def _told(device: SoundDevice) -> str:
    held = "; ".join(device.held_by) or "nobody"
    return f"{device.name}: {device.channels} channels, {device.rate_hz} Hz, held by {held}"


def _meter(spec: str, seconds: float | None) -> int:
    """How loud it is at a microphone, in a meter; at its end the loudest that it was."""
    source = make_input("default" if spec == "null" else spec)
    meter, loudest = LevelMeter(), FLOOR_DBFS
    on_screen = sys.stdout.isatty()
    until_mono = time.monotonic() + (
        seconds if seconds is not None else float("inf") if on_screen else METERED_S
    )
    source.open()
    drawn_mono = 0.0
    try:
        with Live(console=console, auto_refresh=False, transient=True) if on_screen else _no_screen() as live:
            while (now_mono := time.monotonic()) < until_mono:
                block = source.read()
                if len(block):
                    meter.add(to_int16(block), len(block) / source.sample_rate)
                loudest = max(loudest, meter.dbfs)
                if live is not None and now_mono - drawn_mono >= REFRESH_S:
                    drawn_mono = now_mono
                    live.update(level_line(meter.dbfs, f"{source.name}; Ctrl-C ends it"), refresh=True)
    except (InputEnded, KeyboardInterrupt):
        pass
    finally:
        source.close()
    silent = loudest <= FLOOR_DBFS
    told = (
        "nothing but zeros: it is muted, or nobody is at its other end" if silent else f"{loudest:.0f} dBFS"
    )
    print(f"{source.name}: at its loudest {told}")
    return 1 if silent else 0


def _no_screen() -> contextlib.nullcontext[None]:
    return contextlib.nullcontext()


def _play(spec: str, settings: Settings) -> int:
    """The chime, as announcements have it, at the guide's own rate."""
    rate = settings.speaker.sample_rate
    output = make_output(spec, rate, settings.speaker.buffer_ms / 1000)
    resampler = Resampler(CHIME_RATE, rate)
    sound = from_int16(chime())
    samples = [resampler.push(sound), resampler.flush()]
    block = round(BLOCK_S * rate)
    output.open()
    try:
        for part in samples:
            for at in range(0, len(part), block):
                output.wait_for_room(block)
                output.write(part[at : at + block])
        time.sleep(output.latency_s)
    finally:
        output.close()
    print(f"{spec}: the chime was played")
    return 0
