"""People who read sentences of a telephone (Debian's ``asterisk-core-sounds-ru-wav`` and ``-en-wav``)."""

from __future__ import annotations

from pathlib import Path

from edge.messages import Language

FOLDER = Path("/usr/share/asterisk/sounds")
READERS: dict[Language, str] = {"ru": "ru_RU_f_IvrvoiceRU", "en": "en_US_f_Allison"}
"""One person each. Few of their sentences are questions."""


def recorded_sentences(language: Language) -> list[Path]:
    """WAV files of the language, if they are here."""
    return sorted((FOLDER / READERS.get(language, "-")).glob("*.wav"))
