"""espeak-ng, the voice that cannot fail: real sound in three languages, and no text is a command."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.config import Espeak, Settings
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.voices import make_voices, wav
from edge.speaker.voices.espeak import EspeakVoice
from edge.speaker.word_begins import SILENCE_LEVEL
from tests.support.speaking import Spoken, opened, script_of, speak, speller_without_names
from tests.support.waiting import until

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
REMARK = ("Смотрите, две собаки справа,", "и обе бегут за нами!", "Наверное, хотят прокатиться.")


async def say(*clauses: str, language: Language = "ru", settings: Espeak | None = None) -> Spoken:
    return await speak(EspeakVoice(settings or Espeak()), script_of(clauses), language=language)


@needs_espeak
@pytest.mark.parametrize(
    ("language", "text"),
    [("ru", "Две собаки справа!"), ("en", "Two dogs on the right!"), ("id", "Dua anjing di kanan!")],
)
async def test_it_speaks_every_language_of_the_guide(language: Language, text: str) -> None:
    spoken = await say(text, language=language)
    assert spoken.error is None
    assert spoken.spoken_to == len(text)
    assert spoken.ms() > 500


@needs_espeak
async def test_clauses_come_in_order_and_join_without_a_stop() -> None:
    spoken = await say(*REMARK)
    positions = [piece.spoken_to for piece in spoken.pieces]
    assert positions == sorted(positions)
    keep = spoken.sample_rate * wav.EDGE_SILENCE_MS // 1000
    begin = 0
    for clause_end in (28, 49, 78):
        end = len(spoken.samples_until(clause_end))
        clause = np.abs(spoken.samples[begin:end].astype(float))
        sounding = np.flatnonzero(clause > SILENCE_LEVEL * 32768)
        assert sounding[0] <= keep
        assert len(clause) - 1 - sounding[-1] <= keep
        begin = end
    assert begin == len(spoken.samples)


@needs_espeak
async def test_it_speaks_at_the_speed_that_is_set_for_all_voices() -> None:
    settings = msgspec.convert({"speaker": {"speed": 1.4, "voices": []}}, Settings)
    (voice,) = make_voices(settings, speller_without_names())
    quick = await speak(voice, script_of(REMARK))
    assert quick.ms() < 0.9 * (await say(*REMARK)).ms()


@needs_espeak
async def test_a_quick_voice_is_quicker() -> None:
    slow = await say(*REMARK, settings=Espeak(words_per_minute=120))
    quick = await say(*REMARK, settings=Espeak(words_per_minute=300))
    assert quick.ms() < slow.ms()


@needs_espeak
@pytest.mark.parametrize(
    "text",
    [
        "-v en --help",
        "--version",
        "<speak>Да</speak> <break time='9s'/>",
        "Кошка [[h@l'oU]] мяукает",
        "Две\nстроки",
        "Нуль \0 внутри",
        "Одна\udc80 половинка",
        "'; rm -rf /; echo '",
        "🐕 собака",
    ],
)
async def test_whatever_the_text_holds_is_only_spoken(text: str) -> None:
    spoken = await say(text)
    assert spoken.error is None
    assert 200 < spoken.ms() < 9000
    assert spoken.spoken_to == len(text)


@needs_espeak
async def test_markup_is_not_obeyed() -> None:
    plain = await say("Да, нет")
    marked = await say("Да, <break time='20s'/> нет")
    assert marked.ms() < plain.ms() + 10_000


@needs_espeak
async def test_a_clause_without_words_is_a_short_pause() -> None:
    spoken = await say("…", "Да.", "!")
    assert spoken.error is None
    assert spoken.spoken_to == 7
    assert len(spoken.pieces) == 3
    assert not spoken.pieces[0].samples.any()


@needs_espeak
async def test_a_start_inside_a_clause_speaks_only_the_rest() -> None:
    script = script_of(REMARK[:1])
    whole = await speak(EspeakVoice(Espeak()), script)
    rest = await speak(EspeakVoice(Espeak()), script, start=REMARK[0].index("справа") - 1)
    assert rest.spoken_to == len(script.text)
    assert rest.ms() < whole.ms() / 2


async def test_when_it_is_not_installed_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    spoken = await say(*REMARK)
    assert spoken.error is not None
    assert spoken.error.permanent
    assert "apt-get install espeak-ng" in str(spoken.error)
    with pytest.raises(RungError, match="apt-get install espeak-ng"):
        await EspeakVoice(Espeak()).probe()


def stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a shell script in espeak-ng's place."""
    command = folder / "espeak-ng"
    command.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Failed to read voice' >&2; exit 3", "status 3: Failed to read voice"),
        ("exit 0", "expected a WAV file, came nothing"),
        ("echo RIFFjunk", "expected a WAV file"),
        ("head -c 100 /dev/zero", "expected a WAV file"),
    ],
)
async def test_a_broken_one_fails_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    stand_in(tmp_path, script, monkeypatch)
    spoken = await say(*REMARK)
    assert words in str(spoken.error)


async def test_cancelling_kills_what_is_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, f"echo $$ >> {tmp_path}/pids; exec sleep 60", monkeypatch)
    pids = tmp_path / "pids"
    async with opened(EspeakVoice(Espeak()), script_of(REMARK)) as pieces:
        waiting = asyncio.ensure_future(anext(pieces))
        await until(lambda: pids.exists() and len(pids.read_text().split()) == 3)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.read_text().split())
