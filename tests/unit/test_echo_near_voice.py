"""A passenger who is much louder than the echo is heard as captured; the guide's own echo never is."""

from __future__ import annotations

from edge.listener.echo.near_voice import BEGIN, RECENT_FRAMES, STAY, NearVoice

PLAYED = 1_000_000.0
ECHO = PLAYED / 4


def learned() -> NearVoice:
    voice = NearVoice()
    voice.learn(PLAYED, ECHO)
    return voice


def test_before_the_room_is_known_nobody_dominates() -> None:
    voice = NearVoice()
    voice.hear(PLAYED, 100 * PLAYED)
    assert not voice.dominates


def test_an_echo_does_not_dominate_even_where_it_outlasts_its_sound() -> None:
    voice = learned()
    voice.hear(PLAYED, ECHO)
    for _ in range(RECENT_FRAMES - 1):
        voice.hear(0.0, ECHO)
        assert not voice.dominates


def test_a_loud_passenger_does_and_goes_on_until_near_the_echo() -> None:
    voice = learned()
    voice.hear(PLAYED, ECHO * BEGIN * 1.1)
    assert voice.dominates
    voice.hear(PLAYED, ECHO * STAY * 1.1)
    assert voice.dominates
    voice.hear(PLAYED, ECHO * STAY * 0.9)
    assert not voice.dominates
    voice.hear(PLAYED, ECHO * STAY * 1.1)
    assert not voice.dominates


def test_when_the_guide_was_lowered_a_softer_voice_is_enough() -> None:
    voice = learned()
    voice.hear(PLAYED, ECHO * 3)
    assert not voice.dominates
    for _ in range(RECENT_FRAMES):
        voice.hear(PLAYED / 25, ECHO)
    assert voice.dominates


def test_without_echo_there_is_nothing_to_choose() -> None:
    voice = NearVoice()
    voice.learn(PLAYED, 0.0)
    voice.hear(PLAYED, 50.0)
    assert not voice.dominates
