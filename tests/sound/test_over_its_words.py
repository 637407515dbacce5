"""What a passenger says over the guide's words is understood, and the guide alone is not heard.

Real synthesizers, WebRTC's canceller, Silero VAD and pocketsphinx; no devices, and no clock.
"""

from __future__ import annotations

import pytest

from tests.support.double_talk import DoubleTalk, guide_says, over_its_words
from tests.support.spoken_english import has_synthesizer
from tests.support.transcribed import transcribed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (has_synthesizer("flite") and has_synthesizer("espeak-ng")),
        reason="flite and espeak-ng are needed",
    ),
]
LOUDER_DB = (0.0, 6.0, 10.0)


@pytest.fixture(autouse=True)
def _needs() -> None:
    for package in ("livekit", "faster_whisper", "pocketsphinx"):
        pytest.importorskip(package)


@pytest.mark.parametrize("above_echo_db", LOUDER_DB)
def test_a_question_is_one_utterance_with_its_words(above_echo_db: float) -> None:
    (heard,) = over_its_words("what is the temple over there?", above_echo_db, trial=0)
    assert transcribed(heard).endswith("over there")


@pytest.mark.parametrize("above_echo_db", LOUDER_DB)
def test_stop_is_understood(above_echo_db: float) -> None:
    for trial in (1, 2):
        (heard,) = over_its_words("stop", above_echo_db, trial)
        assert transcribed(heard) == "stop"


def test_its_own_words_are_nobodys() -> None:
    talk = DoubleTalk()
    talk.lesson()
    for _ in range(5):
        for sentence in guide_says():
            assert not talk.hear(sentence)
