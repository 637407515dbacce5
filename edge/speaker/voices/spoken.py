"""Every voice is given the spoken form of a text, while positions stay those of the written one.

This is the one way from a script to a voice, of live speech as of the pool's.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from edge.messages import Language
from edge.speaker.script import Script, WordBegin
from edge.speaker.voices.base import Piece, Voice, VoiceRequest
from edge.speaker.voices.bounded import bounded_sound
from edge.speaker.voices.clausewise import pause
from edge.speaker.word_begins import Span, word_begins
from edge.spoken_form.form import SpokenForm
from edge.tasks import cancel_and_wait

Spell = Callable[[str, Language], SpokenForm]
"""A whole clause and its language → how it is said."""
SAMPLE_RATE = 24_000
"""The pause that stands for text of which nothing is said has this rate, in Hz."""


async def spoken_sound(voice: Voice, request: VoiceRequest, spell: Spell) -> AsyncGenerator[Piece, None]:
    """The sound of the request's text as it is said, as long as it can be (see ``bounded_sound``)."""
    spoken = _SpokenScript(request, spell)
    following = asyncio.create_task(spoken.follow())
    said_to, spoken_to = 0, request.start
    try:
        await asyncio.sleep(0)  # so it has what there is already, whatever the voice begins with
        said = replace(request, script=spoken.script, start=0)
        async with contextlib.aclosing(bounded_sound(voice, said)) as pieces:
            async for piece in pieces:
                words = spoken.words_in(piece, said_to)
                said_to, spoken_to = piece.spoken_to, spoken.written_at(piece.spoken_to)
                yield piece._replace(spoken_to=spoken_to, words=words)
    finally:
        await cancel_and_wait(following)
    end = spoken.written_at(said_to)
    if spoken_to < end and said_to == len(spoken.script.text):
        yield pause(SAMPLE_RATE, end)


class _Said(NamedTuple):
    """One clause in both forms. Of the spoken one the script may have the rest alone."""

    spoken_end: int
    """In the spoken script."""
    written_start: int
    """In the written script."""
    form: SpokenForm

    def written_at(self, spoken: int) -> int:
        return self.written_start + self.form.written_at(spoken - self.spoken_end + len(self.form.text))

    def spans(self, rest: int) -> Iterator[_SpokenSpan]:
        """What is said from ``rest`` on, an offset in the form's text."""
        begin = self.spoken_end - len(self.form.text)
        for (start, end), said in self.form.spans():
            if said >= rest:
                written = Span(self.written_start + start, self.written_start + end)
                yield _SpokenSpan(begin + said, written)


class _SpokenSpan(NamedTuple):
    """Where what is said for one written span begins, in the spoken script."""

    said: int
    written: Span


class _SpokenScript:
    """The spoken form of what a request has to say, growing with its script."""

    def __init__(self, request: VoiceRequest, spell: Spell) -> None:
        self.script = Script()
        self._request = request
        self._spell = spell
        self._said: list[_Said] = []
        self._waiting: deque[_SpokenSpan] = deque()
        """What has not begun to sound."""

    async def follow(self) -> None:
        """Add each clause as it comes; returns when the script is closed."""
        try:
            async for clause in self._request.script.whole_clauses(self._request.start):
                form = self._spell(clause.text, self._request.language)
                rest = form.spoken_at(max(0, self._request.start - clause.start))
                self.script.add(form.text[rest:])
                said = _Said(len(self.script.text), clause.start, form)
                self._said.append(said)
                self._waiting += said.spans(rest)
        finally:
            self.script.close()

    def written_at(self, spoken: int) -> int:
        """How far in the written script one is when ``spoken`` characters have been said."""
        index = bisect_left(self._said, spoken, key=lambda said: said.spoken_end)
        # Clauses of which nothing is said end where the one before them does.
        index = max(index, bisect_right(self._said, spoken, key=lambda said: said.spoken_end) - 1)
        at = self._said[index].written_at(spoken) if index < len(self._said) else 0
        return max(self._request.start, at)

    def words_in(self, piece: Piece, said_to: int) -> tuple[WordBegin, ...]:
        """The written words that begin in this piece of the spoken script, which goes on at ``said_to``."""
        told = {word.start: word.position for word in piece.words}
        begun: list[_SpokenSpan] = []
        until = max(piece.spoken_to, said_to + 1, *(start + 1 for start in told))
        while self._waiting and self._waiting[0].said < until:
            begun.append(self._waiting.popleft())
        if not begun:
            return ()
        # The blank before a word is not heard.
        spoken = Span(begun[0].said if begun[0].said <= said_to + 1 else said_to, piece.spoken_to)
        said = word_begins(piece.samples, spoken, [Span(each.said, each.said) for each in begun], told)
        return tuple(
            word._replace(start=each.written.start, end=each.written.end)
            for word, each in zip(said, begun, strict=True)
        )
