"""What is played is told to whoever wants it, with the time at which it is heard."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from edge.messages import Feed, PlayedSound
from edge.sound.samples import Samples
from edge.speaker.played_sound import TOLD_RATE, PlayedSoundTeller
from tests.support.sound_match import noise, offset_of

RATE = 48_000
BLOCK = RATE // 100
BEGIN = 10.0


class Watched:
    """A feed."""

    def __init__(self) -> None:
        self.wanted = True
        self.told: list[PlayedSound] = []

    def is_watched(self, kind: type[Feed]) -> bool:
        return self.wanted and kind is PlayedSound

    def publish(self, message: Feed) -> None:
        assert isinstance(message, PlayedSound)
        self.told.append(message)


async def play(
    teller: PlayedSoundTeller, sound: Samples, begin: int = 0, *, stood_still: bool = False
) -> None:
    for at in range(0, len(sound), BLOCK):
        end_mono = BEGIN + (begin + at + BLOCK) / RATE
        teller.take(sound[at : at + BLOCK], end_mono, stood_still and at == 0)
    await asyncio.sleep(0)


def sounding(seconds: float) -> Samples:
    return noise(seconds, RATE, seed=1) / np.float32(32768)


def told_sound(told: list[PlayedSound]) -> tuple[int, np.ndarray]:
    """Position of the first sample, and all of them; between pieces there is no gap."""
    ends = [message.position + len(message.samples) // 2 for message in told]
    assert [message.position for message in told[1:]] == ends[:-1]
    return told[0].position, np.concatenate([np.frombuffer(m.samples, "<i2") for m in told]) / 32768


async def test_the_sound_is_told_at_16_khz_with_the_time_of_each_sample() -> None:
    feed = Watched()
    sound = sounding(1.0)
    await play(PlayedSoundTeller(feed, "me", RATE), sound)
    position, told = told_sound(feed.told)
    assert offset_of(told.astype(np.float32), sound[::3]) == pytest.approx(position, abs=3)
    assert {(m.instance, m.stream) for m in feed.told} == {("me", feed.told[0].stream)}
    for message in feed.told:
        assert message.heard_mono == pytest.approx(BEGIN + message.position / TOLD_RATE, abs=1e-3)


async def test_silence_is_left_out_and_counted() -> None:
    feed = Watched()
    teller = PlayedSoundTeller(feed, "me", RATE)
    silence = np.zeros(RATE, np.float32)
    await play(teller, silence)
    assert feed.told == []
    await play(teller, sounding(0.2), begin=RATE)
    assert feed.told[0].position == pytest.approx(TOLD_RATE, abs=TOLD_RATE // 50)
    assert feed.told[0].heard_mono == pytest.approx(BEGIN + feed.told[0].position / TOLD_RATE, abs=1e-3)


async def test_while_nobody_wants_it_nothing_is_told_and_then_a_new_stream_begins() -> None:
    feed = Watched()
    teller = PlayedSoundTeller(feed, "me", RATE)
    await play(teller, sounding(0.2))
    before = len(feed.told)
    feed.wanted = False
    await play(teller, sounding(0.2), begin=RATE)
    assert len(feed.told) == before
    feed.wanted = True
    await play(teller, sounding(0.2), begin=2 * RATE)
    assert feed.told[before].stream != feed.told[0].stream
    assert feed.told[before].position < TOLD_RATE // 50


async def test_behind_a_device_that_stood_still_a_new_stream_begins() -> None:
    feed = Watched()
    teller = PlayedSoundTeller(feed, "me", RATE)
    await play(teller, sounding(0.2))
    before = len(feed.told)
    await play(teller, sounding(0.2), begin=RATE, stood_still=True)
    assert len({message.stream for message in feed.told[:before]}) == 1
    assert len({message.stream for message in feed.told[before:]}) == 1
    assert feed.told[before].stream != feed.told[0].stream
    assert feed.told[before].heard_mono == pytest.approx(BEGIN + 1.0, abs=1e-3)


async def test_the_players_memory_may_be_used_again_at_once() -> None:
    feed = Watched()
    teller = PlayedSoundTeller(feed, "me", TOLD_RATE)
    block = np.full(160, 0.5, np.float32)
    teller.take(block, BEGIN, False)
    block[:] = 0
    await asyncio.sleep(0)
    assert np.frombuffer(feed.told[0].samples, "<i2").min() == 16384
