"""No voice goes on for longer than its text can: what was said stands, the turn ends, and it is counted."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable

import numpy as np
import pytest

from edge.config import Settings
from edge.ladder import RungOutput
from edge.messages import Language
from edge.speaker.script import Script
from edge.speaker.sound_length import longest_s, shortest_s
from edge.speaker.voices import bounded
from edge.speaker.voices.base import NoteCharacters, Piece, VoiceRequest, uncounted
from edge.speaker.voices.bounded import LONGEST_TAIL_S
from edge.speaker.voices.ladder import make_voice_ladder
from edge.speaker.voices.spoken_rung import SpokenRung
from tests.support.simulated import in_simulated_time
from tests.support.speaking import Spoken, script_of, speak

RATE = 8000
TEXT = "Да, нет"
BOUND_S = longest_s(TEXT, "ru")


def sound(seconds: float, spoken_to: int = 0, rate: int = RATE) -> Piece:
    return Piece(np.ones(round(seconds * rate), np.int16), rate, spoken_to)


class GivenVoice:
    """Gives these pieces; None stands for a step of time."""

    paid, local = False, False

    def __init__(self, pieces: Callable[[], Iterable[Piece | None]], name: str = "given") -> None:
        self.name = name
        self.given = 0
        self._pieces = pieces

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def probe(self, asked: NoteCharacters = uncounted) -> None: ...
    def prepare(self, language: Language) -> None: ...

    async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        for piece in self._pieces():
            if piece is None:
                await asyncio.sleep(0.05)
            else:
                self.given += 1
                yield piece


class Rest(GivenVoice):
    """Says all the rest at once."""

    def __init__(self) -> None:
        super().__init__(tuple, name="rest")
        self.asked: list[str] = []

    async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        self.asked.append(request.script.text[request.start :])
        async for clause in request.script.clauses(request.start):
            yield sound(0.5, clause.end)


def without_end(seconds: float = 0.1, spoken_to: int = 0, rate: int = RATE) -> Iterable[Piece]:
    while True:
        yield sound(seconds, spoken_to, rate)


def with_words(pieces: Iterable[Piece | None]) -> Iterable[Piece | None]:
    yield sound(0.2, 3)
    yield sound(0.2, 7)
    yield from pieces


endless: Counter[str] = Counter()


async def bounded_speech(voice: GivenVoice, script: Script | None = None) -> Spoken:
    endless.clear()
    rung = SpokenRung(voice, endless)
    return await speak(rung, script or script_of([TEXT]))  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [0.0001, 0.1, 3.0, 600.0])
@in_simulated_time
async def test_sound_without_end_is_cut_where_its_text_cannot_be_longer(seconds: float) -> None:
    voice = GivenVoice(lambda: without_end(seconds))
    spoken = await bounded_speech(voice)
    assert "given does not end" in str(spoken.error)
    assert sum(len(piece.samples) for piece in spoken.pieces) / RATE <= BOUND_S
    assert voice.given <= BOUND_S / max(seconds, bounded.SHORTEST_PIECE_S) + 1, "tiny pieces are counted, too"
    assert endless == {"voice.endless.given": 1}


@in_simulated_time
async def test_behind_the_last_word_no_more_than_a_breath_is_heard() -> None:
    spoken = await bounded_speech(GivenVoice(lambda: with_words(without_end(0.1, 7))))
    assert "does not end" in str(spoken.error)
    assert spoken.ms() <= 400 + LONGEST_TAIL_S * 1000
    assert spoken.spoken_to == len(TEXT)


@in_simulated_time
async def test_sound_for_text_that_was_not_sent_is_not_taken() -> None:
    script = script_of([TEXT], closed=False)
    spoken = await bounded_speech(GivenVoice(lambda: with_words(without_end(0.1, 7))), script)
    assert "does not end" in str(spoken.error)
    assert spoken.ms() <= 400 + LONGEST_TAIL_S * 1000


@in_simulated_time
async def test_a_drip_ends_when_its_text_could_have_been_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "longest_s", lambda text, language: 0.5)
    script = script_of([TEXT])
    drip = (piece for _ in range(1000) for piece in (None, sound(0.001)))
    async with asyncio.timeout(10):
        spoken = await bounded_speech(GivenVoice(lambda: drip), script)
    assert "does not end" in str(spoken.error)
    assert spoken.pieces


@in_simulated_time
async def test_a_voice_that_waits_for_text_or_is_slow_to_begin_is_not_blamed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounded, "longest_s", lambda text, language: 0.3)
    script = script_of([TEXT], closed=False)

    def pieces() -> Iterable[Piece | None]:
        yield from [None] * 8
        yield sound(0.1, 7)
        yield from [None] * 8
        script.add("ещё")
        yield None
        yield sound(0.1, 11)
        script.close()

    spoken = await bounded_speech(GivenVoice(pieces), script)
    assert spoken.error is None
    assert spoken.spoken_to == 11


@pytest.mark.parametrize("rate", [-1, 0, 1, 7999, 96_001, 2**31])
@in_simulated_time
async def test_a_sample_rate_that_no_voice_has_is_refused(rate: int) -> None:
    piece = Piece(np.ones(100, np.int16), rate, 0)
    spoken = await bounded_speech(GivenVoice(lambda: [piece]))
    assert "sample rate" in str(spoken.error)
    assert not spoken.pieces


async def heard(*voices: GivenVoice, script: Script) -> list[RungOutput[Piece]]:
    endless.clear()
    ladder = make_voice_ladder(Settings(), [SpokenRung(voice, endless) for voice in voices])
    outputs = [output async for output in ladder.run(VoiceRequest("ru", script))]
    await ladder.close()
    return outputs


@in_simulated_time
async def test_the_next_voice_goes_on_behind_the_last_known_word() -> None:
    def first_word_only() -> Iterable[Piece]:
        yield sound(0.2, 3)
        yield from without_end(0.1, 3)

    rest = Rest()
    outputs = await heard(GivenVoice(first_word_only), rest, script=script_of([TEXT]))
    assert rest.asked == ["нет"]
    assert outputs[-1].output.spoken_to == len(TEXT)
    assert endless == {"voice.endless.given": 1}


@in_simulated_time
async def test_when_all_words_were_said_the_turn_ends_and_nobody_repeats_them() -> None:
    rest = Rest()
    outputs = await heard(GivenVoice(lambda: with_words(without_end(0.1, 7))), rest, script=script_of([TEXT]))
    assert {output.rung for output in outputs} == {"given"}
    assert rest.asked == []
    assert endless == {"voice.endless.given": 1}


@in_simulated_time
async def test_a_voice_that_has_said_all_and_does_not_end_is_left() -> None:
    rest = Rest()
    voice = GivenVoice(lambda: with_words([None] * 10_000))
    async with asyncio.timeout(10):
        outputs = await heard(voice, rest, script=script_of([TEXT]))
    assert [output.output.spoken_to for output in outputs] == [3, 7]
    assert rest.asked == []


SPOKEN: list[tuple[Language, str]] = [
    ("ru", "Да."),
    ("ru", "Щщщ!"),
    ("ru", "Смотрите, две собаки справа, и обе бегут за нами!"),
    ("ru", "77777777 и 1 234 567,89 и +7 916 123-45-67"),
    ("ru", "а, б, в, г, д, е, ж, з"),
    ("ru", "№ 5 § 3 € 7 @#$%&*+="),
    ("ru", "BBC и USSR: http://www.abc.com/x?y=1"),
    ("ru", "😀😀😀 漢字"),
    ("en", "Yes."),
    ("en", "777777777777777777777777777777"),
    ("en", "Две собаки справа, смотрите!"),
    ("en", "A. B. C. D. E. F."),
    ("id", "Dua anjing di kanan, 07:45:30, ¼ ½ ©®™"),
    ("id", "Две собаки справа, смотрите!"),
]


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
@pytest.mark.parametrize("words_per_minute", [80, 165, 400])
@pytest.mark.parametrize(("language", "text"), SPOKEN)
def test_the_bound_holds_what_the_slowest_voice_needs(
    language: Language, text: str, words_per_minute: int
) -> None:
    command = ["espeak-ng", "-v", language, "-b", "1", "--stdin", "--stdout", "-s", str(words_per_minute)]
    wav = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    seconds = (len(wav) - 44) / 2 / 22_050
    assert seconds <= longest_s(text, language)
    if text.isascii() or language == "ru":
        assert shortest_s(text) <= seconds
