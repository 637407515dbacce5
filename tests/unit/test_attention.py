"""What the guide does about what it hears, and about its button and its doors."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from edge.config import Settings
from edge.listener.attention import Attention
from edge.listener.duplex import Duplex
from edge.listener.pending import HeardUtterance
from edge.listener.recognizers import Recognition
from edge.listener.segment import Segment, Transcript
from edge.messages import Caption, Control, Guess, GuessVoid, Message, StopRequest, Trigger, VolumeOrder

SETTINGS = {"listener": {"languages": ["en"], "button": "/nowhere/button", "notice": "I am listening."}}


class FakeLife:
    """As much of a process's life as is needed; what is sent and published can be read."""

    def __init__(self) -> None:
        self.settings = msgspec.convert(SETTINGS, Settings)
        self.counters: Counter[str] = Counter()
        self.sent: list[Message] = []
        self.published: list[Message] = []
        self.feed = SimpleNamespace(publish=self.published.append)

    def send_into(self, pipe: object) -> Any:
        return SimpleNamespace(put=lambda message, **_: self.sent.append(message))

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        work.close()

    def took(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.sent if isinstance(message, kind)]

    def told(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.published if isinstance(message, kind)]


@pytest.fixture
def life() -> FakeLife:
    return FakeLife()


@pytest.fixture
def attention(life: FakeLife) -> Attention:
    made: Any = life
    attention = Attention(made, Duplex("half", "half"))
    attention.start()
    return attention


def heard(text: str, segment_id: str = "a") -> HeardUtterance:
    """Said just now."""
    now = time.monotonic()
    recognition = Recognition(segment_id, False, Transcript(text, "en", recognizer="test"))
    return HeardUtterance(
        Segment(segment_id, np.zeros(100, np.int16), now - 1.0, now), recognition, now, now, False
    )


def obey(attention: Attention, *states: Control) -> None:
    for state in states:
        attention._obey(state, time.monotonic())


def test_a_probable_question_is_told_and_the_certain_one_has_the_same_turn(
    life: FakeLife, attention: Attention
) -> None:
    attention.probably_heard(heard("Guide, what is that?"), "complete")
    attention.heard(heard("Guide, what is that?"))
    (guess,), (trigger,) = life.took(Guess), life.took(Trigger)
    assert (guess.turn_id, guess.text) == (trigger.turn_id, trigger.text) == ("a", "what is that?")
    assert not life.took(GuessVoid)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("Guide, what is the", "unfinished"),
        ("Guide!", "unfinished"),
        ("Mum, what is that?", "complete"),
        ("", "unknown"),
    ],
)
def test_nothing_is_told_of_half_a_question_or_of_somebody_elses(
    life: FakeLife, attention: Attention, text: str, ending: Any
) -> None:
    attention.probably_heard(heard(text), ending)
    assert life.sent == []


def test_a_guess_is_taken_back_when_speech_goes_on_or_was_not_meant(
    life: FakeLife, attention: Attention
) -> None:
    attention.probably_heard(heard("Guide, what is that?"), "complete")
    attention.misheard("a")
    attention.probably_heard(heard("Guide, what is that?", "b"), "complete")
    attention.heard(heard("The guide, what is that man's name?", "b"))
    assert [void.turn_id for void in life.took(GuessVoid)] == ["a", "b"]
    assert not life.took(Trigger)


def test_a_caption_tells_what_became_of_it(life: FakeLife, attention: Attention) -> None:
    attention.heard(heard("Guide, what is that?", "a"))
    attention.heard(heard("Thank you, guide!", "b"))
    attention._addressee.answered(time.monotonic() - 1.0)
    attention.heard(heard("How old is it?", "c"))
    attention.heard(heard("Look at that dog!", "d"))
    captions = life.told(Caption)
    told = [(each.segment_id, each.addressed, each.occasion, each.may_be_aside) for each in captions]
    assert told == [
        ("a", True, None, False),
        ("b", True, "thanked", False),
        ("c", True, None, True),
        ("d", False, None, False),
    ]
    assert [trigger.may_be_aside for trigger in life.took(Trigger)] == [False, False, True]


def test_a_stop_word_is_obeyed_at_its_probable_end(life: FakeLife, attention: Attention) -> None:
    assert not attention.stops(heard("where does the bus stop"))
    assert attention.stops(heard("stop"))
    assert len(life.took(StopRequest)) == 1


def test_a_probable_end_never_asks(life: FakeLife, attention: Attention) -> None:
    attention.probably_heard(heard("Guide, what is that?"), "complete")
    assert not life.took(Trigger)


def test_the_button_silences_the_guide_and_makes_what_follows_a_question(
    life: FakeLife, attention: Attention
) -> None:
    attention._press(True)
    assert len(life.took(StopRequest)) == 1
    attention.heard(heard("what is that?"))
    attention._press(False)
    assert len(life.took(Trigger)) == 1
    assert attention.facts == {"button": "/nowhere/button: is looked for"}


