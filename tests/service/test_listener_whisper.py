"""faster-whisper in a whole guide: loaded before it is ready, on what there is, and quick enough to guess by.

The models are tiny ones that understand the same words whatever is said.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio
import zmq.asyncio

from bench.clouds.tones import letters_of
from edge.bus import FeedSubscriber
from edge.listener.segment import SAMPLE_RATE
from edge.messages import Caption, ProcessState
from tests.support.listening_guide import ANSWER, Scene, listener_of, listening, process_of
from tests.support.spoken_english import has_synthesizer, say
from tests.support.synthetic_whisper import make_model

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed"),
]

UNDERSTOOD = "captain, what is the temple?"
UNDERSTOOD_MEANWHILE = "captain, what"
WORDS = "captain what is the temple"
PAUSE_S = 1.5
PATIENT = dict.fromkeys(
    (
        "LISTENER__ENDPOINTING__SILENCE_S",
        "LISTENER__ENDPOINTING__SILENCE_COMPLETE_S",
        "LISTENER__ENDPOINTING__SILENCE_AFTER_SHORT_S",
    ),
    "3",
)
"""The end of an utterance is likely long before it is certain, so that there is time for a guess."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """A GPU is asked for, which is not there."""
    pytest.importorskip("faster_whisper")
    folder = tmp_path_factory.mktemp("whisper")
    make_model(folder / "models/whisper/base", hears=UNDERSTOOD, languages=("en",), width=64)
    make_model(folder / "models/whisper/tiny", hears=UNDERSTOOD_MEANWHILE, languages=("en",), width=64)
    settings = {
        "MODELS_DIR": str(folder / "models"),
        "LISTENER__RECOGNIZER__WHISPER__DEVICE": "cuda",
        "LISTENER__RECOGNIZER__WHISPER__INTERIM_MODEL": "tiny",
        "TELEMETRY__ANSWER_TEXT": "true",
        **dict.fromkeys(("COMMENTATOR__BUDGET__INITIAL_MS", "COMMENTATOR__BUDGET__MAX_MS"), "20000"),
        **PATIENT,
    }
    async with listening(folder, **settings) as scene:
        yield scene


def speculation(scene: Scene, what: str) -> int:
    counters: dict[str, int] = process_of(scene.guide.state, "commentator")["counters"]
    return counters.get(f"speculation.{what}", 0)


async def test_it_is_ready_when_its_models_are_loaded_and_tells_what_they_run_on(scene: Scene) -> None:
    facts = listener_of(scene.guide.state)["facts"]
    assert facts["runs.faster_whisper"].startswith("base on cuda float16 → cpu int8 (cuda float16: no CUDA")
    assert facts["runs.interim"].startswith("tiny on cuda float16 → cpu int8")
    log = scene.guide.log()
    assert "hears with:" in log
    assert "en: faster_whisper" in log
    loaded, ready = log.index("faster_whisper: base on cuda"), log.index("ready: listening to")
    assert loaded < ready


async def test_while_somebody_speaks_a_smaller_model_writes_along_and_the_last_word_is_the_larger_ones(
    scene: Scene,
) -> None:
    context = zmq.asyncio.Context()
    feed = FeedSubscriber(scene.guide.folder / "run", Caption, ProcessState, of=["listener"])
    captions: list[Caption] = []
    answers, said = len(scene.answers), False
    try:
        async with asyncio.timeout(60), contextlib.aclosing(feed.messages(context)) as news:
            async for message in news:
                if isinstance(message, ProcessState) and not said:
                    said = True
                    scene.microphone.hears(say(f"{WORDS}, {WORDS}, {WORDS}", "flite"))
                elif isinstance(message, Caption):
                    captions.append(message)
                    if message.final:
                        break
    finally:
        context.destroy(linger=0)
    await scene.guide.until(lambda: len(scene.answers) > answers, "the answer")
    assert (captions[0].text, captions[0].final) == (UNDERSTOOD_MEANWHILE, False)
    assert (captions[-1].text, captions[-1].final) == (UNDERSTOOD, True)
    assert {caption.segment_id for caption in captions} == {captions[0].segment_id}


async def test_an_answer_is_begun_when_the_end_is_likely_and_heard_when_it_is_certain(scene: Scene) -> None:
    used, asked = speculation(scene, "used"), len(scene.asked())
    turn = await scene.answer_to(WORDS)
    assert (turn["outcome"], turn["text"]) == ("spoken", ANSWER)
    stages = turn["stages_ms"]
    assert stages["first_token"] < stages["segment"], "the model wrote while the passenger might have gone on"
    assert stages["segment"] < stages["first_audio"], "and no voice spoke before he certainly had not"
    assert len(scene.asked()) == asked + 1, "it was asked once"
    await scene.guide.until(lambda: speculation(scene, "used") > used, "the count")


async def test_an_answer_that_was_begun_too_early_is_never_heard_of(scene: Scene) -> None:
    wasted, answers, asked = speculation(scene, "wasted"), len(scene.answers), len(scene.asked())
    words = say(WORDS, "flite")
    scene.loudspeaker.take()
    scene.microphone.hears(np.concatenate([words, np.zeros(round(PAUSE_S * SAMPLE_RATE), np.int16), words]))
    await scene.guide.until(lambda: len(scene.answers) > answers, "the answer")
    await scene.guide.until(lambda: speculation(scene, "wasted") > wasted, "the count")
    assert len(scene.answers) == answers + 1
    (*_, first, second) = scene.asked()
    assert len(scene.asked()) == asked + 2
    assert first.count("guide:") == second.count("guide:"), "it is no part of the conversation"
    assert scene.loudspeaker.take().letters.count(letters_of(ANSWER)) == 1
