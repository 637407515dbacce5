"""A voice gets what is said, and everybody else the positions of what is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest

from edge.config import Settings
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.piece_source import PieceSource
from edge.speaker.script import Script
from edge.speaker.voices.base import Piece, VoiceRequest
from edge.speaker.voices.ladder import make_voice_ladder
from edge.speaker.voices.spoken_rung import SpokenRung
from edge.spoken_form.form import Respelling, SpokenForm, compose
from edge.spoken_form.spell import spoken_form
from tests.support.simulated import in_simulated_time
from tests.support.speaking import script_of, speak
from tests.support.spoken_form_table import LANGUAGES, rows

SAID = {"5 км": "пять километров", "№ 7": "номер семь", "★": ""}


def spell(text: str, language: Language) -> SpokenForm:
    """As a real one would, for these few texts alone."""
    found = [
        Respelling(at, at + len(written), said)
        for written, said in SAID.items()
        if (at := text.find(written)) >= 0
    ]
    return compose(text, sorted(found))


class WordVoice:
    """One piece a word; it fails behind so many words."""

    paid, local = True, False

    def __init__(self, name: str = "given", dies_after: int = 1000) -> None:
        self.name = name
        self.words: list[str] = []
        self._left = dies_after

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def probe(self) -> None: ...
    def prepare(self, language: Language) -> None: ...

    async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        async for clause in request.script.clauses(request.start):
            at = clause.start
            for word in clause.text.split():
                if not self._left:
                    raise RungError("dead")
                self._left -= 1
                self.words.append(word)
                at += len(word)
                yield Piece(np.ones(100, np.int16), 24_000, at)
                at += 1


async def told(voice: WordVoice, *clauses: str, start: int = 0) -> list[tuple[str, str]]:
    """(word that was said, written text that has been spoken by then) for each piece."""
    script = script_of(clauses)
    spoken = await speak(SpokenRung(voice, Counter(), spell), script, start=start)  # type: ignore[arg-type]
    assert spoken.error is None
    words = [*voice.words, *[""] * (len(spoken.pieces) - len(voice.words))]
    return [(word, script.text[: piece.spoken_to]) for word, piece in zip(words, spoken.pieces, strict=True)]


@in_simulated_time
async def test_words_that_are_said_together_count_when_the_last_has_sounded() -> None:
    assert await told(WordVoice(), "До храма 5 км, слева.", "Едем!") == [
        ("До", "До"),
        ("храма", "До храма"),
        ("пять", "До храма"),
        ("километров,", "До храма 5 км,"),
        ("слева.", "До храма 5 км, слева."),
        ("Едем!", "До храма 5 км, слева. Едем!"),
    ]


@in_simulated_time
async def test_each_written_word_is_told_once_with_where_its_sound_begins() -> None:
    script = script_of(["До храма 5 км, слева.", "★", "Едем!"])
    spoken = await speak(SpokenRung(WordVoice(), Counter(), spell), script)  # type: ignore[arg-type]
    words = [word for each in spoken.pieces for word in each.words]
    assert [script.text[word.start : word.end] for word in words] == [
        "До",
        "храма",
        "5 км,",
        "слева.",
        "Едем!",
    ]
    assert all(word.estimated for word in words)
    for piece in spoken.pieces:
        assert all(0 <= word.position < len(piece.samples) for word in piece.words)


@pytest.mark.parametrize("start", [9, 10, 12])
@in_simulated_time
async def test_the_rest_of_a_clause_is_the_rest_of_its_spoken_form(start: int) -> None:
    voice = WordVoice()
    await told(voice, "До храма 5 км, слева.", start=start)
    assert voice.words == ["пять", "километров,", "слева."]


@in_simulated_time
async def test_text_of_which_nothing_is_said_counts_as_spoken_with_what_is_before_it() -> None:
    assert await told(WordVoice(), "Едем.", "★") == [("Едем.", "Едем. ★")]
    assert await told(WordVoice(), "★") == [("", "★")], "a pause stands for it"


@in_simulated_time
async def test_the_next_voice_goes_on_at_the_first_unspoken_word_in_spoken_words() -> None:
    first, second = WordVoice("first", dies_after=3), WordVoice("second")
    ladder = make_voice_ladder(Settings(), [SpokenRung(voice, Counter(), spell) for voice in (first, second)])
    source = PieceSource("ru", ladder, lambda *_: None, spell)
    source.add("До храма 5 км.")
    source.add("Автобус № 7 слева.")
    source.close()
    spoken = [piece async for piece in source.pieces()]
    assert first.words == ["До", "храма", "пять"]
    assert second.words == ["пять", "километров.", "Автобус", "номер", "семь", "слева."]
    positions = [each.piece.spoken_to for each in spoken]
    assert positions == sorted(positions)
    assert positions[-1] == len(source.text)
    assert source.text == "До храма 5 км. Автобус № 7 слева."
    assert source.spoken == "До храма пять километров. Автобус номер семь слева."
    await ladder.close()


@pytest.mark.parametrize("language", LANGUAGES)
@in_simulated_time
async def test_positions_lead_through_every_sentence_of_the_table_word_by_word(language: Language) -> None:
    for row in rows(language, held_out=False)[::4]:
        voice = WordVoice()
        script = script_of([row.written, row.written])
        rung = SpokenRung(voice, Counter())
        spoken = await speak(rung, script, language=language)  # type: ignore[arg-type]
        assert spoken.error is None
        positions = [piece.spoken_to for piece in spoken.pieces]
        assert positions == sorted(positions)
        assert positions[-1] == len(script.text)
        for at in positions:
            assert at == len(script.text) or f" {script.text}"[at : at + 2].count(" "), "a word's border"
        assert " ".join(voice.words) == " ".join([spoken_form(row.written, language).text] * 2)


@in_simulated_time
async def test_sound_may_be_as_long_as_what_is_said() -> None:
    """Of "5 км" a second and more is said for each character."""

    class SlowVoice(WordVoice):
        async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
            async for clause in request.script.clauses():
                yield Piece(np.ones(24_000 * 7, np.int16), 24_000, clause.end)

    script = Script()
    script.add("5 км")
    script.close()
    spoken = await speak(SpokenRung(SlowVoice(), Counter(), spell), script)  # type: ignore[arg-type]
    assert spoken.error is None
    assert spoken.spoken_to == len("5 км")


def test_no_text_gets_to_a_voice_by_another_way() -> None:
    root = Path(__file__).parents[2]
    sources = {
        path: path.read_text("utf-8")
        for folder in ("edge", "bench")
        for path in (root / folder).rglob("*.py")
    }
    opening = {path.name for path, source in sources.items() if "voice.open(" in source}
    bounding = {path.name for path, source in sources.items() if "import bounded_sound" in source}
    assert (opening, bounding) == ({"bounded.py"}, {"spoken.py"})