@pytest.mark.parametrize("held", [True, False])
def test_the_button_behind_mqtt_does_the_same(life: FakeLife, attention: Attention, held: bool) -> None:
    obey(attention, Control(), Control(talk_pressed_at_ms=1, talk_held=held))
    attention.heard(heard("what is that?"))
    assert (len(life.took(StopRequest)), len(life.took(Trigger))) == (1, 1)


@pytest.mark.parametrize("order", [Control(talk_pressed_at_ms=1), Control(stopped_at_ms=1)])
def test_a_question_that_is_understood_after_the_stop_is_not_answered(
    life: FakeLife, attention: Attention, order: Control
) -> None:
    late = heard("Guide, what is that?")
    obey(attention, Control(), order)
    attention.heard(late)
    assert not life.took(Trigger)


def test_a_repeated_state_is_not_obeyed_twice(life: FakeLife, attention: Attention) -> None:
    pressed = Control(talk_pressed_at_ms=1, talk_held=True)
    obey(attention, Control(), pressed, pressed, pressed)
    assert len(life.took(StopRequest)) == 1


def test_other_passengers_need_the_name_again_and_are_told_that_it_listens(
    life: FakeLife, attention: Attention
) -> None:
    attention._addressee.answered(time.monotonic())
    obey(attention, Control(), Control(doors_open=True))
    attention.heard(heard("and this?"))
    assert life.sent == []
    obey(attention, Control())
    (notice,) = life.took(Trigger)
    assert (notice.kind, notice.text) == ("announcement", "I am listening.")


@pytest.mark.parametrize(("pressed", "asked"), [(True, ["not_understood"]), (False, [])])
def test_what_was_dropped_unheard_is_asked_for_again_if_it_was_meant_for_the_guide(
    life: FakeLife, attention: Attention, pressed: bool, asked: list[str]
) -> None:
    if pressed:
        attention._addressee.button(True, time.monotonic() - 2.0)
    lost = heard("")
    attention.heard(lost._replace(recognition=Recognition("a", False, None, "dropped")))
    assert [trigger.occasion for trigger in life.took(Trigger)] == asked


def test_nobody_is_listened_to_before_it_is_known_that_they_may_be(attention: Attention) -> None:
    assert attention.microphone_off
    obey(attention, Control())
    assert attention.microphone_off is None
    obey(attention, Control(microphone_off=True))
    assert attention.microphone_off == "the microphone is switched off"


@pytest.mark.parametrize(
    ("said", "before", "occasion", "volume"),
    [
        ("Guide, louder please", None, "louder", 1.0),  # 0.8 is configured
        ("Guide, a bit quieter please", 0.6, "quieter", 0.4),
        ("Guide, louder please", 1.0, "loudest", None),
        ("Guide, quieter", 0.1, "quietest", None),
    ],
)
def test_a_passenger_changes_the_volume_by_a_step(
    life: FakeLife, attention: Attention, said: str, before: float | None, occasion: str, volume: float | None
) -> None:
    obey(attention, Control(volume=before))
    attention.heard(heard(said))
    assert [order.volume for order in life.took(VolumeOrder)] == ([] if volume is None else [volume])
    (trigger,) = life.took(Trigger)
    assert (trigger.occasion, trigger.text) == (occasion, None)
    (caption,) = life.told(Caption)
    assert (caption.occasion, caption.question) == (occasion, None)
    assert not life.took(Guess)


def test_a_caption_tells_what_is_asked_as_the_trigger_has_it(life: FakeLife, attention: Attention) -> None:
    attention.heard(heard("Guide, what is that?"))
    (trigger,), (caption,) = life.took(Trigger), life.told(Caption)
    assert (caption.text, caption.question) == ("Guide, what is that?", trigger.text)
    assert trigger.text == "what is that?"


def test_a_request_names_the_language_to_answer_in(life: FakeLife, attention: Attention) -> None:
    life.settings = msgspec.convert({"listener": {"languages": ["en", "ru"]}}, Settings)
    made: Any = life
    attention = Attention(made, Duplex("half", "half"))
    attention.start()
    attention.heard(heard("Guide, in Russian please"))
    (trigger,) = life.took(Trigger)
    assert (trigger.occasion, trigger.language) == ("language", "ru")
    (caption,) = life.told(Caption)
    assert (caption.occasion, caption.language) == ("language", "ru")


def test_a_stop_word_says_for_how_long(life: FakeLife, attention: Attention) -> None:
    attention.heard(heard("Guide, be quiet for ten minutes"))
    (stop,) = life.took(StopRequest)
    (caption,) = life.told(Caption)
    assert stop.quiet_s == caption.quiet_s == 600.0
    assert not life.took(Trigger)
