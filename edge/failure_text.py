"""What all rungs share in telling a failure: one short line, without the key, and when to come back."""

from __future__ import annotations

import json

LONGEST_QUOTE = 200
LONGEST_ANSWER = 2000
"""Of what a service tells, more is not looked at."""
SHORTEST_REPETITION = 8
"""Characters. Less of what was sent says nothing about it."""


def one_line(text: str, *, secret: str = "", sent: str = "") -> str:
    """Somebody else's words, fit for the journal: no line breaks and not long.

    Args:
        secret: is blotted out.
        sent: what was asked; services quote it in their errors, and it may be what a passenger said. What is
            repeated of it is left out.
    """
    if secret:
        text = text.replace(secret, "***")
    if sent:
        text = _without_repetition(text[:LONGEST_ANSWER], sent)
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def retry_after_s(header: str | None) -> float | None:
    """The ``Retry-After`` header in seconds; None when absent or given as a date."""
    try:
        seconds = float(header) if header else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds <= 86_400 else None


def _without_repetition(text: str, sent: str) -> str:
    # An answer that was not decoded has its letters escaped.
    haystack = f"{sent}\n{json.dumps(sent)}"
    kept, at = "", 0
    while at < len(text):
        length = SHORTEST_REPETITION
        if text[at : at + length] not in haystack or at + length > len(text):
            kept, at = kept + text[at], at + 1
            continue
        while at + length < len(text) and text[at : at + length + 1] in haystack:
            length += 1
        kept, at = kept + "…", at + length
    return kept
