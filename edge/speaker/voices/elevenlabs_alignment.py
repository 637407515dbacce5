"""Which words have sounded: ElevenLabs' character times laid over the text that was sent. Pure, no I/O."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.sound.samples import AUDIBLE
from edge.speaker.script import ScriptClause, WordBegin
from edge.speaker.sound_length import SHORTEST_LETTER_MS
from edge.speaker.voices.base import Piece
from edge.speaker.voices.elevenlabs_text import SentText, ToldLetter
from edge.speaker.voices.elevenlabs_times import CharacterTimes

ROUNDING_MS = 20
"""A word whose end lies at most this far behind the sound received is complete: times come in whole ms."""
HELD_MS = 600
"""No more sound than this is held for an alignment that does not come or does not fit: it would be a hole."""
LONGEST_LETTER_MS = 200
"""A word that takes longer is none: its times do not fit the sound."""
LETTER_MS = 75
"""How long a letter lasts where nothing is known yet. Rather too long: a word twice is better than none."""
MEASURED_LETTERS = 10
"""From so many on it is measured."""
ENOUGH = 0.5
"""With this share of the sound that the missing letters would have, the service has finished."""
LONGEST_CUT_MS = 500
"""The end that may never come, though the alignment tells of it."""
LONGEST_LEAD_MS = 800
"""Silence that a voice may begin with."""


class _Word(NamedTuple):
    """A word whose sound has not been given out whole, or several. In samples of the context."""

    start: int
    end: int | None
    """None: its last letter has not come yet."""
    number: int
    """The place of the word among all, or that of the last one of several."""


class AlignedSound:
    """The sound of one context: takes what arrives, gives out what ends at a word's border.

    The very first word is given out as it comes. Where the alignment is missing or does not fit the text,
    sound goes on at the next word that does; what would be held for too long until then is given out with a
    guess of how many words it speaks.
    """

    def __init__(self, start: int, sample_rate: int) -> None:
        self._rate = sample_rate
        self._start = start
        self._spoken_to = start
        self._text = SentText()
        self._clauses: list[tuple[int, int]] = []
        """For each clause sent: number of letters up to its end, and its end in the script."""
        self._words: list[_Word] = []
        self._begins: list[WordBegin] = []
        """Where words begin that were told and are not given out yet; positions as in ``_words``."""
        self._held: NDArray[np.int16] = np.zeros(0, dtype=np.int16)
        self._given = 0
        """Samples given out; ``_held`` begins there."""
        self._explained = 0
        """Samples up to which alignments say what is spoken."""
        self._known = (0, 0)
        """The last word's end that is known: letters up to it, and its sample."""
        self._settled_at = -1
        """Samples that had arrived when the service was last quiet."""
        self._odd_byte = b""
        self._lowest = self._highest = 0

    @property
    def received(self) -> int:
        """Samples that have arrived."""
        return self._given + len(self._held)

    @property
    def has_words(self) -> bool:
        """True when something was sent that must sound."""
        return self._text.letters > 0

    @property
    def clauses(self) -> int:
        """How many clauses were sent."""
        return len(self._clauses)

    @property
    def complete(self) -> bool:
        """True when the sound of every word sent has arrived, as the alignment tells."""
        return self._text.all_aligned and not self._words

    @property
    def unaligned(self) -> bool:
        """True when there is sound of which nothing tells what it speaks."""
        return self._text.lost or (not self._text.all_aligned and self.received > self._explained)

    @property
    def settled(self) -> bool:
        """True when nothing has come since ``settle``."""
        return self._settled_at == self.received

    @property
    def unsettled(self) -> bool:
        """True when ``settle`` would end a wait for what an alignment owes, and may never tell."""
        if not self.received or self.settled or self.complete:
            return False
        return self.unaligned or self._only_end_is_missing

    @property
    def whole(self) -> bool:
        """Whether a context that the service calls finished has spoken everything, as far as can be told."""
        spoken = self._text.all_aligned and self.received >= self._earliest(self._text.letters)
        return spoken or self._may_hold(self._text.letters)

    @property
    def in_last_clause(self) -> bool:
        """True when the sound of the clause sent last has begun, as far as can be told."""
        before = self._clauses[-2][0] if len(self._clauses) > 1 else 0
        return self.received > 0 and (self.complete or self.unaligned or self._text.aligned > before)

    @property
    def silent(self) -> bool:
        """True when nothing can be heard, though more came than a voice waits before it speaks."""
        if self._audible or not self.has_words:
            return False
        return self.received > self._rate * LONGEST_LEAD_MS / 1000 or (self.received > 0 and self.complete)

    @property
    def _audible(self) -> bool:
        return self._highest - self._lowest > 2 * AUDIBLE

    @property
    def _only_end_is_missing(self) -> bool:
        if not self._text.all_aligned or not self._words:
            return False
        return (self._words[-1].end or 0) - self.received <= self._rate * LONGEST_CUT_MS // 1000

    def _may_hold(self, letters: int) -> bool:
        """Whether the sound that nothing explains is enough for all that is missing of so many letters."""
        unexplained_ms = (self.received - self._explained) * 1000 / self._rate
        return self.unaligned and unexplained_ms >= (letters - self._text.aligned) * SHORTEST_LETTER_MS

    def _earliest(self, letters: int) -> int:
        """The sample before which nobody can have spoken so many letters, whatever an alignment says."""
        return letters * self._rate * SHORTEST_LETTER_MS // 1000

    def expect(self, clause: ScriptClause) -> None:
        """This clause was sent and will sound behind all earlier ones."""
        self._text.add(clause)
        self._clauses.append((self._text.letters, clause.end))

    def add(self, pcm: bytes, alignment: CharacterTimes | None) -> Piece | None:
        """Take one message's 16-bit samples and the characters they speak; return what can be played now."""
        begin = self.received
        pcm = self._odd_byte + pcm
        whole = len(pcm) // 2 * 2
        self._odd_byte = pcm[whole:]
        samples = np.frombuffer(pcm[:whole], dtype="<i2")
        if len(samples):
            self._lowest = min(self._lowest, int(samples.min()))
            self._highest = max(self._highest, int(samples.max()))
        self._held = np.concatenate((self._held, samples))
        if alignment is not None:
            self._align(alignment, begin)
        elif self.received > self._explained:
            self._text.gap()
        return self._release()

    def flushed(self, clauses: int) -> Piece | None:
        """The service says that the first ``clauses`` clauses are finished: go on behind them where lost."""
        if not 0 < clauses <= len(self._clauses):
            return None
        letters, end = self._clauses[clauses - 1]
        if letters < self._text.aligned or not self._may_hold(letters):
            return None
        self._text.jump(letters)
        self._words.clear()
        self._explained = self.received
        self._known = letters, self.received
        self._spoken_to = max(self._spoken_to, end)
        return self._give(self.received)

    def settle(self) -> Piece | None:
        """The service has been quiet for a while: give out what is held, as if it had finished.

        None: nothing is held, and nothing more has been spoken than is known.
        """
        self._settled_at = self.received
        before = self._spoken_to
        letters, sample = self._known
        came = (self.received - sample) / self._letter_samples
        if self._only_end_is_missing or came >= ENOUGH * (self._text.letters - letters):
            self._spoken_to = max(self._spoken_to, self._clauses[-1][1])
        else:
            self._spoken_to = self._guess()
        if piece := self._give(self.received):
            return piece
        moved = self._spoken_to > before and self._audible
        return Piece(np.zeros(self._rate // 100, np.int16), self._rate, self._spoken_to) if moved else None

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
            for word, heard in self._text.hear(char, start, end):
                self._note(word, heard)
            if not self._text.lost:
                self._explained = max(self._explained, end)
        if not self._text.lost:
            self._explained = max(self._explained, self.received)

    def _note(self, index: int, heard: ToldLetter) -> None:
        """A letter of that word was told."""
        last = self._words[-1] if self._words else None
        if last is None or last.number != index:
            before = last.number if last is not None else self._words_known() - 1
            if before < index - 1 or (last is not None and last.end is None):
                # Words that were not told, or not to their end, are spoken when this one begins.
                start = self._given
                if last is not None:
                    start = last.start if last.end is None else last.end
                if last is not None and last.end is None:
                    self._words.pop()
                end = max(heard.start, self._earliest(self._text.words[index].first))
                self._words.append(_Word(start, end, index - 1))
            self._words.append(_Word(heard.start, None, index))
            word = self._text.words[index]
            self._begins.append(WordBegin(heard.start, word.start, word.end))
        if self._text.aligned >= self._text.words[index].behind:
            end = max(heard.end, self._earliest(self._text.words[index].behind))
            self._words[-1] = self._words[-1]._replace(end=end)

    def _words_known(self) -> int:
        """How many words end where the last word's end is known."""
        return bisect_right(self._text.words, self._known[0], key=lambda word: word.behind)

    def _release(self) -> Piece | None:
        """Give out what lies before the first word that is not complete, or all that was held too long."""
        border = self._given
        latest = self.received + self._rate * ROUNDING_MS // 1000
        while self._words and (end := self._words[0].end) is not None and end <= latest:
            word = self._text.words[self._words.pop(0).number]
            border, self._known = end, (word.behind, end)
            self._spoken_to = max(self._spoken_to, word.end)
        if self._words:
            in_first_word = self._spoken_to == self._start and not self._text.lost
            border = self.received if in_first_word else self._words[0].start
        elif self._text.all_aligned:
            border = self.received
        elif not self._text.lost:
            border = self._explained
        if self.received - max(border, self._given) > self._longest_held:
            border, self._spoken_to = self.received, self._guess()
        return self._give(border)

    @property
    def _longest_held(self) -> int:
        """Samples that may be held until their word is known to be whole."""
        letters = 0
        if self._words and not self._text.lost:
            letters = len(self._text.words[self._words[0].number].letters)
        return max(HELD_MS, letters * LONGEST_LETTER_MS) * self._rate // 1000

    @property
    def _letter_samples(self) -> float:
        """How long a letter lasts, as far as is known."""
        letters, sample = self._known
        return max(1.0, sample / letters if letters >= MEASURED_LETTERS else self._rate * LETTER_MS / 1000)

    def _guess(self) -> int:
        """How far in the script one is at the end of what has arrived; before the last word, as it may be."""
        letters, sample = self._known
        reached = letters + (self.received - sample) / self._letter_samples
        index = bisect_right(self._text.words, reached, key=lambda word: word.behind)
        index = min(index, len(self._text.words) - 1)
        return max(self._spoken_to, self._text.words[index - 1].end if index > 0 else self._start)

    def _give(self, border: int) -> Piece | None:
        count = min(border, self.received) - self._given
        if count <= 0:
            return None
        samples, self._held = self._held[:count], self._held[count:]
        begun = [word for word in self._begins if word.position < border]
        self._begins = [word for word in self._begins if word.position >= border]
        words = tuple(word._replace(position=max(0, word.position - self._given)) for word in begun)
        self._given += count
        # What nobody could hear has not been spoken, whatever the alignment says.
        spoken_to = self._spoken_to if self._audible else self._start
        return Piece(samples.astype(np.int16), self._rate, spoken_to, words)
