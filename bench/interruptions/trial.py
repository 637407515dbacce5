"""Plays scenes to the listener's own parts, in a room with the guide's own voice, in simulated time.

Detector, endpointing, canceller, turn end, floor, queue, judgement: all are the listener's, held together by
its own ``Ears`` and ``Attention``. What leaves the loudspeaker is lowered as the commentator would have it.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from bench.interruptions.scenes import Scene
from bench.interruptions.surroundings import KeptTranscripts, Surroundings
from bench.simulated_room import ECHO_GAIN, SimulatedRoom, loudness
from edge.clock import monotonic
from edge.commentator.passenger_speech import PassengerSpeech
from edge.config import Settings
from edge.listener.attention import Attention
from edge.listener.duplex import open_duplex
from edge.listener.ears import Ears
from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE
from edge.listener.segmenter import Segmenter
from edge.listener.vad_silero import SileroVad
from edge.messages import Caption, Control, Hearing, Language, StopRequest, Trigger
from tests.support.passengers import Passenger, say
from tests.support.told import playback

LEVELS_DB = (0, 6, 10)
"""How much louder than the guide's voice a passenger is at the microphone, scene by scene."""
ALONE_S, BEHIND_S, BETWEEN_S = 1.0, 3.0, 1.0
"""The guide speaks before the passenger begins and when he has ended; then nobody does."""
LESSON_S = 14.0
GUIDES: dict[Language, str] = {"ru": "ru", "en": "en-us", "id": "id"}
SAYS: dict[Language, str] = {
    "ru": (
        "Посмотрите налево, там рисовые поля, их поливают по каналам уже сотни лет. "
        "За полями видно море и рыбачьи лодки. Две собаки переходят дорогу и совсем не торопятся. "
        "Жёлтый мотоцикл обгоняет нас, и водитель машет рукой. "
    ),
    "en": (
        "On the left you can see the rice fields and behind them the sea. "
        "Two dogs are crossing the road without looking to the right. "
        "A yellow motorbike overtakes us, and the driver waves. The sun is going down. "
    ),
    "id": (
        "Di sebelah kiri ada sawah dan di belakangnya laut. "
        "Dua ekor anjing menyeberang jalan tanpa melihat ke kanan. "
        "Sebuah sepeda motor kuning mendahului kita, dan pengemudinya melambaikan tangan. "
    ),
}


@dataclass(frozen=True)
class SceneOutcome:
    """What became of one scene. Seconds."""

    language: str
    kind: str
    source: str
    text: str
    meant: str
    above_db: int
    length_s: float
    done: str
    """stop, answer or nothing."""
    after_s: float | None
    """From the end of the passenger's sound until it was done."""
    lowered_s: float
    """In all, while the guide spoke."""
    longest_s: float
    """Without a break."""
    heard: str
    """What was understood."""

    @property
    def obeyed(self) -> bool:
        return self.done == self.meant


