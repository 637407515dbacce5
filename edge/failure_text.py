"""What all rungs share in telling a failure: one short line, without the key, and when to come back."""

from __future__ import annotations

LONGEST_QUOTE = 200


def one_line(text: str, *, secret: str = "") -> str:
    """Somebody else's words, fit for the journal: no line breaks, not long, ``secret`` blotted out."""
    if secret:
        text = text.replace(secret, "***")
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def retry_after_s(header: str | None) -> float | None:
    """The ``Retry-After`` header in seconds; None when absent or given as a date."""
    try:
        seconds = float(header) if header else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds <= 86_400 else None
