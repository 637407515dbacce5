"""Talking with the guide: does it hear itself, how fast does it yield, and what does it add to an answer?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.conversation import answering, engine, self_hearing, tables, yielding
from tests.support.sound_server import running_sound_server

BUFFERS_MS = (30, 60)


async def measure(
    folder: Path, broker_port: int, console: Console, tell: Callable[[str], None]
) -> dict[str, Any]:
    """All of it, one after the other: eight minutes. Needs pocketsphinx, flite, espeak-ng, PulseAudio."""
    data: dict[str, Any] = {}
    tell("the recognizer, bare and through the guide")
    data["engine"] = tables.show_engine(console, await engine.measure())
    tell(f"{answering.QUESTIONS} questions")
    answered = await answering.measure(folder / "answering", broker_port)
    data["answering"] = tables.show_answering(console, answered)
    tell(f"lowering and stopping, {yielding.TRIALS} times each")
    with running_sound_server() as sound:
        yielded = [
            await yielding.measure(folder / str(buffer_ms), sound, {"SPEAKER__BUFFER_MS": str(buffer_ms)})
            for buffer_ms in BUFFERS_MS
        ]
    data["yielding"] = tables.show_yielding(console, yielded)
    tell(f"{self_hearing.REMARKS} remarks heard by itself")
    heard = await self_hearing.measure(folder / "self")
    data["self_hearing"] = tables.show_self_hearing(console, heard)
    return data