class Cabin:
    """One guide that speaks a language, and hears."""

    def __init__(self, language: Language, settings: Settings, transcripts: KeptTranscripts) -> None:
        self._around = Surroundings(settings)
        self._language = language
        duplex, canceller = open_duplex(settings.listener)
        life = cast(Any, self._around)
        self._attention = Attention(life, duplex)
        self._ears = Ears(life, self._attention, duplex, canceller, cast(Any, transcripts))
        self._segmenter = Segmenter(SileroVad(device="cpu"), settings.listener.endpointing)
        self._ears._segmenter = self._segmenter
        self._passengers = PassengerSpeech()
        self._room = SimulatedRoom()
        self._stops = 0
        self._guide = guide_says(language)

    async def start(self) -> None:
        self._attention.start()
        await self._ears._turn_end.start()
        self._room.begun_mono = monotonic()
        await asyncio.sleep(0)
        self._around.tell(Control())
        await self._play(round(LESSON_S / FRAME_S), np.zeros(0))
        await self._forget()

    async def close(self) -> None:
        self._around.close()
        await self._ears.close()

    async def play(self, scene: Scene, above_db: int) -> SceneOutcome:
        said = scene.samples * (ECHO_GAIN * loudness(self._guide) / loudness(scene.samples))
        said = np.concatenate([np.zeros(round(ALONE_S * SAMPLE_RATE)), said * 10 ** (above_db / 20)])
        self._around.sent.clear()
        self._around.told.clear()
        begun = monotonic()
        lowered = await self._play(round((len(said) / SAMPLE_RATE + BEHIND_S) / FRAME_S), said)
        deeds = [(at, one) for at, one in self._around.sent if isinstance(one, StopRequest | Trigger)]
        end_mono = begun + len(said) / SAMPLE_RATE
        captions = [one.text for one in self._around.told if isinstance(one, Caption) and one.final]
        await self._forget()
        done = "nothing"
        if deeds:
            done = "stop" if isinstance(deeds[0][1], StopRequest) else "answer"
        return SceneOutcome(
            language=scene.language,
            kind=scene.kind,
            source=scene.source,
            text=scene.text,
            meant=scene.meant,
            above_db=above_db,
            length_s=round(len(scene.samples) / SAMPLE_RATE, 2),
            done=done,
            after_s=round(deeds[0][0] - end_mono, 2) if deeds else None,
            lowered_s=round(sum(lowered), 2),
            longest_s=round(max(lowered, default=0.0), 2),
            heard=" / ".join(captions),
        )

    async def _play(self, frames: int, said: NDArray[np.float64]) -> list[float]:
        """The guide speaks until it is stopped or asked; returns for how long it was lowered each time."""
        turn_id = f"turn {self._room.position}"
        text = SAYS[self._language]
        self._around.tell(replace(playback(turn_id=turn_id), text=text, spoken=text))
        lowered: list[float] = []
        was = False
        sounds = True
        for number in range(frames):
            begin = number * FRAME_SAMPLES
            passenger = np.zeros(FRAME_SAMPLES)
            part = said[begin : begin + FRAME_SAMPLES]
            passenger[: len(part)] = part
            if sounds and self._around.sent:
                sounds = False
                self._around.tell(playback())
            is_lowered = self._passengers.wants_duck(monotonic()) and sounds
            if is_lowered:
                if not was:
                    lowered.append(0.0)
                lowered[-1] += FRAME_S
            was = is_lowered
            await self._frame(passenger, sounds, is_lowered)
        self._around.tell(playback())
        return lowered

    async def _frame(self, passenger: NDArray[np.float64], sounds: bool, is_lowered: bool) -> None:
        begin = self._room.position % (len(self._guide) - FRAME_SAMPLES)
        guide = self._guide[begin : begin + FRAME_SAMPLES] * sounds
        played, captured = self._room.frame(guide, passenger, is_lowered=is_lowered)
        if sounds:
            self._around.tell(played)
        await asyncio.sleep(max(0.0, captured.mono - monotonic()))
        told = len(self._around.told)
        self._ears._hear(captured, self._segmenter)
        for news in self._around.told[max(0, told - 8) :]:
            if isinstance(news, Hearing):
                self._passengers.heard(news, monotonic())

    async def _forget(self) -> None:
        """Silence, and then other passengers: what was asked before has no part in what follows."""
        for _ in range(round(BETWEEN_S / FRAME_S)):
            await self._frame(np.zeros(FRAME_SAMPLES), False, False)
        self._stops += 1
        self._around.tell(Control(stopped_at_ms=self._stops))
        await asyncio.sleep(0)


async def play(
    language: Language,
    scenes: Iterable[Scene],
    settings: Settings,
    transcripts: KeptTranscripts,
    note: Callable[[SceneOutcome], None],
) -> None:
    """The scenes one after the other, in front of one guide; ``note`` is called behind each."""
    cabin = Cabin(language, settings, transcripts)
    await cabin.start()
    try:
        for scene, level in zip(scenes, _levels(), strict=False):
            note(await cabin.play(scene, level))
    finally:
        await cabin.close()


def _levels() -> Iterator[int]:
    while True:
        yield from LEVELS_DB


@functools.cache
def guide_says(language: Language) -> NDArray[np.float64]:
    """What the guide says, in whole frames."""
    spoken = say(Passenger("espeak-ng", GUIDES[language]), SAYS[language]).astype(np.float64)
    return np.pad(spoken, (0, -len(spoken) % FRAME_SAMPLES))
