"""Which words have sounded: ElevenLabs' character times laid over the text that was sent. Pure, no I/O."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.foreign_numbers import finite
from edge.speaker.script import ScriptClause
from edge.speaker.sound_length import SHORTEST_LETTER_MS
from edge.speaker.voices.base import Piece

ROUNDING_MS = 20
"""A word whose end lies at most this far behind the sound received is complete: times come in whole ms."""
AUDIBLE = round(32768 * 10 ** (-60 / 20))
"""Below this peak nobody hears anything."""
MOST_CHARS = 4000
LATEST_MS = 120_000
"""No turn is as long as this."""
LONGEST_LEAD_MS = 800
"""Silence that a voice may begin with."""


class CharacterTimes(NamedTuple):
    """The characters that one message's sound speaks."""

    chars: list[str]
    times_ms: list[tuple[float, float]] | None
    """Start and end of each, from the beginning of the message's sound; None: no usable times came."""


def read_alignment(value: Any) -> CharacterTimes | None:
    """Read an ``alignment`` object from the service; anything unusable is None.

    Times that no sound has (before its beginning, beyond any turn, running backwards) are none.
    """
    chars = value.get("chars") if isinstance(value, dict) else None
    if not isinstance(chars, list) or not 0 < len(chars) <= MOST_CHARS:
        return None
    if not all(isinstance(char, str) for char in chars):
        return None
    starts, durations = value.get("charStartTimesMs"), value.get("charDurationsMs")
    if not (_times(starts, len(chars)) and _times(durations, len(chars)) and starts == sorted(starts)):
        return CharacterTimes(chars, None)
    return CharacterTimes(
        chars, [(start, start + long) for start, long in zip(starts, durations, strict=True)]
    )


def _times(values: Any, count: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all((ms := finite(value)) is not None and 0 <= ms <= LATEST_MS for value in values)
    )


class _Letter(NamedTuple):
    """A letter or digit that must sound. Nothing else is compared: services drop and add marks and spaces."""

    char: str
    begins_word: bool
    word_end: int | None
    """On a word's last letter: how far in the script one is then."""


class _Word(NamedTuple):
    """A word whose sound has not been given out whole. Start and end count samples of the context."""

    start: int
    end: int | None
    """None: its last letter has not come yet."""
    spoken_to: int


