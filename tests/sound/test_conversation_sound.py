"""Loudspeaker, air and microphone: the guide is heard by itself, and hears passengers all the same.

A real sound server, whose loudspeaker comes back at its microphone as an echo; real words by
synthesizers, and a real recognizer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests.support.conversing_guide import ANSWER, LONG, ConversingGuide, RoomUnknownError, conversing_guide
from tests.support.sound_server import RATE, Recording
from tests.support.spoken_english import has_synthesizer

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not (has_synthesizer("flite") and has_synthesizer("espeak-ng")),
        reason="flite and espeak-ng are needed",
    ),
]

QUESTION = "what is the temple over there?"
AUDIBLE = 1e-3
RAISED = 2.0
"""How much louder people speak over somebody."""
SOFTWARE = {"LISTENER__DUPLEX": "full", "LISTENER__ECHO": "software"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ConversingGuide]:
    """Full duplex with the software canceller, which knows the room."""
    pytest.importorskip("livekit")
    async with conversing_guide(tmp_path_factory.mktemp("conversation"), SOFTWARE) as scene:
        try:
            await scene.learn_the_room()
        except RoomUnknownError as error:
            pytest.skip(f"sound is torn here too often for the canceller to be relied on: {error}")
        yield scene


async def test_a_question_is_answered_aloud(scene: ConversingGuide) -> None:
    with scene.sound.record() as recording:
        turn = await scene.answer_to(QUESTION)
    assert (turn["outcome"], turn["text"]) == ("spoken", ANSWER)
    assert np.abs(recording.samples).max() > 0.05


async def test_it_does_not_hear_itself(scene: ConversingGuide) -> None:
    before = scene.utterances()
    for number in range(5):
        assert (await scene.remark(number))["outcome"] == "spoken"
    await scene.settled()
    assert scene.utterances() == before


async def test_a_question_over_its_words_lowers_them_at_once_and_its_answer_replaces_them(
    scene: ConversingGuide,
) -> None:
    with scene.sound.record() as recording:
        remark = await begin_long_remark(scene, recording)
        loud = peak_dbfs(recording.samples)  # of all so far: its last second may be a pause
        scene.passenger_says(QUESTION, loudness=RAISED)
        await scene.guide.until(lambda: scene.room.is_quiet, "the question to have been asked")
        lowered = loudness_lately(recording)
        turn = await scene.guide.turn(remark)
    assert lowered < loud - 6
    assert turn["outcome"] == "interrupted"
    (answer,) = await scene.guide.until_turns(lambda other: turn["reason"].endswith(other["turn_id"]))
    assert (answer["kind"], answer["outcome"]) == ("answer", "spoken")


async def test_a_cough_does_not(scene: ConversingGuide) -> None:
    with scene.sound.record() as recording:
        remark = await begin_long_remark(scene, recording)
        scene.room.hears(cough())
        turn = await scene.guide.turn(remark)
    assert turn["outcome"] == "spoken"
    spoken = recording.samples[np.abs(recording.samples) > AUDIBLE]
    assert peak_dbfs(spoken[-RATE // 2 :]) > peak_dbfs(spoken[: RATE // 2]) - 6, "at full volume"


async def test_in_half_duplex_it_hears_neither_itself_nor_a_passenger_while_it_speaks(
    tmp_path: Path,
) -> None:
    async with conversing_guide(tmp_path, {}) as scene:
        remark = await scene.begin_remark(LONG)
        scene.passenger_says(QUESTION)
        assert (await scene.guide.turn(remark))["outcome"] == "spoken"
        await scene.settled()
        assert scene.utterances() == 0
        assert (await scene.answer_to(QUESTION))["outcome"] == "spoken", "afterwards it hears"


async def begin_long_remark(scene: ConversingGuide, recording: Recording) -> str:
    """Returns the trigger's id when some of it was heard; what was asked before is over."""
    await scene.guide.until(lambda: scene.room.is_quiet, "silence in the room")
    await scene.settled()
    trigger_id = await scene.begin_remark(LONG)
    await scene.guide.until(lambda: heard_s(recording) > 2.0, "some of the remark")
    return trigger_id


def loudness_lately(recording: Recording) -> float:
    """Median of the last second's peaks: behind a short word it comes up for a moment."""
    last = recording.samples[-RATE:].reshape(10, -1)
    return float(np.median([peak_dbfs(part) for part in last]))


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
