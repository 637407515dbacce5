"""Initials as they are written: letters with their full stops. Pure, for every language."""

from __future__ import annotations

from edge.spoken_form.tokens import TokenKind, Tokens


def initials_at(tokens: Tokens, index: int, most: int, long: str = "") -> tuple[list[str], int]:
    """The letters of the initials that begin at ``index``, and the index behind them.

    Args:
        long: an initial of more than one letter.
    """
    letters: list[str] = []
    end = index
    while len(letters) < most and _is_initial(tokens, end, long):
        letters.append(tokens[end].text)
        behind = tokens.behind_space(end + 2)
        end += 2
        if not _is_initial(tokens, behind, long):
            break
        end = behind
    return letters, end


def _is_initial(tokens: Tokens, index: int, long: str) -> bool:
    kind, text = tokens[index].kind, tokens[index].text
    if kind is not TokenKind.WORD or tokens[index + 1].text != ".":
        return False
    return text == long or (len(text) == 1 and text.isupper())
