"""The streaming way by itself, in one process, so that each of its parts can be left out.

The rungs and ladders are the guide's own. Nothing is played: sound counts when it is here, and how it would
sound is reckoned from when each piece came (see ``longest_silence_ms``).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from edge import config
from edge.commentator.forbidden import load_blocklists
from edge.commentator.models.clients import chat_models
from edge.commentator.models.endings import ends_sentence
from edge.commentator.models.ladder import make_model_ladder
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import LanguageModel, ModelRequest
from edge.commentator.prompts import load_prompt
from edge.lexicon.free_text import parse
from edge.messages import Language
from edge.site.lexicon_file import LexiconFile
from edge.speaker.script import Script
from edge.speaker.speller import Speller
from edge.speaker.voices import make_voices
from edge.speaker.voices.base import Piece, Voice, VoiceRequest
from edge.speaker.voices.ladder import make_voice_ladder
from edge.speaker.voices.spoken_rung import SpokenRung

LANGUAGE: Language = "ru"
OPENED_WITHIN_S = 0.5
"""What is kept warm is open again by then."""


@dataclass(frozen=True)
class WayParts:
    """What the streaming way consists of; everything is there in the guide."""

    model_kept_warm: bool = True
    """The connection to the model is open before it is needed; else it is opened with the request."""
    voice_kept_warm: bool = True
    """The same for the voice's."""
    voice_at_sighting: bool = True
    """The voice is told when the sighting comes; else when its first text is there."""
    speak_whole: Callable[[str], bool] = bool
    """Whether the text that has come so far is handed to the voice. ``bool``: each clause at once."""
    made_while_playing: bool = True
    """The next clause goes to the voice while one plays; else when that is over."""
    hedged: bool = True
    """A second rung starts beside a late one."""


def by_sentence(text: str) -> bool:
    """Whether a text ends a sentence: nothing less is spoken."""
    return ends_sentence(text)


def all_at_once(text: str) -> bool:
    """Nothing is spoken before everything is written."""
    del text
    return False


class SoundArrival(NamedTuple):
    """A piece of sound."""

    mono: float
    """When it came."""
    seconds: float
    """How long it plays."""


@dataclass(frozen=True)
class Way:
    """One remark's way. Monotonic seconds."""

    sighted_mono: float
    arrivals: tuple[SoundArrival, ...]

    @property
    def first_sound_mono(self) -> float:
        return self.arrivals[0].mono


def longest_silence_ms(arrivals: Sequence[SoundArrival]) -> float:
    """The longest pause that a listener would hear inside, if each piece is played as soon as it can be."""
    longest_s, played_to = 0.0, arrivals[0].mono if arrivals else 0.0
    for arrival in arrivals:
        longest_s = max(longest_s, arrival.mono - played_to)
        played_to = max(played_to, arrival.mono) + arrival.seconds
    return longest_s * 1000


