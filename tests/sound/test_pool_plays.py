"""What was voiced ahead is heard at once, whole, and no remark twice; openers and remarks join."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bench.clouds import CloudEmulator
from bench.clouds.tones import letters_of
from edge.messages import PoolDiscard, PoolText, Priority, SpeechCancel, SpeechEnd, SpeechText
from edge.speaker.pool import files
from tests.support.heard import Heard
from tests.support.pooled import pool_text
from tests.support.seam import Seam, seam_of
from tests.support.shared_scene import SharedScene, shared_scene
from tests.support.sound_server import RATE, Recording, SoundServer, running_sound_server
from tests.support.speaker_alone import EAGER_POOL, ENDING, SpeakerAlone
from tests.support.speaking_guide import QUICK, SPEED

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.real_time("the words are read back from the sound, and no hole may be in them"),
]

DOGS = "Две собаки! Обе рады."
OPENER, BRIDGE = "О, смотрите-ка направо!", "Так, секунду."
LONG = "Закат над полем! Лягушки настраивают скрипки, и всё это бесплатно."
ANNOUNCEMENT = "Остановка Луна."
STEADY = {"SHUTTLE_GUIDE_SPEAKER__BUFFER_MS": "150"}
"""More than the default, since other tests use the processor, too. From 200 ms on an idle PulseAudio runs dry
and the device is lost now and then, and while it is lost no opener is played."""


class Scene:
    def __init__(self, speaker: SpeakerAlone, clouds: CloudEmulator, sound: SoundServer) -> None:
        self.speaker = speaker
        self.clouds = clouds
        self.sound = sound

    def voiced(self) -> list[str]:
        """Every text that the cloud was given, oldest first."""
        records = self.clouds.requests("elevenlabs")
        return [output.text.strip() for record in records for output in record.outputs]


def letters(recording: Recording) -> str:
    return Heard(recording.samples, RATE).letters


def seam(recording: Recording, opener: str, text: str) -> Seam:
    return seam_of(recording.samples, RATE, opener, text)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedScene[Scene]]:
    async with shared_scene(lambda _: pooling(tmp_path_factory.mktemp("pool"))) as scenes:
        yield scenes


@contextlib.asynccontextmanager
async def pooling(folder: Path) -> AsyncIterator[Scene]:
    """A speaker that holds an opener, a bridge and an ending."""
    with running_sound_server() as sound:
        async with CloudEmulator(QUICK) as clouds:
            environment = {
                **sound.environment,
                **STEADY,
                **EAGER_POOL,
                **clouds.env(),
                "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "default",
                "SHUTTLE_GUIDE_ELEVENLABS__SPEED": str(SPEED),
            }
            async with SpeakerAlone(folder / "s", environment) as speaker:
                await speaker.fill(opener("opener"), opener("bridge", BRIDGE), ending())
                yield Scene(speaker, clouds, sound)


def opener(entry_id: str, text: str = OPENER) -> PoolText:
    return pool_text(text, entry_id=entry_id, use="opener")


def ending() -> PoolText:
    return pool_text(ENDING, entry_id="ending", use="ending")


def remark(entry_id: str, text: str = DOGS) -> PoolText:
    return pool_text(text, entry_id=entry_id)


async def test_a_pooled_remark_is_heard_once_and_whole_and_never_again(scene: Scene) -> None:
    await scene.speaker.fill(remark("dogs"))
    asked = len(scene.voiced())
    with scene.sound.record() as first:
        scene.speaker.say("hit", DOGS, entry="dogs")
        hit = await scene.speaker.report("hit")
    assert (hit.outcome, hit.spoken_text, hit.voices) == ("spoken", DOGS, ("pool",))
    assert letters(first) == letters_of(DOGS)
    assert len(scene.voiced()) == asked, "no voice was asked"
    await scene.speaker.until(lambda: "dogs" not in scene.speaker.held, "it to be gone")

    with scene.sound.record() as second:
        scene.speaker.say("miss", DOGS, entry="dogs")
        miss = await scene.speaker.report("miss")
    assert (miss.outcome, miss.spoken_text, miss.voices) == ("spoken", DOGS, ("elevenlabs",))
    assert letters(second) == letters_of(DOGS)


async def test_a_speaker_that_is_killed_in_mid_remark_does_not_repeat_it_and_keeps_the_others(
    scene: Scene,
) -> None:
    await scene.speaker.fill(remark("heard", LONG), remark("kept"))
    scene.speaker.say("killed", LONG, entry="heard")
    await scene.speaker.until_stage("killed", "first_sample")
    used = scene.speaker.holdings.characters_today if scene.speaker.holdings else 0
    await scene.speaker.kill()
    await scene.speaker.start()
    assert "heard" not in scene.speaker.held
    assert "kept" in scene.speaker.held
    assert scene.speaker.holdings is not None
    assert scene.speaker.holdings.characters_today >= used > 0
    with scene.sound.record() as recording:
        scene.speaker.say("after", DOGS, entry="kept")
        report = await scene.speaker.report("after")
    assert report.voices == ("pool",)
    assert letters(recording) == letters_of(DOGS)


async def test_a_damaged_entry_falls_through_to_a_voice_without_silence(scene: Scene) -> None:
    await scene.speaker.fill(remark("damaged"))
    path = files.path_of(scene.speaker.pool_folder, "damaged")
    path.write_bytes(path.read_bytes()[:-1] + b"\x55")
    with scene.sound.record() as recording:
        scene.speaker.say("damage", DOGS, entry="damaged")
        report = await scene.speaker.report("damage")
    assert (report.outcome, report.voices) == ("spoken", ("elevenlabs",))
    assert letters(recording) == letters_of(DOGS)
    await scene.speaker.until(lambda: scene.speaker.counter("pool.corrupt") == 1, "it to be counted")


async def test_held_and_spoken_clauses_of_one_turn_are_heard_in_order(scene: Scene) -> None:
    await scene.speaker.fill(remark("second", "Обе рады."))
    with scene.sound.record() as recording:
        scene.speaker.say("mixed", "Две собаки!", whole=False)
        scene.speaker.send(SpeechText(turn_id="mixed", text="Обе рады.", pool_entry="second"))
        scene.speaker.send(SpeechText(turn_id="mixed", text="И мы."))
        scene.speaker.send(SpeechEnd(turn_id="mixed"))
        report = await scene.speaker.report("mixed")
    assert report.spoken_text == f"{DOGS} И мы."
    assert report.voices == ("elevenlabs", "pool")
    assert letters(recording) == letters_of(f"{DOGS} И мы.")


async def test_an_opener_and_its_remark_join_without_gap_overlap_or_step(scene: Scene) -> None:
    with scene.sound.record() as recording:
        scene.speaker.open_with("joined", OPENER, "opener")
        await asyncio.sleep(0.2)
        scene.speaker.say("joined", DOGS)
        report = await scene.speaker.report("joined")
    assert (report.outcome, report.spoken_text) == ("spoken", f"{OPENER} {DOGS}")
    assert report.voices == ("pool", "elevenlabs")
    found = seam(recording, OPENER, DOGS)
    assert found.whole
    assert 0 <= found.gap_ms <= 120
    assert abs(found.step_db) < 1.5
    stages = dict(report.stages)
    assert stages["first_sample"] < stages["first_content"] < stages["last_sample"]
    opener_s = len(OPENER) * 0.060 / SPEED
    assert stages["first_content"] - stages["first_sample"] > opener_s - 0.1


async def test_a_remark_that_is_late_is_bridged_and_joins_when_it_comes(scene: Scene) -> None:
    with scene.sound.record() as recording:
        scene.speaker.open_with("late", OPENER, "opener")
        first_mono = await scene.speaker.until_stage("late", "first_sample")
        scene.speaker.open_with("late", BRIDGE, "bridge")
        await asyncio.sleep(2.5)
        scene.speaker.say("late", DOGS)
        report = await scene.speaker.report("late")
    assert report.spoken_text == f"{OPENER} {BRIDGE} {DOGS}"
    assert letters(recording) == letters_of(f"{OPENER} {BRIDGE} {DOGS}")
    assert dict(report.stages)["first_sample"] == first_mono
    assert dict(report.stages)["first_content"] > first_mono + 2.0


async def test_an_opener_is_heard_again_and_again(scene: Scene) -> None:
    for number in range(2):
        with scene.sound.record() as recording:
            scene.speaker.open_with(f"again-{number}", OPENER, "opener")
            scene.speaker.say(f"again-{number}", DOGS)
            await scene.speaker.report(f"again-{number}")
        assert letters(recording) == letters_of(f"{OPENER} {DOGS}")


async def test_a_turn_that_has_only_an_opener_ends_by_its_end_or_its_cancellation(scene: Scene) -> None:
    scene.speaker.open_with("ended", OPENER, "opener")
    scene.speaker.send(SpeechEnd(turn_id="ended"))
    ended = await scene.speaker.report("ended")
    assert (ended.outcome, ended.spoken_text) == ("spoken", OPENER)
    assert "first_content" not in dict(ended.stages)

    scene.speaker.open_with("cancelled", OPENER, "opener")
    await scene.speaker.until_stage("cancelled", "first_sample")
    scene.speaker.send(SpeechCancel(turn_id="cancelled", reason="no text"), Priority.SAFETY)
    cancelled = await scene.speaker.report("cancelled")
    assert (cancelled.outcome, cancelled.reason) == ("interrupted", "no text")


async def test_an_opener_is_ended_well_when_the_commentator_dies_behind_it(scene: Scene) -> None:
    with scene.sound.record() as recording:
        scene.speaker.open_with("orphan", OPENER, "opener")
        await scene.speaker.until_stage("orphan", "first_sample")
        async with scene.speaker.another_commentator():
            orphan = await scene.speaker.report("orphan")
    assert (orphan.outcome, orphan.reason) == ("failed", "the commentator restarted")
    assert (orphan.spoken_text, orphan.voices) == (f"{OPENER} {ENDING}", ("pool",))
    assert letters(recording) == letters_of(f"{OPENER} {ENDING}")


async def test_an_opener_interrupts_nothing_and_delays_nothing(scene: Scene) -> None:
    with scene.sound.record() as recording:
        scene.speaker.say("speaking", LONG)
        await scene.speaker.until_stage("speaking", "first_sample")
        scene.speaker.open_with("rude", OPENER, "opener", priority=Priority.ANSWER)
        assert (await scene.speaker.report("speaking")).outcome == "spoken"
    await scene.speaker.until(
        lambda: scene.speaker.counter("openers.not_played.another_turn") == 1, "it to be counted"
    )
    assert letters(recording) == letters_of(LONG)

    with scene.sound.record() as recording:
        scene.speaker.open_with("waiting", OPENER, "opener")
        await scene.speaker.until_stage("waiting", "first_sample")
        scene.speaker.say("announcement", ANNOUNCEMENT, priority=Priority.ANNOUNCEMENT)
        assert (await scene.speaker.report("announcement")).outcome == "spoken"
    assert (await scene.speaker.report("waiting")).outcome == "interrupted"
    # Its first letters sound while the opener fades beneath them.
    assert letters(recording).endswith(letters_of(ANNOUNCEMENT)[4:])


async def test_an_opener_that_is_not_held_is_left_out_and_the_turn_is_spoken(scene: Scene) -> None:
    with scene.sound.record() as recording:
        scene.speaker.open_with("unheld", OPENER, "nobody knows it")
        scene.speaker.say("unheld", DOGS)
        report = await scene.speaker.report("unheld")
    assert report.spoken_text == DOGS
    assert letters(recording) == letters_of(DOGS)
    assert dict(report.stages)["first_content"] == dict(report.stages)["first_sample"]


async def test_a_live_turn_and_filling_at_once_disturb_each_other_not_at_all(scene: Scene) -> None:
    texts = [remark(f"beside-{number}", LONG) for number in range(6)]
    before = scene.speaker.counter("pool.broken_off")
    for text in texts[:3]:
        scene.speaker.send_pool_text(text)
    await scene.speaker.until(lambda: scene.voiced().count(LONG) > 0, "filling to begin")
    with scene.sound.record() as recording:
        scene.speaker.say("live", DOGS)
        for text in texts[3:]:
            scene.speaker.send_pool_text(text)
        await scene.speaker.until_stage("live", "first_sample")
        asked = scene.voiced().count(LONG)
        report = await scene.speaker.report("live")
        assert scene.voiced().count(LONG) == asked, "nothing is voiced beside a live turn"
    assert report.outcome == "spoken"
    assert Heard(recording.samples, RATE).gaps(SPEED) == []
    assert letters(recording) == letters_of(DOGS)
    await scene.speaker.until_held(*(text.entry_id for text in texts))
    assert scene.speaker.counter("pool.broken_off") <= before + 1
    scene.speaker.send(PoolDiscard(entry_ids=tuple(t.entry_id for t in texts), reason="test"))
    await scene.speaker.until(lambda: not {t.entry_id for t in texts} & scene.speaker.held, "them to go")
