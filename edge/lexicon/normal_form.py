"""Unicode's normal forms, in time that grows with the text's length."""

from __future__ import annotations

import unicodedata
from typing import Literal

MAX_MARKS = 30
"""Combining marks in a row, as Unicode's Stream-Safe Text Format has it. No language has more than a few, and
putting them in order takes the square of their number (16,000 take half a second)."""


def normal_form(form: Literal["NFC", "NFKC"], text: str) -> str:
    """``unicodedata.normalize`` without the combining marks beyond ``MAX_MARKS`` in a row."""
    if text.isascii():
        return text
    if not any(map(unicodedata.combining, text)):
        return unicodedata.normalize(form, text)
    kept: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return unicodedata.normalize(form, "".join(kept))
