"""``python -m bench.spoken_estimates``: how far estimated beginnings of words are off.

espeak-ng as the guide uses it tells none; its library tells each word's time. Whole clauses, three languages.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from itertools import count

import numpy as np
from numpy.typing import NDArray

from bench.statistics import summarize
from edge.config import Settings
from edge.messages import Language
from edge.speaker.script import Script
from edge.speaker.voices.base import VoiceRequest
from edge.speaker.voices.espeak import SAMPLE_RATE, EspeakVoice
from edge.speaker.voices.spoken import spoken_sound
from edge.speaker.word_begins import audible_span
from edge.spoken_form.spell import spoken_form

LIBRARY = "libespeak-ng.so.1"
SYNCHRONOUS, WORD, RATE, PITCH, UTF_8 = 2, 1, 1, 3, 1
CLAUSES: tuple[tuple[Language, str], ...] = (
    ("ru", "Справа две собаки, и обе рады нас видеть."),
    ("ru", "До храма пять километров, вход стоит пятьдесят тысяч рупий."),
    ("ru", "Лягушки настраивают скрипки, и всё это бесплатно."),
    ("ru", "Следующая остановка у рисовой террасы."),
    ("en", "Two dogs on the right, and both are happy to see us."),
    ("en", "The temple is five kilometres away, and the entrance costs fifty thousand rupiah."),
    ("id", "Dua ekor anjing di sebelah kanan, keduanya senang melihat kita."),
    ("id", "Perhentian berikutnya di teras sawah."),
)
"""No numbers in digits: one written word is one spoken word."""


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Library:
    """espeak-ng's library with the guide's settings."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._library.espeak_Initialize(SYNCHRONOUS, 0, None, 0)
        self._sound: list[NDArray[np.int16]] = []
        self._words: dict[int, float] = {}
        self._callback = _Callback(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def words(self, text: str, language: Language) -> dict[int, float]:
        """A word's offset → seconds behind the first sound at which it begins."""
        self._sound, self._words = [], {}
        settings = Settings().espeak
        self._library.espeak_SetVoiceByName(language.encode())  # sets the others back
        self._library.espeak_SetParameter(RATE, settings.words_per_minute, 0)
        self._library.espeak_SetParameter(PITCH, settings.pitch, 0)
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 1, 0, UTF_8, None, None)
        first_s = audible_span(np.concatenate(self._sound))[0] / SAMPLE_RATE
        return {at: begins_s - first_s for at, begins_s in self._words.items()}

    def _take(self, samples: ctypes._Pointer[ctypes.c_short], length: int, events: object) -> int:
        if samples and length:
            self._sound.append(np.ctypeslib.as_array(samples, (length,)).copy())
        for number in count():
            event = events[number]  # type: ignore[index]
            if not event.type:
                return 0
            if event.type == WORD:
                self._words[event.text_position - 1] = event.audio_position / 1000
        return 0


async def estimated(text: str, language: Language) -> dict[int, float]:
    """The same as the speaker tells it."""
    script = Script()
    script.add(text)
    script.close()
    begins: dict[int, int] = {}
    sound: list[NDArray[np.int16]] = []
    voice = EspeakVoice(Settings().espeak)
    async for piece in spoken_sound(voice, VoiceRequest(language, script), spoken_form):
        at = sum(map(len, sound))
        begins |= {word.start: at + word.position for word in piece.words}
        sound.append(piece.samples)
    first = audible_span(np.concatenate(sound))[0]
    return {start: (position - first) / SAMPLE_RATE for start, position in begins.items()}


async def main() -> int:
    library = Library()
    off_ms: list[float] = []
    for language, text in CLAUSES:
        told, guessed = library.words(text, language), await estimated(text, language)
        off_ms += [abs(guessed[at] - told[at]) * 1000 for at in guessed.keys() & told.keys()]
    if (off := summarize(off_ms)) is None:
        print("espeak-ng told no words", file=sys.stderr)
        return 1
    print(f"{off.n} words; off by {off.median:.0f} ms (median), {off.p95:.0f} (p95), {off.max:.0f} (worst)")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
