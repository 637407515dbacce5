"""How loud the voices are is known again after a restart, and the pool's entries are played with it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.cli.guide_voices import SENTENCES
from edge.config import Espeak
from edge.sound.samples import from_int16
from edge.speaker.loudness import TARGET_LUFS
from edge.speaker.player import Player
from edge.speaker.voice_levels import FILE_NAME, LARGEST_BYTES, MOST_VOICES, VoiceLevels
from edge.speaker.voices.espeak import EspeakVoice
from tests.support.fake_output import RATE as OUTPUT_RATE
from tests.support.fake_output import FakeOutput
from tests.support.speaking import script_of, speak
from tests.unit.test_loudness import RATE, gains_db, loudness, needs_espeak, speech

LOUD_DBFS = -12.0


def learned(folder: Path, *rungs: str) -> VoiceLevels:
    levels = VoiceLevels(folder)
    levels.load()
    for rung in rungs:
        for index in range(4):
            levels.of(rung, "ru").learn(speech(1.5, LOUD_DBFS, seed=index), RATE)
    levels.save()
    return levels


def test_a_voice_is_at_its_level_from_its_first_sample_on_after_a_restart(tmp_path: Path) -> None:
    learned(tmp_path, "piper")
    again = VoiceLevels(tmp_path)
    again.load()
    said = [speech(1.5, LOUD_DBFS, seed=10 + at) for at in range(3)]
    levelled = [again.of("piper", "ru").apply(each, RATE, opening=not at) for at, each in enumerate(said)]
    assert loudness(*levelled) == pytest.approx(TARGET_LUFS, abs=1.0)
    assert gains_db(said[0][:500], levelled[0][:500]).max() < -5


def test_another_voice_of_a_rung_and_another_language_are_learned_for_themselves(tmp_path: Path) -> None:
    named = {"piper": ["denis"]}
    levels = VoiceLevels(tmp_path, lambda rung: named[rung])
    for index in range(4):
        levels.of("piper", "ru").learn(speech(1.5, LOUD_DBFS, seed=index), RATE)
    assert levels.of("piper", "ru").known
    assert levels.of("piper", "en").known is None
    named["piper"] = ["irina"]
    assert levels.of("piper", "ru").known is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"a ru": {"lufs": 1e9, "heard_s": 1}}', b"x" * (LARGEST_BYTES + 1)]
)
def test_a_file_that_is_damaged_is_one_line_and_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with caplog.at_level(logging.ERROR):
        levels = learned(tmp_path, "espeak")
    assert len(caplog.records) == 1
    assert levels.of("espeak", "ru").known
    again = VoiceLevels(tmp_path)
    again.load()
    assert again.of("espeak", "ru").known


def test_of_many_voices_those_that_were_heard_last_are_kept(tmp_path: Path) -> None:
    for at in range(MOST_VOICES + 2):
        levels = VoiceLevels(tmp_path)
        levels.load()
        levels.of(f"voice{at}", "ru").learn(speech(1.0, LOUD_DBFS), RATE)
        levels.save()
    again = VoiceLevels(tmp_path)
    again.load()
    assert again.of("voice1", "ru").known is None
    assert again.of("voice2", "ru").known
    assert again.of(f"voice{MOST_VOICES + 1}", "ru").known


def test_where_nothing_was_learned_nothing_is_written(tmp_path: Path) -> None:
    levels = VoiceLevels(tmp_path)
    levels.of("espeak", "ru").learn(np.zeros(RATE, np.float32), RATE)
    levels.save()
    assert not (tmp_path / FILE_NAME).exists()


@needs_espeak
async def test_a_change_of_voice_in_mid_answer_is_no_change_of_loudness() -> None:
    espeak = await speak(EspeakVoice(Espeak()), script_of(SENTENCES["ru"]), language="ru")
    other_rate = 22_050
    other = (speech(4.0, -34.0) * 32_767).astype(np.int16)
    levels = VoiceLevels()
    levels.of("espeak", "ru").learn(from_int16(espeak.samples), espeak.sample_rate)  # in an earlier turn
    levels.of("piper", "ru").learn(from_int16(other), other_rate)
    output = FakeOutput()
    player = Player(output, OUTPUT_RATE, volume=1.0, jitter_ms=0, clock=output.clock, levels=levels)
    ended = asyncio.Event()
    track = player.track(
        "turn", lambda event: ended.set() if event.kind == "last_sample" else None, language="ru"
    )
    for at, piece in enumerate(espeak.pieces):
        track.append(piece.samples, piece.sample_rate, at + 1, "espeak")
    track.append(other, other_rate, len(espeak.pieces) + 1, "piper")
    track.finish()
    player.start()
    player.play(track)
    await asyncio.wait_for(ended.wait(), 20)
    await player.close()
    sound = np.trim_zeros(output.sound)
    border = len(sound) - round(len(other) / other_rate * OUTPUT_RATE)
    before, behind = loudness(sound[:border], rate=OUTPUT_RATE), loudness(sound[border:], rate=OUTPUT_RATE)
    assert abs(lufs_of(other, other_rate) - lufs_of(espeak.samples, espeak.sample_rate)) > 5
    assert before == pytest.approx(behind, abs=1.0)
    assert before == pytest.approx(TARGET_LUFS, abs=1.0)


def lufs_of(samples: NDArray[np.int16], rate: int) -> float:
    return loudness(from_int16(samples), rate=rate)
