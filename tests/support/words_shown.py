"""When a page that follows the feed ``spoken`` would show each word, beside when it was really heard."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

import zmq.asyncio

from bench.clouds.tones import HeardLetter, hear, letters_of
from edge.bus import FeedSubscriber
from edge.messages import GuideWords
from edge.spoken_form.spell import spoken_form
from tests.support.sound_server import RATE, Recording


class Told(NamedTuple):
    """One message, and when it came."""

    mono: float
    words: GuideWords


class ShownWord(NamedTuple):
    """One word of a turn."""

    text: str
    shown_mono: float
    heard_mono: float
    estimated: bool

    @property
    def error_ms(self) -> float:
        """How much later it is shown than heard."""
        return (self.shown_mono - self.heard_mono) * 1000


@contextlib.asynccontextmanager
async def following(runtime_dir: Path) -> AsyncIterator[list[Told]]:
    """What the speaker tells of its words until the end of the block."""
    told: list[Told] = []
    context = zmq.asyncio.Context()
    there = asyncio.Event()

    async def follow() -> None:
        messages = FeedSubscriber(runtime_dir, GuideWords, of=["speaker"]).messages(context)
        async with contextlib.aclosing(messages):
            async for message in messages:
                told.append(Told(time.monotonic(), message))
                there.set()

    following = asyncio.create_task(follow())
    try:
        await asyncio.wait_for(there.wait(), 20)
        yield told
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        context.destroy(linger=0)


def shown_words(told: Sequence[Told], turn_id: str, recording: Recording) -> list[ShownWord]:
    """The words of a turn that emulated voices spoke, with when each was shown and heard.

    A word whose first letter a hole has torn is left out.
    """
    of_turn = [each for each in told if each.words.turn_id == turn_id]
    if not of_turn:
        return []
    last = of_turn[-1].words
    letters = hear(recording.samples, RATE)
    said = ""
    begins: list[int] = []
    for start, end, _, _ in last.words:
        begins.append(len(said))
        spoken = spoken_form(last.text[start:end], last.language or "ru").text
        said += letters_of(spoken).replace(" ", "")
    run = "".join(letter.letter for letter in letters)
    heard: dict[int, HeardLetter] = {}
    for block in SequenceMatcher(None, said, run, autojunk=False).get_matching_blocks():
        heard |= {block.a + at: letters[block.b + at] for at in range(block.size)}
    found: list[ShownWord] = []
    for (start, end, _, estimated), begin in zip(last.words, begins, strict=True):
        shown_mono = _shown_mono(of_turn, start)
        if begin in heard and shown_mono is not None:
            heard_mono = recording.mono_of(round(heard[begin].start_s * RATE))
            found.append(ShownWord(last.text[start:end], shown_mono, heard_mono, estimated))
    return found


def _shown_mono(of_turn: Sequence[Told], start: int) -> float | None:
    """When a page that believes the last message that it has shows this word as begun."""
    shown: float | None = None
    for number, (came_mono, words) in enumerate(of_turn):
        until = of_turn[number + 1].mono if number + 1 < len(of_turn) else float("inf")
        begins = next((word.begins_mono for word in words.words if word.start == start), None)
        if begins is None or begins >= until:
            shown = shown if shown is not None and begins is not None and begins < until else None
            continue
        if shown is None or begins > shown + 0.3:  # it is said again
            shown = max(begins, came_mono)
    return shown
