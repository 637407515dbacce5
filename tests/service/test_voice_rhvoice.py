"""RHVoice in a program of its own: word by word, handed over in mid-sentence, restarted, never left behind.

The program is the guide's own, with tones in the place of RHVoice's library; the true one speaks in
``tests/system/test_rhvoice.py``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator

import msgspec
import pytest

from edge.config import Espeak, RHVoice, Settings
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.site.lexicon import parse_lexicon
from edge.speaker.voices import kept_program, make_voices, rhvoice_program
from edge.speaker.voices import ladder as voice_ladder
from edge.speaker.voices.base import Piece, VoiceRequest
from edge.speaker.voices.clausewise import pause
from edge.speaker.voices.espeak import EspeakVoice
from edge.speaker.voices.ladder import make_voice_ladder
from edge.speaker.voices.rhvoice import RHVoiceVoice
from edge.speaker.voices.spoken_rung import SpokenRung
from tests.support import stand_in_rhvoice
from tests.support.child_programs import children_with
from tests.support.services import PATIENT_SPEAKER
from tests.support.speaking import (
    opened,
    read_until,
    script_of,
    speak,
    speak_in_the_end,
    spelled,
    speller_without_names,
)
from tests.support.stand_in_rhvoice import BREAKS, DIES, HANGS, MUTES, REFUSES, SAMPLE_RATE, SILENT
from tests.support.waiting import until

REMARK = ("Смотрите, две собаки справа.", "Обе бегут за нами!")


def use_stand_in(monkeypatch: pytest.MonkeyPatch, *faults: str) -> None:
    monkeypatch.setattr(
        rhvoice_program, "COMMAND", (sys.executable, "-I", stand_in_rhvoice.__file__, *faults)
    )
    monkeypatch.setattr(kept_program, "RESTART_FIRST_S", 0.05)
    monkeypatch.setattr(kept_program, "LAST_LINE_TIMEOUT_S", 20.0)


@pytest.fixture
async def voice(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RHVoiceVoice]:
    use_stand_in(monkeypatch)
    voice = RHVoiceVoice(RHVoice(), speed=1.0)
    await voice.start()
    await voice.probe()
    yield voice
    await voice.close()
    assert children() == []


def children() -> list[int]:
    """Process ids of the stand-ins that are children of this process."""
    return children_with(stand_in_rhvoice.__file__)


async def test_it_speaks_word_by_word_and_every_word_once(voice: RHVoiceVoice) -> None:
    script = script_of(REMARK)
    spoken = await speak(voice, script)
    assert spoken.error is None
    assert spoken.heard == spelled(script.text)
    assert [piece.spoken_to for piece in spoken.pieces] == [9, 13, 20, 28, 32, 38, 41, 47]
    assert spoken.sample_rate == SAMPLE_RATE


async def test_a_words_sound_is_given_out_before_the_clause_is_whole(voice: RHVoiceVoice) -> None:
    async with opened(voice, script_of([f"Смотрите, две {HANGS}"])) as pieces:
        await read_until(pieces, 13)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_one_child_speaks_both_languages(voice: RHVoiceVoice, language: Language) -> None:
    before = children()
    spoken = await speak(voice, script_of(["two dogs"]), language=language)
    assert spoken.error is None
    assert children() == before


async def test_a_language_that_it_was_not_given_is_no_fault_of_the_voice(voice: RHVoiceVoice) -> None:
    spoken = await speak(voice, script_of(["Dua anjing."]), language="id")
    assert spoken.error is not None
    assert spoken.error.blameless
    assert "rhvoice.voices" in str(spoken.error)


async def test_a_start_inside_a_clause_speaks_only_the_rest(voice: RHVoiceVoice) -> None:
    spoken = await speak(voice, script_of(REMARK[:1]), start=13)
    assert spoken.heard == "собаки справа"
    assert spoken.spoken_to == 28


async def test_what_has_no_words_is_a_short_pause(voice: RHVoiceVoice) -> None:
    spoken = await speak(voice, script_of(["…", "Да."]))
    assert spoken.error is None
    assert not spoken.pieces[0].samples.any()
    assert spoken.heard == "да"


@pytest.mark.parametrize(
    "text", ["з+амок [[a]] <b>да</b>", "Нуль \0 внутри", "Одна\udc80 половинка", "две\nстроки"]
)
async def test_whatever_the_text_holds_is_only_spoken(voice: RHVoiceVoice, text: str) -> None:
    script = script_of([text])
    spoken = await speak(voice, script)
    assert spoken.error is None
    assert spoken.spoken_to == len(script.text)


async def test_where_it_is_given_other_words_there_is_one_piece_at_the_clauses_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_stand_in(monkeypatch)
    voice = RHVoiceVoice(RHVoice(), lambda text, language: text.replace("Нью-Йорк", "Нью Йорк"), speed=1.0)
    spoken = await speak(voice, script_of(["Это Нью-Йорк, а не Убуд."]))
    await voice.close()
    assert [piece.spoken_to for piece in spoken.pieces] == [24]
    assert spoken.heard == "это нью йорк а не убуд"


async def test_a_cancelled_turn_leaves_the_child_usable(
    voice: RHVoiceVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rhvoice_program, "HANGS_AFTER_S", 20.0)
    before = children()
    long = script_of(["Смотрите, " * 200])
    async with opened(voice, long) as pieces:
        await anext(pieces)
    spoken = await speak(voice, script_of(REMARK))
    assert spoken.heard == spelled(" ".join(REMARK))
    assert children() == before


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (REFUSES, "takes no such text"),
        (BREAKS, "could not say it"),
        (SILENT, "no sound came"),
        (MUTES, "no sound came"),
    ],
)
async def test_what_it_does_not_say_is_told(voice: RHVoiceVoice, fault: str, words: str) -> None:
    spoken = await speak(voice, script_of([fault]))
    assert words in str(spoken.error)
    assert (await speak(voice, script_of(REMARK))).error is None


async def test_a_crash_has_a_reason_that_quotes_nothing(voice: RHVoiceVoice) -> None:
    spoken = await speak(voice, script_of([f"Смотрите, {DIES}"]))
    assert str(spoken.error) == "RHVoice's program has ended: out of memory"


@pytest.mark.parametrize("fault", [SILENT, MUTES])
async def test_no_piece_is_without_sound(voice: RHVoiceVoice, fault: str) -> None:
    script = script_of([f"Смотрите, {fault}"])
    spoken = await speak(voice, script)
    assert spoken.error is None
    assert all(len(piece.samples) for piece in spoken.pieces)
    assert spoken.spoken_to == len(script.text)


async def test_a_child_that_dies_is_started_anew(voice: RHVoiceVoice) -> None:
    (old,) = children()
    os.kill(old, signal.SIGKILL)
    await until(lambda: old not in children())
    await speak_in_the_end(voice, REMARK[0])
    assert children() != [old]


async def test_a_child_that_hangs_is_killed_and_started_anew(voice: RHVoiceVoice) -> None:
    (old,) = children()
    spoken = await speak(voice, script_of([f"Смотрите, {HANGS}"]))
    assert spoken.error is not None
    assert "gave nothing for 3 s" in str(spoken.error)
    assert spoken.spoken_to == 9
    await until(lambda: old not in children())
    await speak_in_the_end(voice, REMARK[0])


@pytest.mark.parametrize("fault", [DIES, HANGS])
async def test_in_mid_sentence_the_next_voice_goes_on_behind_the_last_word(
    voice: RHVoiceVoice, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_ladder, "STALL_MS", 3000)
    monkeypatch.setattr(rhvoice_program, "ANSWER_TIMEOUT_S", 20.0)
    following = Recorder()
    rungs = [SpokenRung(each, Counter()) for each in (voice, following)]
    ladder = make_voice_ladder(PATIENT_SPEAKER, rungs)
    script = script_of([f"Смотрите, две {fault} собаки справа."])
    (old,) = children()
    outputs = [output async for output in ladder.run(VoiceRequest("ru", script))]
    await ladder.close()
    assert [name for name, _ in outputs] == ["rhvoice", "rhvoice", "recorder"]
    assert following.asked == [f"{fault} собаки справа."]
    assert outputs[-1][1].spoken_to == len(script.text)
    await until(lambda: old not in children() and len(children()) == 1)


class Recorder(EspeakVoice):
    """The next rung: notes what it was asked to say, and gives a pause for it."""

    name = "recorder"

    def __init__(self) -> None:
        super().__init__(Espeak())
        self.asked: list[str] = []

    async def open(self, request: VoiceRequest) -> AsyncIterator[Piece]:  # type: ignore[override]
        async for clause in request.script.clauses(request.start):
            self.asked.append(clause.text)
            yield pause(SAMPLE_RATE, clause.end)


@pytest.mark.parametrize(
    ("fault", "permanent", "words"),
    [
        ("missing", True, "apt-get install librhvoice5"),
        ("hangs", False, "gave nothing for 0.5 s"),
        ("rubbish", False, "a frame of 4294967295 bytes"),
    ],
)
async def test_what_cannot_start_says_why(
    monkeypatch: pytest.MonkeyPatch, fault: str, permanent: bool, words: str
) -> None:
    use_stand_in(monkeypatch, fault)
    if fault == "hangs":
        monkeypatch.setattr(rhvoice_program, "LOAD_TIMEOUT_S", 0.5)
    voice = RHVoiceVoice(RHVoice(), speed=1.0)
    with pytest.raises(RungError) as raised:
        await voice.probe()
    await voice.close()
    assert words in str(raised.value)
    assert raised.value.permanent == permanent
    assert children() == []


async def test_a_voice_that_is_not_installed_keeps_no_other_from_speaking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_stand_in(monkeypatch)
    voice = RHVoiceVoice(RHVoice(voices={"ru": "anna", "en": "alan"}), speed=1.0)
    await voice.probe()
    assert (await speak(voice, script_of(REMARK))).error is None
    english = await speak(voice, script_of(["Two dogs."]), language="en")
    await voice.close()
    assert english.error is not None
    assert english.error.blameless
    assert "rhvoice-english" in str(english.error)


async def test_whoever_gives_up_in_the_middle_of_a_frame_disturbs_nobody(
    voice: RHVoiceVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rhvoice_program, "HANGS_AFTER_S", 20.0)
    before = children()
    for delay_s in (0.0, 0.001, 0.002, 0.004, 0.008, 0.016):
        speaking = asyncio.create_task(speak(voice, script_of(["Смотрите, две собаки. " * 20])))
        await asyncio.sleep(delay_s)
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
    assert (await speak(voice, script_of(REMARK))).heard == spelled(" ".join(REMARK))
    assert children() == before


async def test_a_voice_that_is_not_installed_is_named_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_stand_in(monkeypatch)
    voice = RHVoiceVoice(RHVoice(voices={"ru": "slt"}), speed=1.0)
    with pytest.raises(RungError, match=r"none of the voices.*ru = 'slt'.*anna, irina"):
        await voice.probe()
    await voice.close()


def test_a_lexicon_tells_it_the_stress() -> None:
    lexicon = parse_lexicon('[ru]\n"Убуд" = { stress = "У\u0301буд" }\n')
    assert lexicon.pronounced("Это Убуд!", "ru", "rhvoice") == "Это +Убуд!"


@pytest.mark.parametrize("allowed", [False, True])
def test_it_stands_between_piper_and_espeak_where_the_site_allows_it(allowed: bool) -> None:
    settings = msgspec.convert({"rhvoice": {"allowed": allowed}}, Settings)
    names = [voice.name for voice in make_voices(settings, speller_without_names())]
    assert names == (["rhvoice", "espeak"] if allowed else ["espeak"])
    assert settings.speaker.voices[-3:] == ("piper", "rhvoice", "espeak")


async def test_it_speaks_at_the_speed_that_is_set_for_all_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    use_stand_in(monkeypatch)
    settings = msgspec.convert({"rhvoice": {"allowed": True}, "speaker": {"speed": 1.25}}, Settings)
    quick, _ = make_voices(settings, speller_without_names())
    spoken = await speak(quick, script_of(REMARK))
    await quick.close()
    usual = RHVoiceVoice(RHVoice(), speed=1.0)
    plain = await speak(usual, script_of(REMARK))
    await usual.close()
    assert spoken.ms() / plain.ms() == pytest.approx(1 / 1.25, rel=0.05)


async def test_closing_in_mid_sentence_leaves_nothing_behind(voice: RHVoiceVoice) -> None:
    speaking = asyncio.create_task(speak(voice, script_of([f"Смотрите, {HANGS}"])))
    await asyncio.sleep(0.1)
    await voice.close()
    assert children() == []
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
