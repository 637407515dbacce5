"""What was appended to a track is what the loudspeaker plays, also when the device goes and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from edge.speaker import output_thread
from edge.speaker.output_factory import make_output
from edge.speaker.player import Player
from edge.speaker.track import Track, TrackEvent
from tests.support.sound_match import WINDOW, is_heard, noise, offset_of, windows_heard
from tests.support.sound_server import RATE, SoundServer
from tests.support.waiting import until

pytestmark = pytest.mark.real_time("the sound is compared with what was played, window by window")

PIECE_MS = 100
BUFFER_S = 0.06


class Listener:
    """Collects a track's events."""

    def __init__(self) -> None:
        self.events: list[TrackEvent] = []
        self.ended = asyncio.Event()

    def __call__(self, event: TrackEvent) -> None:
        self.events.append(event)
        if event.kind in ("last_sample", "cancelled"):
            self.ended.set()

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@contextlib.asynccontextmanager
async def playing() -> AsyncIterator[Player]:
    """A player on the sound server's default device."""
    player = Player(make_output("default", RATE, BUFFER_S), RATE, volume=1.0, jitter_ms=0)
    player.start()
    try:
        await until(lambda: player.state.name == "open")
        yield player
    finally:
        await player.close()


def speak(track: Track, samples: NDArray[np.int16], sample_rate: int) -> None:
    """Append in pieces as a voice gives them; the script's position is the number of pieces."""
    size = sample_rate * PIECE_MS // 1000
    for index in range(0, len(samples), size):
        track.append(samples[index : index + size], sample_rate, index // size + 1, "voice")
    track.finish()


def as_played(samples: NDArray[np.int16], sample_rate: int) -> NDArray[np.float32]:
    converted: NDArray[np.float32] = soxr.resample(samples.astype(np.float32) / 32768, sample_rate, RATE)
    return converted


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 24_000, 44_100, 48_000])
async def test_all_that_was_appended_is_heard_to_its_last_sample(
    sound_server: SoundServer, sample_rate: int
) -> None:
    sound = noise(0.8, sample_rate, seed=1)
    ended = Listener()
    with sound_server.record() as recording:
        async with playing() as player:
            track = player.track("turn", ended, language="ru")
            player.play(track)
            speak(track, sound, sample_rate)
            await ended.ended.wait()
    assert ended.kinds == ["first_sample", "last_sample"]
    assert ended.events[-1].spoken_to == 8
    assert is_heard(as_played(sound, sample_rate), recording.samples)


async def test_the_end_is_told_only_when_the_tail_has_left(sound_server: SoundServer) -> None:
    sound = noise(1.0, 24_000, seed=2)
    ended = Listener()
    async with playing() as player:
        with sound_server.record() as recording:
            track = player.track("turn", ended, language="ru")
            player.play(track)
            speak(track, sound, 24_000)
            await ended.ended.wait()
            # At this moment a device may be torn down; nothing may be missing then.
            sound_server.suspend(True)
        sound_server.suspend(False)
    assert is_heard(as_played(sound, 24_000), recording.samples)


async def test_tracks_follow_each_other_in_their_order_without_a_gap(sound_server: SoundServer) -> None:
    sounds = [noise(0.6, 24_000, seed=seed) for seed in (3, 4, 5)]
    listeners = [Listener() for _ in sounds]
    with sound_server.record() as recording:
        async with playing() as player:
            for sound, listener in zip(sounds, listeners, strict=True):
                track = player.track("turn", listener, language="ru")
                speak(track, sound, 24_000)
                player.play(track)
            await listeners[-1].ended.wait()
    assert is_heard(np.concatenate([as_played(sound, 24_000) for sound in sounds]), recording.samples)
    assert [listener.ended.is_set() for listener in listeners] == [True] * 3


