"""The language that a client names, however it writes it. Pure."""

from __future__ import annotations

NAMES = {"ru": "russian", "en": "english", "id": "indonesian", "de": "german", "fr": "french"}
"""As OpenAI's transcriptions name them."""
_CODES = {name: code for code, name in NAMES.items()}


def language_code(named: str) -> str:
    """The code of it: ``de`` for ``de``, ``DE``, ``de-AT``, ``de_DE.UTF-8`` and ``German``.

    What is known by none of these comes back in small letters; "" stands for one that is to be found out.
    """
    written = named.strip().lower()
    if written in _CODES:
        return _CODES[written]
    code = written.replace("_", "-").partition(".")[0].partition("-")[0]
    found = code if code in NAMES else written
    return "" if found == "auto" else found
