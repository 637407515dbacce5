"""The speaker's part of the pool: how soon a held remark sounds, how an opener and its remark join, and what
filling costs live speech. The speaker runs alone, on a sound server whose loudspeaker is recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.cloud_process import running_clouds
from edge.config import ENV_PREFIX
from edge.messages import PoolDiscard
from tests.support.pooled import pool_text
from tests.support.seam import Seam, seam_of
from tests.support.sound_server import RATE, SoundServer
from tests.support.speaker_alone import EAGER_POOL, SpeakerAlone

TRIALS = 15
OPENER, REMARK = "О, смотрите-ка!", "Две собаки!"
LONG = "Закат над полем! Лягушки настраивают скрипки, и всё это бесплатно."
TEXT_AFTER_S = 0.25
"""The remark's first clause comes while the opener still sounds."""
REST_S = 0.3


@dataclass
class PoolTimes:
    """One list entry a trial; milliseconds from the message into the speaker's pipe."""

    hit_ms: list[float] = field(default_factory=list)
    opener_ms: list[float] = field(default_factory=list)
    live_ms: list[float] = field(default_factory=list)
    """A remark that the cloud speaks, while nothing is filled."""
    live_beside_filling_ms: list[float] = field(default_factory=list)
    seams: list[Seam] = field(default_factory=list)


async def measure(folder: Path, sound: SoundServer, tell: Callable[[str], None]) -> PoolTimes:
    """All of it, interleaved, so that whatever else the machine does strikes all alike."""
    times = PoolTimes()
    async with running_clouds("seed") as clouds:
        environment = {
            **sound.environment,
            **EAGER_POOL,
            **clouds.environment,
            f"{ENV_PREFIX}SPEAKER__OUTPUT": "default",
            f"{ENV_PREFIX}LOG_LEVEL": "WARNING",
        }
        async with SpeakerAlone(folder / "pool", environment) as speaker:
            await speaker.fill(pool_text(OPENER, entry_id="opener", use="opener"))
            for trial in range(TRIALS):
                tell(f"the pool, {trial + 1} of {TRIALS}")
                await _trial(speaker, sound, times, trial)
    return times


async def _trial(speaker: SpeakerAlone, sound: SoundServer, times: PoolTimes, trial: int) -> None:
    await speaker.fill(pool_text(REMARK, entry_id=f"hit-{trial}"))
    times.hit_ms.append(await _first_sound_ms(speaker, f"hit {trial}", entry=f"hit-{trial}"))
    times.live_ms.append(await _first_sound_ms(speaker, f"live {trial}"))

    fillers = [pool_text(LONG, entry_id=f"filler-{trial}-{number}") for number in range(4)]
    for text in fillers:
        speaker.send_pool_text(text)
    await asyncio.sleep(REST_S)  # the first of them is being voiced
    times.live_beside_filling_ms.append(await _first_sound_ms(speaker, f"beside {trial}"))
    speaker.send(PoolDiscard(entry_ids=tuple(text.entry_id for text in fillers), reason="bench"))

    turn_id = f"opener {trial}"
    with sound.record() as recording:
        sent_mono = time.monotonic()
        speaker.open_with(turn_id, OPENER, "opener")
        await asyncio.sleep(TEXT_AFTER_S)
        speaker.say(turn_id, REMARK)
        await speaker.report(turn_id)
    times.opener_ms.append((speaker.stages[turn_id]["first_sample"] - sent_mono) * 1000)
    times.seams.append(seam_of(recording.samples, RATE, OPENER, REMARK))


async def _first_sound_ms(speaker: SpeakerAlone, turn_id: str, *, entry: str | None = None) -> float:
    sent_mono = time.monotonic()
    speaker.say(turn_id, REMARK, entry=entry)
    await speaker.report(turn_id)
    await asyncio.sleep(REST_S)
    return (speaker.stages[turn_id]["first_sample"] - sent_mono) * 1000
