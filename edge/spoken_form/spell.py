"""From the written to the spoken form of a text, for every voice the same. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache, lru_cache

from edge.messages import Language
from edge.spoken_form.aliases import alias_rule
from edge.spoken_form.form import SpokenForm, compose
from edge.spoken_form.rules import Rules, respell
from edge.spoken_form.tokens import TokenKind, Tokens

log = logging.getLogger(__name__)

VERSION = 2
"""Raised with every change of what is said: sound that was made ahead with another one is not used."""


def spoken_form(text: str, language: Language, aliases: Mapping[str, str] | None = None) -> SpokenForm:
    """What a voice says for ``text``; words that are said as they are written stay as they are.

    Takes time in proportion to the length, and never raises.

    Args:
        text: a clause or more, as it is shown. Whoever needs the rest of a clause takes the form of the whole
            one and goes on at ``spoken_at``: what stands before a number decides its case.
        aliases: a site's own: written (one or more words, in any case of letters) → how it is said.
    """
    try:
        return compose(text, respell(Tokens(text), _with_aliases(language, tuple((aliases or {}).items()))))
    except Exception:
        # A text that is said as it is written is better than none.
        log.exception("no spoken form of a text of %d characters", len(text))
        return compose(text, ())


@lru_cache(maxsize=8)
def _with_aliases(language: Language, aliases: tuple[tuple[str, str], ...]) -> Rules:
    rules = _rules(language)
    if not aliases:
        return rules
    rule = alias_rule(dict(aliases))
    return {kind: (rule, *rules.get(kind, ())) for kind in (TokenKind.NUMBER, TokenKind.WORD, TokenKind.SIGN)}


@cache
def _rules(language: Language) -> Rules:
    """Loaded with the first text of a language: Russian ones bring a dictionary."""
    match language:
        case "ru":
            from edge.spoken_form.ru.rules import RULES
        case "en":
            from edge.spoken_form.en.rules import RULES
        case "id":
            from edge.spoken_form.id.rules import RULES
    return RULES
