"""What may go into a terminal's clipboard by OSC 52. Pure."""

from __future__ import annotations

LONGEST_BYTES = 74_994
"""As xterm takes it; others take less or more, and none says that it did not."""


def refusal(text: str, *, allowed: bool) -> str | None:
    """Why a text is not copied, for the status line; None: it is."""
    if not allowed:
        return "not copied: desk.clipboard is off"
    size = len(text.encode(errors="replace"))
    if size > LONGEST_BYTES:
        return f"not copied: {size} bytes are more than terminals take ({LONGEST_BYTES})"
    return None
