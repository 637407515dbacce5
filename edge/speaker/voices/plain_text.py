"""Text that no voice takes for more than text. Pure.

What voices are known to obey in the middle of a text: espeak-ng phonemes between double square brackets (also
where a character stands between the two that it leaves out, as a soft hyphen) and commands behind U+0001;
Piper the same brackets; ElevenLabs tags of SSML and, with its newest model, directions in square brackets;
servers with OpenAI's interface tags, and pronunciations in square brackets. So there are no square brackets,
no beginnings of tags and no invisible characters. What is heard of a text stays: "2 < 3", "№ 5 [а]".
"""

from __future__ import annotations

import re
import unicodedata

_TAG = re.compile(r"<(?=[^\s\d=<-])")
"""The beginning of a tag; before a space, a number or a sign "<" compares the two sides."""
_PLAIN = {"[": "(", "]": ")", "<": "<", ">": ">"}
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Categories: control, format, half of a pair, private, line and paragraph ends."""


def plain_text(text: str) -> str:
    """``text`` in one line, as every voice may be given it."""
    return " ".join(_TAG.sub("< ", "".join(map(_plain, text))).split())


def _plain(char: str) -> str:
    if char.isascii():
        return _PLAIN.get(char, char) if char.isprintable() else " "
    if unicodedata.category(char) in _INVISIBLE:
        # Format characters stand inside words, where a space would break one.
        return "" if unicodedata.category(char) == "Cf" else " "
    # Brackets of other widths, which some services make plain ones of.
    return _PLAIN.get(unicodedata.normalize("NFKC", char), char)
