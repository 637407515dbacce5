"""Talking with the guide: does it hear itself, how fast does it yield, and what does it add to an answer?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.conversation import answering, engine, over_its_voice, self_hearing, tables, yielding
from tests.support.sound_server import running_sound_server

BUFFERS_MS = (30, 60)
PARTS = ("engine", "answering", "yielding", "over-its-voice", "self-hearing")


async def measure(
    folder: Path, broker_port: int, console: Console, tell: Callable[[str], None], parts: Collection[str]
) -> dict[str, Any]:
    """Some of ``PARTS``, one after the other; all of them take ten minutes.

    Needs pocketsphinx, flite, espeak-ng, PulseAudio.
    """
    data: dict[str, Any] = {}
    if "engine" in parts:
        tell("the recognizer, bare and through the guide")
        data["engine"] = tables.show_engine(console, await engine.measure())
    if "answering" in parts:
        tell(f"{answering.QUESTIONS} questions")
        answered = await answering.measure(folder / "answering", broker_port)
        data["answering"] = tables.show_answering(console, answered)
    if "yielding" in parts:
        tell(f"lowering and stopping, {yielding.TRIALS} times each")
        with running_sound_server() as sound:
            yielded = [
                await yielding.measure(folder / str(size), sound, {"SPEAKER__BUFFER_MS": str(size)})
                for size in BUFFERS_MS
            ]
        data["yielding"] = tables.show_yielding(console, yielded)
    if "over-its-voice" in parts:
        tell(f"'stop' over its words, {over_its_voice.TRIALS} times at each level")
        understood = await asyncio.to_thread(over_its_voice.measure)
        data["over_its_voice"] = tables.show_over_its_voice(console, understood)
    if "self-hearing" in parts:
        tell(f"{self_hearing.REMARKS} remarks heard by itself")
        data["self_hearing"] = tables.show_self_hearing(console, await self_hearing.measure(folder / "self"))
    return data
