"""The alignment decides what has been spoken: whole words only, whatever form it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.clouds.elevenlabs_wire import speak
from bench.clouds.tones import decode, letters_of
from edge.speaker.script import ScriptClause, WordBegin
from edge.speaker.voices.base import Piece
from edge.speaker.voices.elevenlabs_alignment import HELD_MS, LONGEST_LETTER_MS, AlignedSound
from edge.speaker.voices.elevenlabs_times import CharacterTimes, read_alignment

RATE = 1000
"""One sample a millisecond."""


def sound_of(*clauses: str, start: int = 0) -> AlignedSound:
    sound = AlignedSound(start, RATE)
    for clause in clauses:
        sound.expect(ScriptClause(start, clause))
        start += len(clause) + 1
    return sound


def voiced(ms: int) -> bytes:
    return (b"\0\x10\0\xf0" * ms)[: 2 * ms]


def silence(ms: int) -> bytes:
    return bytes(2 * ms)


def aligned(chars: str, *, at_ms: int = 0, each_ms: int = 100) -> CharacterTimes:
    times = [(at_ms + each_ms * index, at_ms + each_ms * (index + 1)) for index in range(len(chars))]
    return CharacterTimes(list(chars), [(float(start), float(end)) for start, end in times])


def sounding(pieces: Sequence[Piece]) -> int:
    """Milliseconds of what was sent that were given out; a moment of silence only tells a position."""
    return sum(len(piece.samples) for piece in pieces if piece.samples.any())


def given_out(piece: Piece | None) -> tuple[int, int] | None:
    return None if piece is None else (len(piece.samples), piece.spoken_to)


def test_the_first_word_is_begun_early_the_others_only_when_they_are_whole() -> None:
    sound = sound_of("две собаки")
    assert given_out(sound.add(voiced(200), aligned("дв"))) == (200, 0)
    assert given_out(sound.add(voiced(400), aligned("е со"))) == (200, 3)
    assert given_out(sound.add(voiced(200), aligned("ба"))) is None
    assert not sound.complete
    assert given_out(sound.add(voiced(200), aligned("ки"))) == (600, 10)
    assert sound.complete


def test_each_word_is_given_out_with_the_sample_at_which_the_alignment_says_that_it_begins() -> None:
    sound = sound_of("— две собаки, да")
    first = sound.add(voiced(300), aligned("две"))
    rest = sound.add(voiced(1100), aligned(" собаки, да"))
    assert first is not None
    assert rest is not None
    assert first.words == (WordBegin(0, 2, 5),)
    assert rest.words == (WordBegin(100, 6, 13), WordBegin(900, 14, 16))


def test_a_word_is_not_whole_before_the_end_of_its_last_letter() -> None:
    sound = sound_of("да нет")
    assert given_out(sound.add(voiced(550), aligned("да нет"))) == (300, 2)
    assert not sound.complete
    assert given_out(sound.add(voiced(50), None)) == (300, 6)
    assert sound.complete


def test_what_follows_the_last_word_is_its_tail() -> None:
    sound = sound_of("да")
    sound.add(voiced(200), aligned("да"))
    assert given_out(sound.add(voiced(150), None)) == (150, 2)


def test_times_of_a_whole_generation_may_come_with_its_first_message() -> None:
    sound = sound_of("да нет")
    assert given_out(sound.add(voiced(150), aligned("да нет "))) == (150, 0)
    assert given_out(sound.add(voiced(200), None)) == (150, 2)
    assert given_out(sound.add(voiced(350), None)) == (400, 6)


@pytest.mark.parametrize(
    "chars", [" две  собаки", "Две собаки.", "«две» — собаки", "две\nсобаки", "двесобаки"]
)
def test_spaces_marks_and_case_do_not_matter(chars: str) -> None:
    sound = sound_of("две собаки")
    sound.add(voiced(100 * len(chars)), aligned(chars))
    assert sound.complete


def test_a_number_that_is_told_as_a_word_is_spoken_when_the_next_word_fits() -> None:
    sound = sound_of("2 собаки справа")
    assert given_out(sound.add(voiced(400), aligned("два "))) is None
    assert sound.unaligned
    assert given_out(sound.add(voiced(600), aligned("собаки"))) == (1000, 8)
    assert not sound.unaligned
    assert given_out(sound.add(voiced(700), aligned(" справа"))) == (700, 15)
    assert sound.complete


def test_without_alignment_a_flushed_clause_is_the_unit() -> None:
    sound = sound_of("две собаки", "и кошка")
    assert sound.add(voiced(500), None) is None
    assert given_out(sound.flushed(1)) == (500, 10)
    assert sound.add(voiced(300), None) is None
    assert given_out(sound.flushed(2)) == (300, 18)
    assert sound.complete


def test_a_lost_alignment_is_found_again_behind_a_flushed_clause() -> None:
    sound = sound_of("2 собаки", "и кошка")
    sound.add(voiced(500), aligned("двe"))
    sound.flushed(1)
    assert given_out(sound.add(voiced(700), aligned("и кошка"))) == (700, 16)


def test_a_finished_context_that_left_words_out_is_not_whole() -> None:
    sound = sound_of("две собаки")
    sound.add(voiced(400), aligned("две "))
    assert not sound.whole


def test_a_breath_behind_half_of_a_clause_is_not_its_other_half() -> None:
    sound = sound_of("две собаки", "и кошка")
    sound.add(voiced(460), aligned("две "))
    assert sound.flushed(1) is None
    assert not sound.whole


def test_a_word_that_nobody_could_hear_was_not_spoken() -> None:
    sound = sound_of("две собаки")
    assert given_out(sound.add(silence(500), aligned("две с"))) == (400, 0)
    assert not sound.silent
    sound.add(silence(500), aligned("обаки"))
    assert sound.silent


def test_a_voice_may_begin_with_a_silence() -> None:
    sound = sound_of("две собаки")
    sound.add(silence(300), None)
    assert given_out(sound.add(voiced(700), aligned("две собаки", at_ms=0, each_ms=70))) == (1000, 10)
    assert not sound.silent


def test_bytes_of_half_a_sample_wait_for_the_other_half() -> None:
    sound = sound_of("да")
    first = sound.add(b"\x01\x02\x03", aligned("д"))
    second = sound.add(b"\x04\x05\x06", aligned("а"))
    assert first is not None
    assert second is not None
    assert np.concatenate((first.samples, second.samples)).tobytes() == b"\x01\x02\x03\x04\x05\x06"


@pytest.mark.parametrize(
    "value",
    [None, [], "chars", {}, {"chars": None}, {"chars": []}, {"chars": [1, 2]}, {"charStartTimesMs": [0]}],
)
def test_an_unusable_alignment_is_none(value: Any) -> None:
    assert read_alignment(value) is None


@pytest.mark.parametrize("times", [None, [], [0], ["0", "1"], [0, float("nan")], {}])
def test_an_alignment_without_usable_times_still_tells_the_characters(times: Any) -> None:
    read = read_alignment({"chars": ["д", "а"], "charStartTimesMs": times, "charDurationsMs": [1, 1]})
    assert read == CharacterTimes(["д", "а"], None)
    sound = sound_of("да нет")
    assert given_out(sound.add(voiced(100), read)) == (100, 2)


MISFITS = {
    "a word repeated": (" чуть скоро приедем. ", 1),
    "a letter dropped": (" коро приедем. ", 1),
    "a letter too much": (" сскоро приедем. ", 1),
    "a number written out": (" через двадцать один скоро приедем. ", 1),
    "a word left out": (" приедем. ", 1),
    "half a word said twice": ("ско скоро приедем. ", 1),
    "no blanks": ("короприедем", 0),
    "the end is another word": (" скоро прибудем. ", 0),
    "nothing fits": (" soon we are there ", 0),
    "other forms of the letters": (" СКОРО прие\u0301дем ", 1),
}
"""What is told for "скоро приедем.", and whether the last word is known to be whole."""


@pytest.mark.parametrize("kind", MISFITS)
def test_an_alignment_that_does_not_fit_holds_nothing_to_the_end(kind: str) -> None:
    chars, found = MISFITS[kind]
    sound = sound_of("Осталось совсем чуть-чуть,", "скоро приедем.")
    sound.add(voiced(2600), aligned("Осталось совсем чуть-чуть,"))
    pieces = [sound.add(voiced(100 * len(chars)), aligned(chars))]
    assert sound.complete is bool(found)
    if sound.unsettled:
        pieces.append(sound.settle())
    given = [piece for piece in pieces if piece is not None]
    assert given[-1].spoken_to == len("Осталось совсем чуть-чуть, скоро приедем.")
    assert sounding(given) == 100 * len(chars)


def test_sound_without_alignment_goes_on_and_so_does_what_fits_behind_it() -> None:
    text = "Осталось совсем чуть-чуть, скоро приедем."
    sound = sound_of(text)
    positions = []
    for _ in range(5):  # 1.5 s of it
        if piece := sound.add(voiced(300), None):
            positions.append(piece.spoken_to)
    assert positions == sorted(positions)
    assert all(position == 0 or text[position] == " " for position in positions)
    assert positions[-1] > 0
    assert given_out(sound.add(voiced(1600), aligned("-чуть, скоро приедем.", each_ms=75))) is not None
    assert sound.complete


def test_an_end_of_the_sound_that_never_comes_is_not_waited_for() -> None:
    sound = sound_of("да нет")
    sound.add(voiced(450), aligned("да нет"))
    assert not sound.complete
    assert sound.unsettled
    assert given_out(sound.settle()) == (150, 6)
    assert not sound.unsettled


def test_words_of_which_there_is_no_sound_are_not_spoken() -> None:
    sound = sound_of("Осталось совсем чуть-чуть, скоро приедем.")
    piece = sound.add(voiced(900), aligned("Осталось совсем чуть-чуть, скоро приедем."))
    assert piece is not None
    assert piece.spoken_to == len("Осталось")
    assert not sound.unsettled, "another voice says them"


def test_a_word_that_sounds_the_same_elsewhere_is_not_taken_for_it() -> None:
    sound = sound_of("и море и горы и небо и лес")
    sound.add(voiced(400), aligned("е и "))
    assert sound.unaligned
    assert given_out(sound.add(voiced(400), aligned("горы"))) == (800, 13)


def test_a_constant_is_silence() -> None:
    sound = sound_of("две собаки")
    sound.add(b"\x00\x10" * 1000, aligned("две собаки"))
    assert not sound.silent, "the step at its beginning is heard"
    low = sound_of("две собаки")
    low.add(b"\x20\x00" * 1000, aligned("две собаки"))
    assert low.silent


TIMES = st.one_of(
    st.none(),
    st.lists(st.integers(-100, 4000), max_size=30),
    st.lists(st.one_of(st.floats(), st.none(), st.text(max_size=2)), max_size=6),
)


@st.composite
def misfit(draw: st.DrawFn, text: str) -> Any:
    """An alignment of some text like this one, as a service that is not quite well would send it."""
    chars = list(text)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(chars)))
        match draw(st.sampled_from(["drop", "repeat", "other", "upper", "blank"])):
            case "drop":
                del chars[at : at + draw(st.integers(1, 5))]
            case "repeat":
                chars[at:at] = chars[max(0, at - draw(st.integers(1, 8))) : at]
            case "other":
                chars[at:at] = list(draw(st.text(max_size=4)))
            case "upper":
                chars = [char.upper() for char in chars]
            case "blank":
                chars.insert(at, " ")
    each = draw(st.sampled_from([0, 20, 60, 100, 400]))
    starts = [each * index for index in range(len(chars))]
    match draw(st.sampled_from(["whole", "whole", "whole", "null", "no key", "back", "rubbish"])):
        case "null":
            return None
        case "no key":
            return {"chars": chars}
        case "back":
            starts.reverse()
        case "rubbish":
            return {"chars": chars, "charStartTimesMs": draw(TIMES), "charDurationsMs": draw(TIMES)}
    return {"chars": chars, "charStartTimesMs": starts, "charDurationsMs": [each] * len(chars)}


@given(
    data=st.data(),
    clauses=st.lists(
        st.sampled_from(
            [
                "Осталось совсем чуть-чуть,",
                "скоро приедем.",
                "и вот 2 собаки",
                "и да и нет и да",
                "…",
                "Ёлка, ещё ёлка!",
            ]
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_whatever_an_alignment_says_sound_goes_on_at_borders_of_words(
    data: st.DataObject, clauses: list[str]
) -> None:
    sound = sound_of(*clauses)
    script = " ".join(clauses)
    pieces: list[Piece] = []
    sent = 0
    for clause in clauses:
        for _ in range(data.draw(st.integers(0, 3))):
            ms = data.draw(st.sampled_from([0, 30, 230, 1000]))
            sent += ms
            alignment = read_alignment(data.draw(misfit(clause)))
            if piece := sound.add(voiced(ms), alignment):
                pieces.append(piece)
            assert sent - sounding(pieces) <= max(HELD_MS, LONGEST_LETTER_MS * 10), "it would be a hole"
        if sound.unsettled and data.draw(st.booleans()) and (piece := sound.settle()):
            pieces.append(piece)
    if piece := sound.rest():
        pieces.append(piece)
    positions = [piece.spoken_to for piece in pieces]
    assert positions == sorted(positions)
    assert all(at in (0, len(script)) or script[at] == " " for at in positions)
    assert sounding(pieces) == sent


WORDS = st.lists(st.text(alphabet="абвгдежзик", min_size=1, max_size=9), min_size=1, max_size=6)


@given(clauses=st.lists(WORDS, min_size=1, max_size=4), sync=st.booleans(), cut=st.integers(0, 60))
def test_wherever_the_sound_breaks_off_exactly_the_spoken_words_were_given_out(
    clauses: Sequence[Sequence[str]], sync: bool, cut: int
) -> None:
    rate = 8000
    sound = AlignedSound(0, rate)
    texts = [" ".join(words) + "," for words in clauses]
    script = " ".join(texts)
    messages = []
    position = 0
    for text in texts:
        sound.expect(ScriptClause(position, text))
        position += len(text) + 1
        messages += speak(text + " ", rate, 1.0, sync_alignment=sync)
    pieces = [
        piece
        for message in messages[:cut]
        if (piece := sound.add(message.samples.tobytes(), read_alignment(message.alignment)))
    ]
    spoken_to = pieces[-1].spoken_to if pieces else 0
    assert spoken_to == 0 or spoken_to == len(script) or script[spoken_to] == " "
    # What is left of a complete sound may be the pause behind the last letter.
    assert sound.complete or cut < len(messages)
    assert spoken_to == len(script) or not sound.complete
    if spoken_to:
        heard = decode(np.concatenate([piece.samples for piece in pieces]), rate)
        assert heard == letters_of(script[:spoken_to])
