"""Loudspeaker, air and microphone: the guide is heard by itself, and hears passengers all the same.

A real sound server, whose loudspeaker comes back at its microphone as an echo; real words by
synthesizers, and a real recognizer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from edge.speaker.mixer import DUCK_DB
from tests.support.conversing_guide import ANSWER, LONG, ConversingGuide, RoomUnknownError, conversing_guide
from tests.support.shared_scene import SharedScene, shared_scene
from tests.support.sound_server import RATE, Recording
from tests.support.spoken_english import has_synthesizer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real_time("the canceller needs sound without holes"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        not (has_synthesizer("flite") and has_synthesizer("espeak-ng")),
        reason="flite and espeak-ng are needed",
    ),
]

QUESTION = "what is the temple over there?"
AUDIBLE = 1e-3
TENTH = RATE // 10
RAISED = 2.0
"""How much louder people speak over somebody."""
SOFTWARE = {"LISTENER__DUPLEX": "full", "LISTENER__ECHO": "software"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SharedScene[ConversingGuide]]:
    pytest.importorskip("livekit")
    async with shared_scene(lambda _: conversing(tmp_path_factory.mktemp("conversation"))) as scenes:
        yield scenes


@contextlib.asynccontextmanager
async def conversing(folder: Path) -> AsyncIterator[ConversingGuide]:
    """Full duplex with the software canceller, which knows the room."""
    async with conversing_guide(folder, SOFTWARE) as scene:
        try:
            await scene.learn_the_room()
        except RoomUnknownError as error:
            pytest.skip(f"sound is torn here too often for the canceller to be relied on: {error}")
        yield scene


async def test_a_question_is_answered_aloud(scene: ConversingGuide) -> None:
    async def ask() -> str:
        with scene.sound.record() as recording:
            turn = await scene.answer_to(QUESTION)
        if (turn["outcome"], turn["text"]) != ("spoken", ANSWER):
            return f"{turn['outcome']} {turn['text']!r}"
        return "" if np.abs(recording.samples).max() > 0.05 else "nothing was heard"

    assert await scene.unless_torn(ask) == ""


async def test_it_does_not_hear_itself(scene: ConversingGuide) -> None:
    async def speak() -> str:
        before = scene.utterances()
        outcomes = [(await scene.remark(number))["outcome"] for number in range(5)]
        await scene.settled()
        heard = scene.utterances() - before
        return f"{heard} heard, {outcomes}" if heard or set(outcomes) != {"spoken"} else ""

    assert await scene.unless_torn(speak) == ""


async def test_a_question_over_its_words_lowers_them_at_once_and_its_answer_replaces_them(
    scene: ConversingGuide,
) -> None:
    async def ask() -> str:
        with scene.sound.record() as recording:
            remark = await begin_long_remark(scene, recording)
            loud = peak_dbfs(recording.samples)  # of all so far: its last second may be a pause
            begun_mono = time.monotonic()
            asked_mono = scene.passenger_says(QUESTION, loudness=RAISED)
            turn = await scene.guide.turn(remark)
        seconds = loudness_by_second(recording.since(begun_mono), asked_mono - begun_mono)
        lowered = [loud + DUCK_DB - 6 < loudness < loud - 6 for loudness in seconds]
        if not any(lowered) or turn["outcome"] != "interrupted":
            levels = [round(each) for each in seconds]
            return f"{loud:.1f} dBFS, then {levels}; {turn['outcome']}, {scene.duplex}"
        (answer,) = await scene.guide.until_turns(lambda other: turn["reason"].endswith(other["turn_id"]))
        return "" if (answer["kind"], answer["outcome"]) == ("answer", "spoken") else str(answer)

    assert await scene.unless_torn(ask) == ""


async def test_a_cough_does_not(scene: ConversingGuide) -> None:
    async def speak() -> str:
        with scene.sound.record() as recording:
            remark = await begin_long_remark(scene, recording)
            scene.room.hears(cough())
            turn = await scene.guide.turn(remark)
        spoken = recording.samples[np.abs(recording.samples) > AUDIBLE]
        lower = peak_dbfs(spoken[: RATE // 2]) - peak_dbfs(spoken[-RATE // 2 :])
        return f"{turn['outcome']}, {lower:.1f} dB lower" if turn["outcome"] != "spoken" or lower >= 6 else ""

    assert await scene.unless_torn(speak) == ""


async def test_in_half_duplex_it_hears_neither_itself_nor_a_passenger_while_it_speaks(
    tmp_path: Path,
) -> None:
    async with conversing_guide(tmp_path, {}) as scene:
        remark = await scene.begin_remark(LONG)
        scene.passenger_says(QUESTION)
        assert (await scene.guide.turn(remark))["outcome"] == "spoken"
        await scene.settled()
        assert scene.utterances() == 0
        # Torn air may make two questions of it, and the second one's answer replaces the first one's.
        assert await scene.answer_to(QUESTION), "afterwards it hears"


async def begin_long_remark(scene: ConversingGuide, recording: Recording) -> str:
    """Returns the trigger's id when some of it was heard; what was asked before is over."""
    await scene.guide.until(lambda: scene.room.is_quiet, "silence in the room")
    await scene.settled()
    trigger_id = await scene.begin_remark(LONG)
    await scene.guide.until(lambda: heard_s(recording) > 2.0, "some of the remark")
    return trigger_id


def loudness_by_second(sound: np.ndarray, within_s: float) -> list[float]:
    """Of each second that begins within this time: the median of its peaks, as behind a short word it comes
    up for a moment."""
    peaks = [peak_dbfs(part) for part in sound[: len(sound) // TENTH * TENTH].reshape(-1, TENTH)]
    begins = range(min(round(within_s * 10), len(peaks) - 9))
    return [float(np.median(peaks[begin : begin + 10])) for begin in begins]


def cough() -> np.ndarray:
    """Loud noise that swells and dies within 0.2 s. Shape (n,), int16, 16 kHz."""
    count = 3200
    noise = np.random.default_rng(9).standard_normal(count) * np.hanning(count)
    return (noise * 6000).astype(np.int16)


def heard_s(recording: Recording) -> float:
    """For how long the loudspeaker has given sound."""
    loud = np.flatnonzero(np.abs(recording.samples) > AUDIBLE)
    return (len(recording.samples) - loud[0]) / RATE if len(loud) else 0.0


def peak_dbfs(sound: np.ndarray) -> float:
    """Of its loudest hundredth: pauses between words do not count."""
    return 20 * float(np.log10(np.percentile(np.abs(sound), 99) + 1e-9))
