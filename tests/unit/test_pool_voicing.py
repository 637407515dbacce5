"""Only the whole sound of a text becomes an entry."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.clouds.tones import CELL_MS, decode, letters_of, synthesize
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.pool.entry import HeldSound
from edge.speaker.pool.fingerprint import PoolVoiceName
from edge.speaker.pool.voicing import LEAD_MS, TAIL_MS, WastedSoundError, voice_ahead
from edge.speaker.voices.base import NoteCharacters, Piece, VoiceRequest, uncounted
from tests.support.pooled import pool_text
from tests.support.simulated import in_simulated_time

NAME = PoolVoiceName("elevenlabs", "elevenlabs emulated")
TEXT = "Две собаки! Обе рады."
RATE = 24_000


class ScriptedVoice:
    """Gives these pieces, then does what it is told."""

    name, paid, local = "elevenlabs", True, False

    def __init__(self, pieces: Sequence[Piece], then: BaseException | float | None = None) -> None:
        self._pieces = pieces
        self._then = then

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def probe(self, asked: NoteCharacters = uncounted) -> None: ...
    def prepare(self, language: Language) -> None: ...

    async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        for piece in self._pieces:
            yield piece
        if isinstance(self._then, float):
            await asyncio.sleep(self._then)
        elif self._then is not None:
            raise self._then


def pieces(samples: NDArray[np.int16], text: str = TEXT) -> list[Piece]:
    """Two pieces: to the end of the second word, and the rest."""
    cut = len(samples) * 11 // len(text)
    return [Piece(samples[:cut], RATE, 11), Piece(samples[cut:], RATE, len(text))]


def silence(ms: int) -> NDArray[np.int16]:
    return np.zeros(RATE * ms // 1000, np.int16)


async def voiced(voice: ScriptedVoice, text: str = TEXT, *, within_s: float = 5.0) -> HeldSound:
    return await voice_ahead(voice, NAME, pool_text(text), 48_000, within_s=within_s)


@in_simulated_time
async def test_it_is_kept_at_the_players_rate_with_its_words_borders() -> None:
    found = await voiced(ScriptedVoice(pieces(synthesize(TEXT, RATE))))
    assert found.header.sample_rate == 48_000
    assert decode(found.samples, 48_000) == letters_of(TEXT)
    first, second = found.pieces()
    assert (first.spoken_to, second.spoken_to) == (11, len(TEXT))
    assert decode(first.samples, 48_000) == letters_of(TEXT[:11])
    assert found.header.samples == len(found.samples)


@in_simulated_time
async def test_it_is_kept_where_words_begin_and_what_was_kept_without_is_estimated() -> None:
    found = await voiced(ScriptedVoice(pieces(synthesize(TEXT, RATE))))
    cell = round(48_000 * CELL_MS / 1000)
    begins = [match.start() for match in re.finditer(r"\S+", TEXT)]
    assert [word.start for word in found.header.words] == begins
    for held in (found, found._replace(header=msgspec.structs.replace(found.header, words=()))):
        at = 0
        for piece in held.pieces():
            for word in piece.words:
                assert abs(at + word.position - word.start * cell) < 2 * cell
            at += len(piece.samples)


@in_simulated_time
async def test_the_silence_around_the_words_is_cut_to_a_little() -> None:
    loud = synthesize("собака", RATE)
    spoken = np.concatenate([silence(300), loud, silence(700)])
    found = await voiced(ScriptedVoice([Piece(spoken, RATE, 6)]), "собака")
    audible = np.flatnonzero(np.abs(found.samples.astype(int)) > 300)
    lead_ms, tail_ms = audible[0] / 48, (len(found.samples) - audible[-1]) / 48
    assert lead_ms <= LEAD_MS + 6
    assert TAIL_MS - 6 <= tail_ms <= TAIL_MS + 12


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], "not all of the text"),
        (pieces(synthesize(TEXT, RATE))[:1], "not all of the text"),
        ([Piece(silence(1500), RATE, len(TEXT))], "silence"),
        ([Piece(synthesize("Д!", RATE), RATE, len(TEXT))], "ms of sound for"),
        (pieces(synthesize(TEXT * 12, RATE)), "does not end"),
        (pieces(synthesize(TEXT, RATE)[: -RATE * 80 // 1000]), "cut off"),
        (pieces(synthesize(TEXT * 60, RATE)), "does not end"),
    ],
)
@in_simulated_time
async def test_what_cannot_be_the_whole_of_the_text_is_refused(given: list[Piece], reason: str) -> None:
    with pytest.raises(WastedSoundError, match=reason):
        await voiced(ScriptedVoice(given))


@in_simulated_time
async def test_a_voice_that_fails_before_any_sound_has_cost_nothing() -> None:
    refusal = RungError("busy", retry_after_s=7)
    with pytest.raises(RungError, match="busy") as caught:
        await voiced(ScriptedVoice([], refusal))
    assert not isinstance(caught.value, WastedSoundError)
    assert caught.value.retry_after_s == 7


@in_simulated_time
async def test_a_voice_that_dies_or_hangs_in_mid_sentence_has_cost_all() -> None:
    begun = pieces(synthesize(TEXT, RATE))[:1]
    with pytest.raises(WastedSoundError, match="1008"):
        await voiced(ScriptedVoice(begun, RungError("closed: 1008")))
    with pytest.raises(WastedSoundError, match=r"not voiced within 0\.05 s"):
        await voiced(ScriptedVoice(begun, 10.0), within_s=0.05)
