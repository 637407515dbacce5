"""Voicing one text for the pool: its whole sound, checked, trimmed and at the player's rate."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edge.ladder.rung import RequestError, RungError
from edge.messages import Language, PoolText
from edge.sound.resample import at_rate
from edge.sound.samples import from_int16, to_int16
from edge.speaker.pool.entry import LONGEST_S, EntryHeader, HeldSound
from edge.speaker.pool.fingerprint import PoolVoiceName
from edge.speaker.script import Mark, Script
from edge.speaker.sound_length import objection_to_length
from edge.speaker.voices.base import EndlessSoundError, Piece, Voice, VoiceRequest, noted_characters
from edge.speaker.voices.spoken import Spell, spoken_sound
from edge.spending.lines import Note, not_counted
from edge.spoken_form.spell import spoken_form

WITHIN_S = 60.0
"""For a whole text; nobody waits for it, but a connection that hangs must be found out."""
QUIETEST_PEAK_DBFS = -40.0
FRAME_MS = 5
AUDIBLE_DB = -40.0
"""Below the loudest frame: quieter is the silence before and behind the words."""
LEAD_MS = 5
TAIL_MS = 50
"""Silence left behind the last word, so that a remark which follows an opener is neither hasty nor late."""
CUT_DB = -12.0
"""Below the loudest frame: a sound that still is as loud as this at its very end was cut off."""


class WastedSoundError(RequestError):
    """The voice gave something that cannot be the whole of the text; it was paid for all the same."""


async def voice_ahead(
    voice: Voice,
    name: PoolVoiceName,
    text: PoolText,
    sample_rate: int,
    *,
    spell: Spell = spoken_form,
    within_s: float = WITHIN_S,
    note: Note = not_counted,
) -> HeldSound:
    """Speak ``text`` and return its sound.

    Args:
        sample_rate: of the player, in Hz.
        spell: how the text is said; where none is given, with no site's names.
        note: told what a service was asked to speak, where it is paid for.

    Raises:
        RungError: the voice failed before it gave any sound.
        WastedSoundError: what it gave is cut, silent, or too short or too long for the text.
    """
    pieces = await _speak(voice, text, spell, within_s, note)
    spoken = spell(text.text, text.language).text
    # In a thread, since the loop has live turns to serve.
    return await asyncio.to_thread(_finished, pieces, name, text, spoken, sample_rate)


async def _speak(voice: Voice, text: PoolText, spell: Spell, within_s: float, note: Note) -> list[Piece]:
    script = Script()
    script.add(text.text)
    script.close()
    pieces: list[Piece] = []
    length_s = 0.0
    try:
        async with asyncio.timeout(within_s):
            asked = noted_characters(note if voice.paid else not_counted, voice.name, "ahead")
            request = VoiceRequest(text.language, script, asked=asked)
            async with contextlib.aclosing(spoken_sound(voice, request, spell)) as spoken:
                async for piece in spoken:
                    pieces.append(piece)
                    length_s += len(piece.samples) / piece.sample_rate
                    if length_s > LONGEST_S:
                        raise WastedSoundError(f"more than {LONGEST_S:g} s of sound")
    except (RungError, TimeoutError) as error:
        reason = f"not voiced within {within_s:g} s" if isinstance(error, TimeoutError) else str(error)
        if pieces or isinstance(error, EndlessSoundError):
            raise WastedSoundError(reason) from error
        raise error if isinstance(error, RungError) else RungError(reason) from error
    if not pieces or pieces[-1].spoken_to != len(script.text):
        raise WastedSoundError("not all of the text was spoken")
    return pieces


def _finished(
    pieces: Sequence[Piece], name: PoolVoiceName, text: PoolText, spoken: str, sample_rate: int
) -> HeldSound:
    rate = pieces[0].sample_rate
    samples = np.concatenate([piece.samples for piece in pieces])
    begin, end = _words(samples, rate, spoken, text.language)
    ends = np.cumsum([len(piece.samples) for piece in pieces]).tolist()
    heard = from_int16(samples[begin:end])
    sound = at_rate(heard, rate, sample_rate)
    scale = len(sound) / len(heard)

    def kept(at: int) -> int:
        return round(min(max(at - begin, 0), end - begin) * scale)

    marks = [Mark(kept(at), piece.spoken_to) for at, piece in zip(ends, pieces, strict=True)]
    words = [
        word._replace(position=min(kept(at - len(piece.samples) + word.position), len(sound) - 1))
        for at, piece in zip(ends, pieces, strict=True)
        for word in piece.words
    ]
    marks[-1] = Mark(len(sound), pieces[-1].spoken_to)
    header = EntryHeader(
        text=text,
        rung=name.rung,
        voice=name.fingerprint,
        sample_rate=sample_rate,
        marks=tuple(_distinct(marks)),
        words=tuple(words),
        voiced_at=time.time(),
        sound_crc32=0,
    )
    return HeldSound(header, to_int16(sound))


def _words(samples: NDArray[np.int16], sample_rate: int, spoken: str, language: Language) -> tuple[int, int]:
    """Where the words begin and end, with a little silence. Raises ``WastedSoundError``."""
    frame = sample_rate * FRAME_MS // 1000
    whole = len(samples) // frame * frame
    levels = np.sqrt(np.square(from_int16(samples[:whole]).reshape(-1, frame)).mean(axis=1))
    loudest = float(levels.max(initial=0.0))
    if loudest <= 10 ** (QUIETEST_PEAK_DBFS / 20):
        raise WastedSoundError("silence")
    audible = np.flatnonzero(levels > loudest * 10 ** (AUDIBLE_DB / 20))
    begin = max(0, int(audible[0]) * frame - sample_rate * LEAD_MS // 1000)
    end = min(len(samples), (int(audible[-1]) + 1) * frame + sample_rate * TAIL_MS // 1000)
    if float(levels[-1]) > loudest * 10 ** (CUT_DB / 20):
        raise WastedSoundError("the sound was cut off")
    if objection := objection_to_length(spoken, language, (end - begin) / sample_rate):
        raise WastedSoundError(objection)
    return begin, end


def _distinct(marks: Sequence[Mark]) -> list[Mark]:
    """The marks without those that move only the sound: pieces inside the first word."""
    return [mark for mark, later in pairwise(marks) if mark.spoken_to != later.spoken_to] + [marks[-1]]