class StreamingWay:
    """The guide's way from event to sound in one process, with parts that can be left out.

    Args:
        environment: leads to the clouds.
        parts: which of its parts are there.
    """

    def __init__(self, environment: Mapping[str, str], parts: WayParts) -> None:
        self._settings = config.load(environment, dotenv=None)
        self._parts = parts
        self._models: list[LanguageModel] = []
        self._voices: list[Voice] = []

    async def start(self) -> None:
        """Open what is kept warm."""
        self._make()
        await self._open_warm()

    async def close(self) -> None:
        await asyncio.gather(
            *(model.close() for model in self._models), *(voice.close() for voice in self._voices)
        )

    async def remark(self, seen: str) -> Way:
        """Say something about what is seen. Raises ``RungError`` when no rung works."""
        if not (self._parts.model_kept_warm and self._parts.voice_kept_warm):
            await self._reopen()
        sighted_mono = time.monotonic()
        speech = _Speech()
        if self._parts.voice_at_sighting:
            self._prepare(speech)
        writing = asyncio.create_task(self._write(seen, speech))
        begun = asyncio.create_task(speech.begun.wait())
        try:
            await asyncio.wait((begun, writing), return_when=asyncio.FIRST_COMPLETED)
            if not speech.begun.is_set():
                writing.result()
            request = VoiceRequest(LANGUAGE, speech.script)
            async with contextlib.aclosing(self._voice_ladder.run(request)) as outputs:
                async for _, piece in outputs:
                    speech.take(piece)
            await writing
        finally:
            writing.cancel()
            begun.cancel()
        return Way(sighted_mono, tuple(speech.arrivals))

    async def _write(self, seen: str, speech: _Speech) -> None:
        """Hand the text over as the parts have it."""
        held_back = ""
        async for clause in self._clauses(seen):
            held_back = f"{held_back} {clause}".strip()
            if self._parts.speak_whole(held_back):
                await self._hand_over(held_back, speech)
                held_back = ""
        await self._hand_over(held_back, speech)
        speech.script.close()

    async def _hand_over(self, text: str, speech: _Speech) -> None:
        script = speech.script
        if script.text and not self._parts.made_while_playing:
            await speech.until_played(len(script.text))
        if not script.text and not self._parts.voice_at_sighting:
            self._prepare(speech)
        script.add(text)
        speech.begun.set()

    async def _clauses(self, seen: str) -> AsyncIterator[str]:
        request = ModelRequest(
            language=LANGUAGE,
            system=load_prompt(LANGUAGE, None),
            user=seen,
            sighting=parse(seen),
        )
        async with contextlib.aclosing(self._model_ladder.run(request)) as outputs:
            async for _, clause in outputs:
                if clause:
                    yield clause.text

    def _prepare(self, speech: _Speech) -> None:
        for voice in self._voices:
            voice.prepare(LANGUAGE)

    def _make(self) -> None:
        settings = self._settings
        forbidden = load_blocklists(None)
        models = chat_models(settings, settings.commentator.models, forbidden)
        self._models = [*models, PhrasebookRung(forbidden)]
        speller = Speller(LexiconFile(None))
        self._voices = make_voices(settings, speller)
        hedged = self._parts.hedged
        self._model_ladder = make_model_ladder(settings, self._models, hedged=hedged)
        rungs = [SpokenRung(voice, Counter(), speller.form) for voice in self._voices]
        self._voice_ladder = make_voice_ladder(settings, rungs, hedged=hedged)

    async def _open_warm(self) -> None:
        if self._parts.model_kept_warm:
            for model in self._models:
                await model.start()
        if self._parts.voice_kept_warm:
            for voice in self._voices:
                await voice.start()

    async def _reopen(self) -> None:
        """A connection that nobody kept is gone when the next remark comes."""
        await self.close()
        self._make()
        await self._open_warm()
        await asyncio.sleep(OPENED_WITHIN_S)


class _Speech:
    """A remark's text as it grows, what came of it, and how much of that would have been played."""

    def __init__(self) -> None:
        self.script = Script()
        self.begun = asyncio.Event()
        """Set when there is text."""
        self.arrivals: list[SoundArrival] = []
        self._played_to_mono = 0.0
        self._spoken_to = 0
        self._news = asyncio.Event()

    def take(self, piece: Piece) -> None:
        if piece:
            now, seconds = time.monotonic(), len(piece.samples) / piece.sample_rate
            self.arrivals.append(SoundArrival(now, seconds))
            self._played_to_mono = max(self._played_to_mono, now) + seconds
        self._spoken_to = max(self._spoken_to, piece.spoken_to)
        self._news.set()

    async def until_played(self, position: int) -> None:
        """Wait until everything before ``position`` in the text has been played."""
        while self._spoken_to < position:
            self._news.clear()
            await self._news.wait()
        await asyncio.sleep(max(0.0, self._played_to_mono - time.monotonic()))
