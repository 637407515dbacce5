"""``python -m bench.spoken``: how far each word of the feed ``spoken`` is off its sound at the loudspeaker.

Voices of known marks speak: an emulated ElevenLabs with alignment, and an emulated server without one. Each
letter is a chord that is found again in what the loudspeaker gave.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from bench.clouds import CloudEmulator, FaultKind, Profile
from bench.spoken_page import CHROMIUM, PageWatch, page_beside
from bench.statistics import summarize
from edge.messages import SpeechDuck, SpeechEnd, SpeechText
from tests.support.pooled import pool_text
from tests.support.sound_server import SoundServer, running_sound_server
from tests.support.speaker_alone import EAGER_POOL, SpeakerAlone
from tests.support.words_shown import ShownWord, following, shown_words

TRIALS = 3
PROMISE_MS = 150
PROFILE = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.15, connection_setup_s=0.01)
BUFFER_MS = "150"
"""More than the default, since other work disturbs: holes in the sound are not what is measured here."""
PATIENT_MS = "5000"
"""No voice is started beside a late one: a local one's sound cannot be read back."""
OPENER = "О, смотрите-ка направо!"
LONG = ("До храма 5 км, вход стоит 50 000 рупий.", "Лягушки настраивают скрипки, и всё это бесплатно.")


class Stand(NamedTuple):
    """A speaker alone, its voices and its loudspeaker."""

    speaker: SpeakerAlone
    clouds: CloudEmulator
    sound: SoundServer


@asynccontextmanager
async def stand(folder: Path, voices: str = "elevenlabs,openai") -> AsyncIterator[Stand]:
    """Ready on entry."""
    with running_sound_server() as sound:
        async with CloudEmulator(PROFILE) as clouds:
            environment = {
                **sound.environment,
                **EAGER_POOL,
                **clouds.env(),
                "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "default",
                "SHUTTLE_GUIDE_SPEAKER__BUFFER_MS": BUFFER_MS,
                "SHUTTLE_GUIDE_SPEAKER__VOICES": voices,
                "SHUTTLE_GUIDE_SPEAKER__BUDGET__INITIAL_MS": PATIENT_MS,
                "SHUTTLE_GUIDE_SPEAKER__BUDGET__MAX_MS": PATIENT_MS,
            }
            async with SpeakerAlone(folder, environment) as speaker:
                yield Stand(speaker, clouds, sound)


def say_long(speaker: SpeakerAlone, turn_id: str, *, entry: str | None = None) -> None:
    """Two clauses, as the commentator sends them."""
    speaker.say(turn_id, LONG[0], whole=False, entry=entry)
    speaker.send(SpeechText(turn_id=turn_id, text=LONG[1]))
    speaker.send(SpeechEnd(turn_id=turn_id))


async def plain(at: Stand, turn_id: str) -> None:
    """Two clauses, one voice."""
    say_long(at.speaker, turn_id)


async def ducked(at: Stand, turn_id: str) -> None:
    """The same, lowered in mid-sentence and restored."""
    say_long(at.speaker, turn_id)
    await at.speaker.until_stage(turn_id, "first_sample")
    at.speaker.send(SpeechDuck(on=True))
    await asyncio.sleep(0.5)
    at.speaker.send(SpeechDuck(on=False))


async def handed_over(at: Stand, turn_id: str) -> None:
    """The voice falls silent in mid-sentence, and another one goes on."""
    await at.clouds.set_fault("elevenlabs", FaultKind.HANG_MID_STREAM, times=1, after_audio_ms=900.0)
    say_long(at.speaker, turn_id)


async def pooled(at: Stand, turn_id: str) -> None:
    """The first clause was voiced ahead."""
    await at.speaker.fill(pool_text(LONG[0], entry_id=_entry(turn_id)))
    say_long(at.speaker, turn_id, entry=_entry(turn_id))


def _entry(turn_id: str) -> str:
    return f"held-{turn_id.rpartition(' ')[2]}"


async def opened(at: Stand, turn_id: str) -> None:
    """An opener, and text that comes a second behind its end."""
    await at.speaker.fill(pool_text(OPENER, entry_id="opener", use="opener"))
    at.speaker.open_with(turn_id, OPENER, "opener")
    await at.speaker.until_stage(turn_id, "first_sample")
    await asyncio.sleep(len(OPENER) * 0.06 + 1.0)
    say_long(at.speaker, turn_id)


async def paused(at: Stand, turn_id: str) -> None:
    """The second clause comes when the first one has been over for a second."""
    at.speaker.say(turn_id, LONG[0], whole=False)
    await at.speaker.until_stage(turn_id, "first_sample")
    await asyncio.sleep(6.0)
    at.speaker.send(SpeechText(turn_id=turn_id, text=LONG[1]))
    at.speaker.send(SpeechEnd(turn_id=turn_id))


SpokenScene = Callable[[Stand, str], Awaitable[None]]
SCENES: dict[str, SpokenScene] = {
    "one voice": plain,
    "lowered and restored": ducked,
    "the pool, then a voice": pooled,
    "an opener, then late text": opened,
    "a pause for late text": paused,
    "another voice from mid-sentence on": handed_over,
}


async def measure(at: Stand, scene: SpokenScene, turn_id: str) -> list[ShownWord]:
    """Play one scene; when each word was shown and heard."""
    async with following(at.speaker.runtime_dir) as told:
        with at.sound.record() as recording:
            await scene(at, turn_id)
            await at.speaker.report(turn_id)
            await asyncio.sleep(0.3)
    return shown_words(told, turn_id, recording)


async def measure_page(at: Stand, page: PageWatch, turn_id: str) -> list[ShownWord]:
    """The first scene, as it is seen on the page."""
    await page.begin()
    words = await measure(at, plain, turn_id)
    lit = await page.lit()
    seen = []
    for word in words:
        shown = next((number for number, (text, _) in enumerate(lit) if text == word.text), None)
        if shown is not None:
            seen.append(word._replace(shown_mono=lit[shown][1]))
            lit = lit[shown + 1 :]
    return seen


async def main() -> int:
    print(f"{'':42} words  median    p95    worst   (ms; median: shown behind heard, the others: off)")
    worst = 0.0
    for voices, names in (("elevenlabs,openai", tuple(SCENES)), ("openai", ("one voice",))):
        with tempfile.TemporaryDirectory(prefix="spoken") as folder:
            async with stand(Path(folder), voices) as at:
                for name in names:
                    trials = [await measure(at, SCENES[name], f"{name} {trial}") for trial in range(TRIALS)]
                    label = f"{name}, no marks" if voices == "openai" else name
                    worst = max(worst, _tell(label, trials))
                if CHROMIUM is not None and voices != "openai":
                    async with page_beside(Path(folder)) as page:
                        trials = [await measure_page(at, page, f"page {trial}") for trial in range(TRIALS)]
                    worst = max(worst, _tell("one voice, on the page in Chromium", trials))
    return 0 if worst <= PROMISE_MS else 1


def _tell(label: str, trials: list[list[ShownWord]]) -> float:
    """One line; returns the worst."""
    errors = [word.error_ms for words in trials for word in words]
    late, off = summarize(errors), summarize([abs(error) for error in errors])
    if late is None or off is None:
        raise RuntimeError(f"{label}: no word of it was shown and heard")
    print(f"{label:42} {off.n:5} {late.median:7.0f} {off.p95:6.0f} {off.max:8.0f}", flush=True)
    return off.max


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
