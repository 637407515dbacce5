"""The speaker tells the words that sound, whoever comes late, and says nothing of them while nobody looks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from edge.messages import GuideWords, Priority, SpeechCancel, SpeechDuck, SpeechEnd, SpeechText
from tests.support.speaker_alone import SpeakerAlone
from tests.support.words_shown import Told, following

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = "До храма 5 км, вход слева."
REST = "Лягушки настраивают скрипки до самого ужина."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speaker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SpeakerAlone]:
    settings = {"SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null", "SHUTTLE_GUIDE_SPEAKER__VOICES": "espeak"}
    async with SpeakerAlone(tmp_path_factory.mktemp("words"), settings) as started:
        yield started


async def until_told(
    speaker: SpeakerAlone, told: list[Told], turn_id: str, *, ended: bool = False
) -> GuideWords:
    def fits(words: GuideWords) -> bool:
        return words.turn_id == turn_id and (words.outcome is not None) == ended

    await speaker.until(lambda: any(fits(each.words) for each in told), f"the words of {turn_id}")
    if ended:  # what comes next begins in silence
        await speaker.until(lambda: told[-1].words.turn_id is None, "silence to be told")
    return [each.words for each in told if fits(each.words)][-1]


async def test_words_are_told_in_order_with_times_and_then_that_nothing_sounds(speaker: SpeakerAlone) -> None:
    async with following(speaker.runtime_dir) as told:
        assert told[0].words.turn_id is None, "a late reader is told at once that nothing sounds"
        speaker.say("whole", TEXT)
        await speaker.report("whole")
        ended = await until_told(speaker, told, "whole", ended=True)
    assert (ended.outcome, ended.text, ended.language, ended.priority) == (
        "spoken",
        TEXT,
        "ru",
        Priority.REMARK,
    )
    assert [TEXT[word.start : word.end] for word in ended.words] == ["До", "храма", "5 км,", "вход", "слева."]
    begins = [word.begins_mono or 0.0 for word in ended.words]
    assert begins == sorted(begins)
    assert begins[0] >= await speaker.until_stage("whole", "first_sample")
    assert begins[-1] <= await speaker.until_stage("whole", "last_sample")


async def test_who_comes_in_mid_sentence_is_told_what_sounds_and_of_later_text(speaker: SpeakerAlone) -> None:
    speaker.say("late", TEXT, whole=False, priority=Priority.ANNOUNCEMENT)
    await speaker.until_stage("late", "first_sample")
    async with following(speaker.runtime_dir) as told:
        first = await until_told(speaker, told, "late")
        assert (first.text, first.priority) == (TEXT, Priority.ANNOUNCEMENT)
        assert first.words
        speaker.send(SpeechText(turn_id="late", text=REST))
        speaker.send(SpeechDuck(on=True))
        await speaker.until(lambda: told[-1].words.ducked, "it to be lowered")
        speaker.send(SpeechEnd(turn_id="late"))
        ended = await until_told(speaker, told, "late", ended=True)
    assert ended.text == f"{TEXT} {REST}"
    assert ended.text[ended.words[-1].start : ended.words[-1].end] == "ужина."


async def test_words_that_were_cut_are_left_out(speaker: SpeakerAlone) -> None:
    async with following(speaker.runtime_dir) as told:
        speaker.say("cut", f"{TEXT} {REST}")
        await speaker.until_stage("cut", "first_sample")
        await until_told(speaker, told, "cut")
        speaker.send(SpeechCancel(turn_id="cut", reason="test"), Priority.SAFETY)
        report = await speaker.report("cut")
        ended = await until_told(speaker, told, "cut", ended=True)
    assert ended.outcome == report.outcome == "interrupted"
    assert ended.text == f"{TEXT} {REST}"
    assert ended.words[-1].end < len(ended.text)


async def test_what_replaces_is_told_when_it_sounds(speaker: SpeakerAlone) -> None:
    async with following(speaker.runtime_dir) as told:
        speaker.say("remark", f"{TEXT} {REST}")
        await until_told(speaker, told, "remark")
        speaker.say("safety", "Держитесь крепче!", priority=Priority.SAFETY, replaces=("remark",))
        await speaker.report("safety")
        words = await until_told(speaker, told, "safety", ended=True)
    turns = list(dict.fromkeys(each.words.turn_id for each in told))
    assert turns == [None, "remark", "safety"]
    assert words.priority is Priority.SAFETY


async def test_a_heartbeat_repeats_what_sounds_and_a_new_speaker_says_that_nothing_does(
    speaker: SpeakerAlone,
) -> None:
    async with following(speaker.runtime_dir) as told:
        speaker.say("long", " ".join([TEXT, REST, REST]), whole=False)
        words = await until_told(speaker, told, "long")
        await speaker.until(lambda: _repeated(told, "long"), "its words to be repeated")
        await speaker.kill()
        await speaker.start()
        await speaker.until(lambda: told[-1].words.turn_id is None, "silence to be told")
    assert told[-1].words.instance != words.instance


def _repeated(told: list[Told], turn_id: str) -> bool:
    of_turn = [each.words.id for each in told if each.words.turn_id == turn_id]
    return len(set(of_turn)) < len(of_turn)
