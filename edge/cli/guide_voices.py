"""What the guide's own voices sound like: some sentences of each, by the voices themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.config import Settings
from edge.ladder import RungError
from edge.messages import Language
from edge.site.lexicon_file import LexiconFile
from edge.sound.wav_file import resampled
from edge.speaker.script import Script
from edge.speaker.speller import Speller
from edge.speaker.voices import make_voices
from edge.speaker.voices.base import Voice, VoiceRequest
from edge.speaker.voices.spoken import spoken_sound

SENTENCES: dict[Language, tuple[str, ...]] = {
    "ru": (
        "О, смотрите, справа идут две собаки, и они явно никуда не спешат.",
        "Мы едем мимо башни, с которой видно океан и весь остров.",
        "Спрашивайте меня о чём угодно, дорога у нас длинная.",
    ),
    "en": (
        "Oh look, two dogs on the right, and they are clearly in no hurry at all.",
        "We are passing the tower from which you can see the ocean and the whole island.",
        "Ask me anything you like, we have a long way to go.",
    ),
    "id": (
        "Wah, lihat, ada dua anjing di sebelah kanan, dan mereka jelas tidak terburu-buru.",
        "Kita sedang melewati menara tempat kita bisa melihat laut dan seluruh pulau.",
        "Tanyakan apa saja kepada saya, perjalanan kita masih panjang.",
    ),
}
VOICE_TIMEOUT_S = 60.0
"""A Piper server loads its model first."""


class Sample(NamedTuple):
    """One voice in one language; ``error`` says why there is no sound of it."""

    source: str
    """Voice and language, such as ``piper ru``."""
    samples: NDArray[np.int16]
    """Shape (n,), mono, at the rate that was asked for."""
    error: str = ""


async def guide_samples(settings: Settings, sample_rate: int) -> AsyncGenerator[Sample, None]:
    """Each configured voice in each language that the guide may speak, one after the other."""
    languages = dict.fromkeys((settings.shuttle.language, *settings.listener.languages))
    speller = Speller(LexiconFile(settings.shuttle.site_dir))
    for voice in make_voices(settings, speller):
        await voice.start()
        try:
            for language in languages:
                yield await _sample(voice, language, sample_rate, speller)
        finally:
            await voice.close()


async def _sample(voice: Voice, language: Language, sample_rate: int, speller: Speller) -> Sample:
    source = f"{voice.name} {language}"
    try:
        async with asyncio.timeout(VOICE_TIMEOUT_S):
            return Sample(source, await _speak(voice, language, sample_rate, speller))
    except RungError as error:
        reason = str(error)
    except TimeoutError:
        reason = f"no sound within {VOICE_TIMEOUT_S:.0f} s"
    return Sample(source, np.zeros(0, np.int16), reason)


async def _speak(voice: Voice, language: Language, sample_rate: int, speller: Speller) -> NDArray[np.int16]:
    script = Script()
    for sentence in SENTENCES[language]:
        script.add(sentence)
    script.close()
    voice.prepare(language)
    spoken = [np.zeros(0, np.int16)]
    request = VoiceRequest(language, script)
    async with aclosing(spoken_sound(voice, request, speller.form)) as pieces:
        async for piece in pieces:
            spoken.append(piece.samples)
            rate = piece.sample_rate
    return resampled(np.concatenate(spoken), rate, sample_rate)
