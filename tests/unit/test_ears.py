"""What the ears tell of themselves, and when they hand on what was said."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from edge.config import Settings
from edge.listener.duplex import Duplex
from edge.listener.ears import Ears
from edge.listener.microphone import InputState, Microphone
from edge.listener.recognizers import Recognised, Recognition
from edge.listener.segment import Segment, Transcript
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SegmentReady, SpeechDropped


class FakeAudience:
    """Notes the words of each whole utterance."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}
        self.words: list[str] = []

    def misheard(self, segment_id: str) -> None: ...

    def heard(self, heard: Any) -> None:
        self.words.append(heard.recognition.recognised.transcript.text)


@pytest.fixture
def life() -> Any:
    feed = SimpleNamespace(keep=lambda message: None)
    return SimpleNamespace(settings=Settings(), counters=Counter(), feed=feed)


@pytest.fixture
def audience() -> FakeAudience:
    return FakeAudience()


@pytest.fixture
async def ears(life: Any, audience: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ears]:
    monkeypatch.setattr(Ears, "_recognise", lambda self, segment: None)
    ears = Ears(life, audience, Duplex("half", "half"), None)
    yield ears
    await ears.close()


def ends(ears: Ears, segment_id: str, *, cut: bool = False) -> None:
    ears._take(SegmentReady(Segment(segment_id, np.zeros(100, np.int16), 1.0, 2.0), cut))


def understood(ears: Ears, segment_id: str, text: str) -> None:
    ears._recognised(Recognition(segment_id, False, Recognised(Transcript(text, "en"), "test")))


async def test_who_goes_on_speaking_is_not_answered_in_between(ears: Ears, audience: FakeAudience) -> None:
    ends(ears, "a", cut=True)
    ends(ears, "b")
    understood(ears, "a", "guide we came here last year")
    assert audience.words == []
    understood(ears, "b", "so what is new")
    assert audience.words == ["guide we came here last year so what is new"]


async def test_a_long_utterance_without_a_rest_is_handed_on_alone(ears: Ears, audience: FakeAudience) -> None:
    ends(ears, "a", cut=True)
    ends(ears, "b")
    understood(ears, "a", "guide what is that")
    ears._take(SpeechDropped("b", "too_short"))
    ears._tell()
    assert audience.words == ["guide what is that"]


async def test_a_muted_microphone_is_told_of(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    ears._segmenter = cast(Segmenter, SimpleNamespace())
    ears._microphone.state = InputState("open", "")
    assert "muted" not in ears.health().status
    monkeypatch.setattr(Microphone, "silent", True)
    assert ears.health().status == "hears nothing: null gives digital silence; is it muted?"


async def test_sound_that_was_lost_is_counted(ears: Ears, life: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ears.health()
    assert not life.counters
    monkeypatch.setattr(Microphone, "dropped_frames", 3)
    monkeypatch.setattr(Microphone, "overflows", 2)
    ears.health()
    assert life.counters == {"frames_dropped": 3, "overflows": 2}
