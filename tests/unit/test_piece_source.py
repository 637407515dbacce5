"""Held clauses come from the pool, all others from the voices, in the order of the text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import numpy as np

from edge.config import Settings
from edge.messages import Language
from edge.speaker.piece_source import PieceSource, SourcedPiece
from edge.speaker.pool.entry import HeldSound
from edge.speaker.voices.base import Piece, VoiceRequest
from edge.speaker.voices.ladder import make_voice_ladder
from tests.support.pooled import held_sound, pool_text
from tests.support.simulated import in_simulated_time


class WordVoice:
    """One piece a word."""

    name, paid, local = "elevenlabs", True, False

    def __init__(self) -> None:
        self.requests: list[VoiceRequest] = []

    async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        self.requests.append(request)
        async for clause in request.script.clauses(request.start):
            at = clause.start
            for word in clause.text.split():
                at += len(word)
                yield Piece(np.ones(10, np.int16), 24_000, at)
                at += 1

    async def probe(self) -> None: ...


class Turn:
    """A source, and all that came out of it."""

    def __init__(self, *held: HeldSound) -> None:
        self.voice = WordVoice()
        self.held = {sound.header.text.entry_id: sound for sound in held}
        ladder = make_voice_ladder(Settings(), [self.voice])
        self.source = PieceSource("ru", ladder, self.take)

    def take(self, entry_id: str, text: str, language: Language) -> HeldSound | None:
        return self.held.pop(entry_id, None)

    async def pieces(self) -> list[SourcedPiece]:
        return [piece async for piece in self.source.pieces()]

    async def told(self) -> list[tuple[str, str, bool]]:
        """(source, text that has been spoken by then since the piece before, content) for each piece."""
        told, before = [], 0
        for piece in await self.pieces():
            told.append((piece.source, self.source.text[before : piece.piece.spoken_to], piece.content))
            before = piece.piece.spoken_to
        return told


def held(text: str, entry_id: str = "e") -> HeldSound:
    return held_sound(pool_text(text, entry_id=entry_id))


@in_simulated_time
async def test_without_the_pool_all_text_is_one_request_to_the_voices() -> None:
    turn = Turn()
    turn.source.add("Две собаки!")
    turn.source.add("Обе рады.", "not held")
    turn.source.close()
    assert await turn.told() == [
        ("elevenlabs", "Две", True),
        ("elevenlabs", " собаки!", True),
        ("elevenlabs", " Обе", True),
        ("elevenlabs", " рады.", True),
    ]
    assert len(turn.voice.requests) == 1


@in_simulated_time
async def test_a_held_clause_needs_no_voice() -> None:
    turn = Turn(held("Две собаки!"))
    turn.source.add("Две собаки!", "e")
    turn.source.close()
    assert await turn.told() == [("pool", "Две", True), ("pool", " собаки!", True)]
    assert turn.voice.requests == []


@in_simulated_time
async def test_an_opener_goes_first_and_is_no_content() -> None:
    turn = Turn()
    turn.source.open_with(held("О!"))
    turn.source.add("Две собаки!")
    turn.source.close()
    assert await turn.told() == [
        ("pool", "О!", False),
        ("elevenlabs", " Две", True),
        ("elevenlabs", " собаки!", True),
    ]
    assert turn.source.text == "О! Две собаки!"


@in_simulated_time
async def test_held_and_live_clauses_alternate_in_the_order_of_the_text() -> None:
    turn = Turn(held("Обе рады.", "second"))
    turn.source.add("Две собаки!")
    turn.source.add("Обе рады.", "second")
    turn.source.add("И мы.")
    turn.source.add("Тоже.")
    turn.source.close()
    assert "".join(text for _, text, _ in await turn.told()) == "Две собаки! Обе рады. И мы. Тоже."
    assert [request.script.text for request in turn.voice.requests] == ["Две собаки!", "И мы. Тоже."]


@in_simulated_time
async def test_text_that_comes_while_it_is_spoken_is_spoken_too() -> None:
    turn = Turn()
    turn.source.open_with(held("О!"))
    speaking = asyncio.create_task(turn.told())
    await asyncio.sleep(0.01)
    turn.source.open_with(held("Так…", "bridge"))
    await asyncio.sleep(0.01)
    turn.source.add("Две собаки!")
    await asyncio.sleep(0.01)
    turn.source.close()
    assert [text for _, text, _ in await speaking] == ["О!", " Так…", " Две", " собаки!"]


@in_simulated_time
async def test_a_turn_that_never_gets_text_ends_behind_its_opener() -> None:
    turn = Turn()
    turn.source.open_with(held("О!"))
    turn.source.close()
    assert await turn.told() == [("pool", "О!", False)]


@in_simulated_time
async def test_nothing_is_taken_out_of_the_pool_after_the_end() -> None:
    turn = Turn(held("Две собаки!"))
    turn.source.close()
    turn.source.add("Две собаки!", "e")
    turn.source.add("  ")
    assert await turn.pieces() == []
    assert "e" in turn.held
