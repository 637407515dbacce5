"""Entries of a pool for tests, spoken by an emulated voice."""

from __future__ import annotations

from itertools import count

from bench.clouds.tones import synthesize
from edge.commentator.pool.asking import Asking
from edge.messages import CountClass, Pattern, PoolText, PoolUse, Side
from edge.speaker.pool.entry import EntryHeader, HeldSound
from edge.speaker.pool.worth import Stored
from edge.speaker.script import Mark

VOICE = "elevenlabs emulated"
RATE = 48_000

_numbers = count()


def pool_text(
    text: str = "Две собаки! Обе рады.",
    *,
    entry_id: str | None = None,
    use: PoolUse = "remark",
    label: str = "dog",
    number: CountClass = "two",
    side: Side | None = None,
    prompt: str = "",
) -> PoolText:
    return PoolText(
        entry_id=entry_id or f"entry-{next(_numbers)}",
        use=use,
        language="ru",
        text=text,
        pattern=Pattern(label=label, count=number, side=side) if use == "remark" else None,
        kind=None if use == "remark" else "remark",
        prompt=prompt,
    )


def admitted_text(
    text: str = "Две собаки! Обе рады.", *, entry_id: str | None = None, number: CountClass = "two"
) -> PoolText:
    """A remark that a guide with default settings lets in: written under its own prompt."""
    return pool_text(text, entry_id=entry_id, number=number, prompt=Asking("ru", None).fingerprint)


def held_sound(text: PoolText | None = None, *, voice: str = VOICE, voiced_at: float = 1e9) -> HeldSound:
    """An entry with a mark behind each word."""
    text = text or pool_text()
    samples = synthesize(text.text, RATE)
    ends = [index for index, char in enumerate(text.text) if char == " "] + [len(text.text)]
    header = EntryHeader(
        text=text,
        rung="elevenlabs",
        voice=voice,
        sample_rate=RATE,
        marks=tuple(Mark(len(samples) * end // len(text.text), end) for end in ends),
        voiced_at=voiced_at,
        sound_crc32=0,
    )
    return HeldSound(header, samples)


def stored(text: PoolText | None = None, *, size_bytes: int = 100, voiced_at: float = 1e9) -> Stored:
    return Stored(held_sound(text, voiced_at=voiced_at).header, size_bytes)
