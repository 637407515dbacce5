"""Times of the day in digits: "07.30", "17:05:00". Pure."""

from __future__ import annotations

from edge.spoken_form.tokens import TokenKind, Tokens


def clock_time_at(
    tokens: Tokens, index: int, marks: str, *, goes_on: str
) -> tuple[int, int, int, str] | None:
    """Hour, minute, the index behind, also behind seconds, and the mark between: one of ``marks``.

    Args:
        goes_on: marks that make it no time where another number follows.
    """
    hours, mark, minutes = (tokens[index + offset] for offset in range(3))
    if hours.kind is not TokenKind.NUMBER or minutes.kind is not TokenKind.NUMBER or mark.text not in marks:
        return None
    if len(hours.text) > 2 or len(minutes.text) != 2 or int(hours.text) > 24 or int(minutes.text) > 59:
        return None
    if tokens[index - 1].text in (".", ":", ",") and tokens[index - 2].kind is TokenKind.NUMBER:
        return None
    end, behind = index + 3, tokens[index + 4]
    if behind.kind is TokenKind.NUMBER:
        if tokens[end].text == ":" and len(behind.text) == 2:
            end += 2
        elif tokens[end].text in goes_on:
            return None
    return int(hours.text), int(minutes.text), end, mark.text
