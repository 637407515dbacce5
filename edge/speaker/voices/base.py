"""What a voice is: a rung that turns a script into sound."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.ladder.rung import RequestError
from edge.messages import Language
from edge.rung_trail import RungTrail
from edge.speaker.script import Script, WordBegin
from edge.spending.lines import Note, Purpose

NoteCharacters = Callable[[int], None]
"""Told of the characters of each text that a service was asked to speak."""


def uncounted(characters: int) -> None:
    """Count nothing: for whoever speaks beside the guide (commands, benches)."""


def noted_characters(note: Note, voice: str, purpose: Purpose) -> NoteCharacters:
    """What notes them as that voice's, for that purpose."""
    return lambda characters: note(voice, purpose, {"characters": characters})


Pronounce = Callable[[str, Language], str]
"""A plain text and its language → the same with stress and phonemes, for one voice on this machine."""


def as_written(text: str, language: Language) -> str:
    """No name is pronounced in a way of its own."""
    return text


@dataclass(frozen=True)
class VoiceRequest:
    """Say ``script`` from the character ``start`` on.

    The voice itself gets one whose script is the spoken form (see ``spoken.py``).
    """

    language: Language
    script: Script
    start: int = 0
    purpose: Purpose = "remark"
    """What it is paid for."""
    asked: NoteCharacters = uncounted
    trail: RungTrail = field(default_factory=lambda: RungTrail("voice"), compare=False)
    """What the voices did for it, and what they were paid."""


WORD: dict[Language, str] = {"ru": "Да.", "en": "Yes.", "id": "Ya."}
"""What a voice is tried with."""


def one_word(language: Language, asked: NoteCharacters = uncounted) -> VoiceRequest:
    """The smallest piece of real work."""
    script = Script()
    script.add(WORD[language])
    script.close()
    return VoiceRequest(language, script, purpose="probe", asked=asked)


class Piece(NamedTuple):
    """Some sound (never none), and how far in the script one is when it has been played."""

    samples: NDArray[np.int16]
    """Shape (n,), mono."""
    sample_rate: int
    spoken_to: int
    """Every character before this offset has been spoken completely when the piece ends.

    It is always at a word's border, because another voice may have to go on from there. A voice gives no
    sound of a word's beginning away before it has the word's end; only the very first word of a request
    may be begun early (its pieces then still say ``spoken_to == request.start``).
    """
    words: tuple[WordBegin, ...] = ()
    """The words that begin in it, as far as the voice knows, in order."""


class EndlessSoundError(RequestError):
    """The voice gives more sound than its text can need, or gives it slower than anybody speaks."""


class Voice(Protocol):
    """A rung of the voice ladder (see ``edge.ladder.rung.Rung``), with a life of its own."""

    name: str
    paid: bool
    local: bool

    async def start(self) -> None:
        """Open what can be opened ahead. A service that cannot be reached is no error here."""
        ...

    async def close(self) -> None: ...

    def prepare(self, language: Language) -> None:
        """Text for this turn is on its way: have the connection and the context ready. Never blocks."""
        ...

    def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        """Speak; ends by itself when the script is closed and spoken. Raises ``RungError``."""
        ...

    async def probe(self, asked: NoteCharacters = uncounted) -> None:
        """See ``edge.ladder.rung.Rung``; ``asked`` is told of what was spoken for it."""
        ...