class AlignedSound:
    """The sound of one context: takes what arrives, gives out what ends at a word's border.

    The very first word is given out as it comes. Where the alignment is missing or does not fit the text, no
    border is known, and sound is held back until the service says that what was flushed is finished.
    """

    def __init__(self, start: int, sample_rate: int) -> None:
        self._rate = sample_rate
        self._start = start
        self._spoken_to = start
        self._letters: list[_Letter] = []
        self._clauses: list[tuple[int, int]] = []
        """For each clause sent: number of letters up to its end, and its end in the script."""
        self._aligned = 0
        """Letters found in alignments so far."""
        self._lost = False
        self._words: list[_Word] = []
        self._held: NDArray[np.int16] = np.zeros(0, dtype=np.int16)
        self._given = 0
        """Samples given out; ``_held`` begins there."""
        self._explained = 0
        """Samples up to which alignments say what is spoken."""
        self._odd_byte = b""
        self._audible = False

    @property
    def received(self) -> int:
        """Samples that have arrived."""
        return self._given + len(self._held)

    @property
    def has_words(self) -> bool:
        """True when something was sent that must sound."""
        return bool(self._letters)

    @property
    def clauses(self) -> int:
        """How many clauses were sent."""
        return len(self._clauses)

    @property
    def complete(self) -> bool:
        """True when the sound of every word sent has arrived, as the alignment tells."""
        return self._all_aligned and not self._words

    @property
    def unaligned(self) -> bool:
        """True when there is sound of which nothing tells what it speaks."""
        return self._lost or (not self._all_aligned and self.received > self._explained)

    @property
    def whole(self) -> bool:
        """Whether a context that the service calls finished has spoken everything, as far as can be told."""
        spoken = self._all_aligned and self.received >= self._earliest(len(self._letters))
        return spoken or self._may_hold(len(self._letters))

    @property
    def in_last_clause(self) -> bool:
        """True when the sound of the clause sent last has begun, as far as can be told."""
        before = self._clauses[-2][0] if len(self._clauses) > 1 else 0
        return self.received > 0 and (self.complete or self.unaligned or self._aligned > before)

    def _may_hold(self, letters: int) -> bool:
        """Whether the sound that nothing explains is enough for all that is missing of so many letters."""
        unexplained_ms = (self.received - self._explained) * 1000 / self._rate
        return self.unaligned and unexplained_ms >= (letters - self._aligned) * SHORTEST_LETTER_MS

    def _earliest(self, letters: int) -> int:
        """The sample before which nobody can have spoken so many letters, whatever an alignment says."""
        return letters * self._rate * SHORTEST_LETTER_MS // 1000

    @property
    def silent(self) -> bool:
        """True when nothing can be heard, though more came than a voice waits before it speaks."""
        if self._audible or not self.has_words:
            return False
        return self.received > self._rate * LONGEST_LEAD_MS / 1000 or (self.received > 0 and self.complete)

    @property
    def _all_aligned(self) -> bool:
        return not self._lost and self._aligned == len(self._letters)

    def expect(self, clause: ScriptClause) -> None:
        """This clause was sent and will sound behind all earlier ones."""
        letters: list[_Letter] = []
        begins_word = True
        for offset, char in enumerate(clause.text, clause.start):
            if char.isspace():
                begins_word = True
                if letters:
                    letters[-1] = letters[-1]._replace(word_end=letters[-1].word_end or offset)
            for letter in _letters(char):
                letters.append(_Letter(letter, begins_word, None))
                begins_word = False
        if letters:
            letters[-1] = letters[-1]._replace(word_end=clause.end)
        self._letters += letters
        self._clauses.append((len(self._letters), clause.end))

    def add(self, pcm: bytes, alignment: CharacterTimes | None) -> Piece | None:
        """Take one message's 16-bit samples and the characters they speak; return what can be played now."""
        begin = self.received
        pcm = self._odd_byte + pcm
        whole = len(pcm) // 2 * 2
        self._odd_byte = pcm[whole:]
        samples = np.frombuffer(pcm[:whole], dtype="<i2")
        self._audible = self._audible or bool(np.any((samples > AUDIBLE) | (samples < -AUDIBLE)))
        self._held = np.concatenate((self._held, samples))
        if alignment is not None and not self._lost:
            self._align(alignment, begin)
        return self._release()

    def flushed(self, clauses: int) -> Piece | None:
        """The service says that the first ``clauses`` clauses are finished: go on behind them where lost."""
        if not 0 < clauses <= len(self._clauses) or not self._may_hold(self._clauses[clauses - 1][0]):
            return None
        self._aligned, self._spoken_to = self._clauses[clauses - 1]
        self._lost = False
        self._words.clear()
        self._explained = self.received
        return self._give(self.received)

    def rest(self) -> Piece | None:
        """All that is left, when the service has finished everything."""
        if self._clauses:
            self._spoken_to = self._clauses[-1][1]
        return self._give(self.received)

    def _align(self, alignment: CharacterTimes, begin: int) -> None:
        for index, char in enumerate(alignment.chars):
            start, end = begin, self.received
            if alignment.times_ms:
                start, end = (begin + round(ms * self._rate / 1000) for ms in alignment.times_ms[index])
                self._explained = max(self._explained, end)
            for letter in _letters(char):
                if not self._match(letter, start, end):
                    self._lost = True
                    return
        self._explained = max(self._explained, self.received)

    def _match(self, letter: str, start: int, end: int) -> bool:
        if self._aligned == len(self._letters) or self._letters[self._aligned].char != letter:
            return False
        expected = self._letters[self._aligned]
        self._aligned += 1
        if expected.begins_word:
            self._words.append(_Word(start, None, self._spoken_to))
        if expected.word_end is not None and self._words:
            end = max(end, self._earliest(self._aligned))
            self._words[-1] = self._words[-1]._replace(end=end, spoken_to=expected.word_end)
        return True

    def _release(self) -> Piece | None:
        """Give out what lies before the first word that is not complete."""
        border = self._given
        latest = self.received + self._rate * ROUNDING_MS // 1000
        while self._words and self._words[0].end is not None and self._words[0].end <= latest:
            word = self._words.pop(0)
            border, self._spoken_to = word.end or 0, word.spoken_to
        if self._words:
            in_first_word = self._spoken_to == self._start and not self._lost
            border = self.received if in_first_word else self._words[0].start
        elif self._all_aligned:
            border = self.received
        elif not self._lost:
            border = self._explained
        return self._give(border)

    def _give(self, border: int) -> Piece | None:
        count = min(border, self.received) - self._given
        if count <= 0:
            return None
        samples, self._held = self._held[:count], self._held[count:]
        self._given += count
        # What nobody could hear has not been spoken, whatever the alignment says.
        return Piece(samples.astype(np.int16), self._rate, self._spoken_to if self._audible else self._start)


def _letters(char: str) -> list[str]:
    return [part for part in char.lower() if part.isalnum()]
