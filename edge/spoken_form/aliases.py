"""A site's own words: how they are said, whatever the rules say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens

LONGEST_ALIAS = 12
"""Tokens of what is written: five words, or a name with a number."""


def alias_rule(aliases: Mapping[str, str]) -> Callable[[Tokens, int], Said | None]:
    """A rule for ``aliases``: written, in any case of letters → said. The longest that fits is taken."""
    by_first: dict[str, dict[tuple[str, ...], str]] = {}
    for written, said in aliases.items():
        tokens = Tokens(written.strip())
        key = tuple(_plain(tokens[place].text) for place in range(len(tokens)))
        if 0 < len(key) <= LONGEST_ALIAS:
            by_first.setdefault(key[0], {})[key] = said

    def rule(tokens: Tokens, index: int) -> Said | None:
        known = by_first.get(_plain(tokens[index].text))
        if known is None or (
            tokens[index].kind is not TokenKind.SIGN and tokens.is_word_or_number(index - 1)
        ):
            return None
        for key in sorted(known, key=len, reverse=True):
            end = index + len(key)
            if any(_plain(tokens[index + place].text) != part for place, part in enumerate(key)):
                continue
            if not (tokens.is_word_or_number(end - 1) and tokens[end].kind is TokenKind.WORD):
                return Said(end, known[key])
        return None

    return rule


def _plain(text: str) -> str:
    return " " if text.isspace() else text.casefold()