async def test_a_replaced_track_fades_beneath_the_new_one(sound_server: SoundServer) -> None:
    old_sound, new_sound = noise(3.0, 24_000, seed=6), noise(0.8, 24_000, seed=7)
    old, new = Listener(), Listener()
    with sound_server.record() as recording:
        async with playing() as player:
            old_track, new_track = (
                player.track("old", old, language="ru"),
                player.track("new", new, language="ru"),
            )
            player.play(old_track)
            speak(old_track, old_sound, 24_000)
            await until(lambda: bool(old.events))
            await asyncio.sleep(0.7)
            speak(new_track, new_sound, 24_000)
            player.cancel(old_track, 60)
            player.play(new_track)
            await new.ended.wait()
    heard = recording.samples
    old_played, new_played = as_played(old_sound, 24_000), as_played(new_sound, 24_000)
    begins = offset_of(new_played, heard)
    old_heard = windows_heard(old_played, heard, offset_of(old_played[: RATE // 2], heard))
    assert old.kinds == ["first_sample", "cancelled"]
    assert 0 < old.events[-1].spoken_to < 30
    assert old_heard[:10].all()
    assert not old_heard[30:].any()
    after_fade = begins + round(0.1 * RATE)
    assert is_heard(new_played[round(0.1 * RATE) :], heard[after_fade:])
    # No gap between the two: around the change there is sound all the time.
    around = heard[begins - RATE // 10 : begins + RATE // 10].reshape(-1, 240)
    assert np.square(around).mean(axis=1).min() > 1e-5


async def test_ducking_lowers_what_sounds_and_restores_it(sound_server: SoundServer) -> None:
    sound = noise(2.0, 24_000, seed=8)
    ended = Listener()
    with sound_server.record() as recording:
        async with playing() as player:
            track = player.track("turn", ended, language="ru")
            track.foresee(sound, 24_000, "voice")
            player.play(track)
            speak(track, sound, 24_000)
            await until(lambda: bool(ended.events))
            await asyncio.sleep(0.5)
            player.duck(True)
            await asyncio.sleep(0.6)
            player.duck(False)
            await ended.ended.wait()
    heard = recording.samples
    at = offset_of(as_played(sound, 24_000), heard)
    levels = 10 * np.log10(np.square(heard[at : at + 2 * RATE]).reshape(-1, WINDOW).mean(axis=1))
    assert levels[:6].mean() - levels.min() == pytest.approx(14, abs=1)
    assert levels[-6:].mean() == pytest.approx(levels[:6].mean(), abs=1)


async def break_off(player: Player, sound: NDArray[np.int16], lose: Callable[[], None]) -> Listener:
    """Speak and lose the device in mid-sentence."""
    listener = Listener()
    track = player.track("turn", listener, language="ru")
    player.play(track)
    speak(track, sound, 24_000)
    await until(lambda: bool(listener.events))
    await asyncio.sleep(0.9)
    lose()
    await until(lambda: player.state.name == "absent")
    assert player.state.reason
    return listener


async def test_a_device_pulled_in_mid_sentence_and_returned_plays_the_rest(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_thread, "RETRY_MIN_S", 3.0)  # long enough to have the recorder back first
    sound = noise(2.5, 24_000, seed=9)
    played = as_played(sound, 24_000)
    async with playing() as player:
        with sound_server.record() as first:
            ended = await break_off(player, sound, sound_server.unplug)
        sound_server.plug_in()
        with sound_server.record() as second:
            await ended.ended.wait()
    assert ended.kinds == ["first_sample", "last_sample"]
    before = windows_heard(played, first.samples, offset_of(played[: RATE // 4], first.samples))
    tail = played[-RATE // 2 :]
    after = windows_heard(played, second.samples, offset_of(tail, second.samples) - (len(played) - len(tail)))
    assert before[0]
    assert after[-1]
    assert not before.all()
    # One window may straddle the border on either side; one is softened by the fade-in.
    assert np.count_nonzero(~(before | after)) <= 2


async def test_a_device_that_hangs_is_given_up_and_used_again_when_it_recovers(
    sound_server: SoundServer,
) -> None:
    """Now and then PortAudio itself never returns; then the player says so, and the watchdog restarts us."""
    sound = noise(2.5, 24_000, seed=10)
    async with playing() as player:
        with sound_server.record() as recording:
            ended = await break_off(player, sound, lambda: sound_server.suspend(True))
            assert player.working
            sound_server.suspend(False)
            while player.working and not ended.ended.is_set():
                await asyncio.sleep(0.05)
    if not player.working:
        return
    assert ended.kinds == ["first_sample", "last_sample"]
    assert is_heard(as_played(sound, 24_000)[-RATE:], recording.samples)


async def test_a_server_that_is_killed_and_started_again_plays_the_queue(sound_server: SoundServer) -> None:
    first_sound, second_sound = noise(2.5, 24_000, seed=11), noise(0.5, 24_000, seed=12)
    async with playing() as player:
        await break_off(player, first_sound, sound_server.kill)
        waiting = Listener()
        track = player.track("next", waiting, language="ru")
        player.play(track)
        speak(track, second_sound, 24_000)
        sound_server.start()
        with sound_server.record() as recording:
            await waiting.ended.wait()
    assert waiting.kinds == ["first_sample", "last_sample"]
    assert is_heard(as_played(second_sound, 24_000), recording.samples)


def test_a_process_whose_sound_server_hangs_can_still_leave(sound_server: SoundServer) -> None:
    program = (
        "import asyncio, sys\n"
        "from edge.speaker.output_factory import make_output\n"
        "from edge.speaker.player import Player\n"
        "async def main():\n"
        "    player = Player(make_output('default', 48_000, 0.06), 48_000, volume=0.8, jitter_ms=0)\n"
        "    player.start()\n"
        "    while player.state.name != 'open':\n"
        "        await asyncio.sleep(0.01)\n"
        "    print('open', flush=True)\n"
        "    await asyncio.to_thread(sys.stdin.readline)\n"
        "    await player.close()\n"
        "asyncio.run(main())\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        sound_server.pause()
        process.communicate("leave\n", timeout=30)
        assert process.returncode == 0


async def test_a_device_that_is_not_there_is_a_state_and_closing_takes_no_longer(
    sound_server: SoundServer,
) -> None:
    player = Player(make_output("no such loudspeaker", RATE, BUFFER_S), RATE, volume=1.0, jitter_ms=0)
    player.start()
    await until(lambda: player.state.reason != "not opened yet")
    assert player.state.name == "absent"
    assert "no such loudspeaker" in player.state.reason
    listener = Listener()
    track = player.track("turn", listener, language="ru")
    player.play(track)
    await player.close()
    await until(lambda: listener.kinds == ["cancelled"])
